# IMAGES := a b, with what all share in IMAGE_*; the tree is built once.
makefile <<'END'
IMAGES := web worker
IMAGE_TOOLCHAIN := tree
IMAGE_USER := 5:5
web_ENTRYPOINT := prog
web_NAME := acme/web:1
worker_TOOLCHAIN := host
worker_USER := 6:6
third_SOURCES := a.c
web_SOURCES := a.c
all: prog
prog: prog.c
	@echo built
	@touch prog
include
END
mk image
calls 2
[ "$(grep -c built "$work/out")" = 1 ] || fail "not built once"
has build/images/web.slipway "name = acme/web"
has build/images/web.slipway "tags = 1"
has build/images/web.slipway "user = 5:5"
has build/images/worker.slipway "name = worker"
has build/images/worker.slipway "user = 6:6"
has build/images/worker.slipway "use = host"
mk image-worker
calls 1
mk image-run-web
called "[run] [oci:build/images/web.oci]"
refuses "which one? Say image-run-web image-run-worker" image-run
refuses "did you mean 'web_ENTRYPOINT'?" image web_ENTRYPONT=x
refuses "an image cannot be called 'tar'" IMAGES="tar web" image
