add_container_image(x-image PLATFORMS linux/arm64)
