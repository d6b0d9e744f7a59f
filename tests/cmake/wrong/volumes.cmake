add_container_image(x-image VOLUMES data)
