add_container_image(x-image FILES ${CMAKE_CURRENT_SOURCE_DIR} DESTINATION etc)
