container_copy(base-image FROM_STAGE assets /a DESTINATON /b)
