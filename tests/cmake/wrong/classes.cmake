add_container_image(x-image CLASSES runtime devel)
