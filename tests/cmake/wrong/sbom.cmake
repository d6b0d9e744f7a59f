add_container_image(x-image SBOM cdx)
