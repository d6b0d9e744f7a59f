add_container_image(x-image NETWORK bridge)
