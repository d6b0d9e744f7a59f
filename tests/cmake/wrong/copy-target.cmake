container_copy(other FROM_STAGE assets /a DESTINATION /b)
