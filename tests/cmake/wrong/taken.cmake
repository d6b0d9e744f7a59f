add_container_image(other)
