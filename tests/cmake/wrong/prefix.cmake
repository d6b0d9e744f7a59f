add_container_image(x-image PREFIX usr)
