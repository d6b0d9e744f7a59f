/* distribution.h - the image that comes nearest to this machine. Depends on: util/. */
#pragma once

/* "debian:12", by /etc/os-release; that, too, where no image is known. The caller frees it. */
char *slip_distribution_image(void);
