add_container_image(x-image ANNOTATIONS title)
