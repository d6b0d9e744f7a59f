container_stage(base-image assets STEPS "RUN true")
