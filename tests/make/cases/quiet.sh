# V=0, V=1 and -s.
makefile <<'END'
IMAGE := prog
all: ; @:
include
END
mk image V=0
[ ! -s "$work/out" ] && [ ! -s "$work/err" ] || fail "V=0 is not quiet"
called "[--progress] [quiet]"
mk -s image
[ ! -s "$work/out" ] && [ ! -s "$work/err" ] || fail "-s is not quiet"
mk image
has "$work/err" "  IMAGE   prog"
hasnt "$work/out" "stub"
mk image V=1
has "$work/out" "stub build"
