container_stage(base-image Build FROM debian)
