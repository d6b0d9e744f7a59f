add_container_image(x-image DOCKERFILE Dockerfile RECIPE other.slipway)
