add_container_image(x-image PACKAGES gcc)
