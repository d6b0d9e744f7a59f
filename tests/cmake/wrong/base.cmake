add_container_image(x-image BASE other)
