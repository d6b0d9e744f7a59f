container_copy(base-image /a DESTINATION /b)
