add_container_image(x-image ENTRYPONT hello)
