add_container_image(x-image DEBUG_IMAGE DOCKERFILE Dockerfile)
