container_test(base-image COMMAND --version)
