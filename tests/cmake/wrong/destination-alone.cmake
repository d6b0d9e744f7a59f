add_container_image(x-image DESTINATION etc)
