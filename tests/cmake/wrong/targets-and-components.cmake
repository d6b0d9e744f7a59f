add_container_image(x-image TOOLCHAIN host TARGETS hello COMPONENTS a)
