add_container_image(x-image USER VOLUMS)
