container_stage(base-image assets FROM debian STEPS "RUN true" STEP "RUN false")
