add_container_image(x-image TEST_GATE maybe)
