add_container_image(x-image PLATFORMS linux/amd64 linux/arm64)
