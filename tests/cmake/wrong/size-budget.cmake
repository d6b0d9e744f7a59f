add_container_image(x-image SIZE_BUDGET 20MiBytes)
