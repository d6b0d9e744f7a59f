add_container_image(hello-image CLASS_OF /usr/share/doc/* doc)
