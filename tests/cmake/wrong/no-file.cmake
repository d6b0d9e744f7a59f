add_container_image(x-image FILES nosuch.conf DESTINATION etc)
