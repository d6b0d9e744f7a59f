add_container_image(x-image EXPOSE 80
  CMD --fast ENTRYPONT hello)
