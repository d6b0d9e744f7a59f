add_container_image(x-image TARGETS other)
