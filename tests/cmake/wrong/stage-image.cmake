container_stage(nosuch assets FROM debian)
