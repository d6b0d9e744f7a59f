container_copy(base-image FROM_STAGE assets DESTINATION /b)
