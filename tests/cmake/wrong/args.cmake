add_container_image(x-image ARGS FLAVOUR)
