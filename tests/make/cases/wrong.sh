# Wrong variables are errors, and say what was probably meant.
makefile <<'END'
IMAGE := prog
all:
include
END
refuses "unknown variable 'IMAGE_ENTRYPONT'; did you mean 'IMAGE_ENTRYPOINT'?" IMAGE_ENTRYPONT=x
refuses "unknown variable 'IMAGE_entrypoint'; did you mean 'IMAGE_ENTRYPOINT'?" IMAGE_entrypoint=x
refuses "unknown variable 'IMAGE_QUUX'." IMAGE_QUUX=x
refuses "SECRETS takes id=file, not 'token'" IMAGE_SECRETS=token
refuses "image 'prog' has no debug image; set DEBUG_IMAGE := yes" image-debug
refuses "image 'prog' has DEBUG_IMAGE beside DOCKERFILE" IMAGE_DEBUG_IMAGE=yes IMAGE_DOCKERFILE=Makefile
refuses "image 'prog' has several PLATFORMS" IMAGE_PLATFORMS="linux/amd64 linux/arm64"
refuses "SBOM is spdx or cyclonedx, not 'cdx'" IMAGE_SBOM=cdx
refuses "IMAGE is not set; say e.g. IMAGE := acme/hello:1.0" IMAGE=
refuses "IMAGE names one image, not 'a b'" IMAGE="a b"
refuses "image 'prog' has both RECIPE and DOCKERFILE" IMAGE_RECIPE=Makefile IMAGE_DOCKERFILE=Makefile
refuses "cannot find 'nosuch'" IMAGE_DOCKERFILE=nosuch
refuses "FILES takes source:/destination, not 'prog'" IMAGE_FILES=prog
refuses "image 'prog' has PACKAGES, but its toolchain is this tree" IMAGE_PACKAGES=gcc
IMAGE_QUUX=x mk # the environment is not ours to judge
