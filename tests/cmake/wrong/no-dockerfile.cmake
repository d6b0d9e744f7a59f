add_container_image(x-image DOCKERFILE Dockerfil)
