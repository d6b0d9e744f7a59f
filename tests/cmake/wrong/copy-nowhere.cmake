container_copy(base-image FROM_STAGE assets /b)
