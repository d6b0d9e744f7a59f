add_container_image(x-image DOCKERFILE Dockerfile ENTRYPOINT hello)
