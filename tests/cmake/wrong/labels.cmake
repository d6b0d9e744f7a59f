add_container_image(x-image LABELS title)
