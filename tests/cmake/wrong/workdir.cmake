add_container_image(x-image WORKDIR srv)
