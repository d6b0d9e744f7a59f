# Every variable reaches the recipe.
makefile <<'END'
IMAGE := localhost:5000/acme/prog
IMAGE_TAGS := 1 2
IMAGE_TARGETS := prog
IMAGE_COMPONENTS := runtime
IMAGE_FILES := prog.c:/usr/src/prog.c prog:/usr/bin/prog
IMAGE_CLASSES := runtime doc
IMAGE_PREFIX := /opt/prog
IMAGE_TOOLCHAIN := debian
IMAGE_PACKAGES := gcc make
IMAGE_SYSTEM := autotools
IMAGE_BUILD := $(MAKE) BUILD_TLS=yes
IMAGE_INSTALL = $(MAKE) install PREFIX=/usr
IMAGE_ARGS := FLAVOUR=pro LEVEL=a=b
IMAGE_NETWORK := host
IMAGE_TEST_GATE := ON
IMAGE_BASE := debian:12
IMAGE_RUNTIME_PACKAGES := ca-certificates
IMAGE_DLOPEN := libssl.so.* libz.so.1
IMAGE_DATA := tzdata
IMAGE_STRICT := ON
IMAGE_ACKNOWLEDGE := /bin/sh locales
IMAGE_CLASS_OF := doc /opt/prog/x/* *.txt none *-test
IMAGE_ENTRYPOINT := ["prog", "a b"]
IMAGE_CMD := --port 80
IMAGE_USER := 10:10
IMAGE_WORKDIR := /srv
define IMAGE_ENV
A=x y
B=2
endef
IMAGE_EXPOSE := 80 53/udp
IMAGE_VOLUMES := /data
IMAGE_STOPSIGNAL := SIGUSR1
IMAGE_HEALTHCHECK := prog --check
IMAGE_LABELS := a=1 b=2
IMAGE_ANNOTATIONS := c=3
IMAGE_SBOM := cyclonedx
IMAGE_TEST_COMMAND := --version
IMAGE_TEST_EXPECT_OUTPUT := ^1$$
IMAGE_TEST_EXPECT_EXIT := 0
IMAGE_TEST_LINK_CHECK := no
IMAGE_STAGES := assets
IMAGE_STAGE_assets_FROM := debian:12
define IMAGE_STAGE_assets_STEPS
RUN echo a ; echo b
ENV A=1
endef
IMAGE_COPY := assets:/out:/usr/share assets:/a:/b
IMAGE_SIZE_BUDGET := 20MB
IMAGE_COMPRESSION := zstd
IMAGE_LEVEL := 9
IMAGE_DEBUG_IMAGE := yes
IMAGE_PLATFORMS := linux/arm64
IMAGE_OUTPUT := elsewhere
include
END
mk image
calls 1 # nothing is built here for a toolchain of its own
called "[type=oci,dest=elsewhere/prog.oci] [--iidfile] [elsewhere/prog.digest]"
same build/images/prog.slipway <<END
# Written by make for the image prog of $work/tree; changes are lost.
[image]
name = localhost:5000/acme/prog
tags = 1 2
entrypoint = ["prog", "a b"]
cmd = --port 80
debug-image = yes
platforms = linux/arm64
user = 10:10
workdir = /srv
env =
    A=x y
    B=2
expose = 80 53/udp
volumes = /data
stopsignal = SIGUSR1
healthcheck = prog --check
labels =
    a=1
    b=2
annotations =
    c=3
sbom = cyclonedx
compression = zstd
compression-level = 9

[toolchain]
use = debian
packages = gcc make
network = host

[runtime]
base = debian:12
packages = ca-certificates
classes = runtime doc
dlopen = libssl.so.* libz.so.1
data = tzdata
strict = yes
acknowledge = /bin/sh locales
[classes]
doc = /opt/prog/x/*
doc = *.txt
none = *-test

[build]
system = autotools
source = $work/tree
prefix = /opt/prog
components = runtime
build = make BUILD_TLS=yes
install = make install PREFIX=/usr
files =
    prog.c:/usr/src/prog.c
    prog:/usr/bin/prog
only = prog
test = yes

[args]
FLAVOUR = pro
LEVEL = a=b

[stage assets]
from = debian:12
steps =
    RUN echo a ; echo b
    ENV A=1

[copy 1]
from = assets
src = /out
dst = /usr/share

[copy 2]
from = assets
src = /a
dst = /b

[test image]
command = --version
expect-output = ^1$
expect-exit = 0

[test links]
link-check = no
[budget]
size = 20MB
END

mk image-debug
calls 2
called "[--target] [debug] [-o] [type=oci,dest=elsewhere/prog-debug.oci] [--iidfile] [elsewhere/prog-debug.digest]"
mk image-clean
[ ! -e elsewhere/prog-debug.oci ] && [ ! -e elsewhere/prog-debug.digest ] || fail "clean left the debug image"
