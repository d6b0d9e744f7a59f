add_container_image(x-image PLATFORMS windows/amd64)
