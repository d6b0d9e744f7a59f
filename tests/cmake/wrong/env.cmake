add_container_image(x-image ENV LANG C)
