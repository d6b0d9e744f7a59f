add_container_image(x-image TAGS ${unset} ENTRYPOINT hello)
