# Included twice, and first: the default goal stays the user's, also one that comes later.
makefile <<'END'
IMAGE := prog
include
include
first: ; @echo first
END
mk
has "$work/out" first
calls 0
mk image
calls 1
# A default goal that makes the image does not run in circles.
makefile <<'END'
IMAGE := prog
all: prog image
prog: ; touch prog
include
END
mk
calls 1
[ -e prog ] || fail "not built"
