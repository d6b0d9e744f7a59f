add_container_image(x-image COMPRESSION bzip2)
