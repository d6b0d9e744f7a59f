add_container_image(x-image SECRETS token)
