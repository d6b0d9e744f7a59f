add_container_image(x-image CMD a PORTS 80)
