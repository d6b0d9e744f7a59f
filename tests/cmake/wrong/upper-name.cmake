add_container_image(x-image NAME Acme/Demo)
