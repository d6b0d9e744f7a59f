container_stage(file-image assets FROM debian)
