add_container_image(x-image COMPRESSION none LEVEL 3)
