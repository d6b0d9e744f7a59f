add_container_image(x-image TAGS 1.0 "a b")
