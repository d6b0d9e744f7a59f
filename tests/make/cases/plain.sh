# The least that makes an image, and each of its targets.
makefile <<'END'
IMAGE := acme/prog:7
IMAGE_ENTRYPOINT := prog
prog: prog.c
	$(CC) -o $@ $<
install: prog
	install -D prog $(PREFIX)/bin/prog
include
END
mk
[ -x prog ] || fail "the default goal is not the user's"
calls 0
mk image
calls 1
called "[build] [-f] [build/images/prog.slipway] [-o] [type=oci,dest=build/images/prog.oci] [--iidfile] [build/images/prog.digest] [$work/tree]"
same build/images/prog.slipway <<END
# Written by make for the image prog of $work/tree; changes are lost.
[image]
name = acme/prog
tags = 7
entrypoint = prog

[toolchain]
use = tree

[runtime]

[build]
system = make
source = $work/tree
dir = $work/tree


[test links]
link-check = yes
END
has "$work/err" "  IMAGE   acme/prog:7"
for verb in tar load run shell explain report test; do
    mk image-$verb
    calls 2
done
called "[test] [-f] [build/images/prog.slipway] [oci:build/images/prog.oci]"
mk image-graph
calls 1 # and builds nothing
called "[graph] [-f] [build/images/prog.slipway] [$work/tree]"
mk image-tar
called "[export] [oci:build/images/prog.oci] [-o] [type=docker,dest=build/images/prog.tar]"
mk image-eject
has build/images/prog.Dockerfile "acme/prog"
mk image-push
called "[push] [oci:build/images/prog.oci] [acme/prog:7]"
mk image-clean
[ -z "$(ls build/images)" ] || fail "image-clean left $(ls build/images)"
