add_container_image(x-image FILES Dockerfile)
