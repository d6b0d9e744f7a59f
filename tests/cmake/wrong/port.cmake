add_container_image(x-image EXPOSE http)
