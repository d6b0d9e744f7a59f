add_container_image(x-image STAGE build)
