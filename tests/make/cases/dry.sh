# make -n, -q and -t do nothing, whatever lines start with `+`.
makefile <<'END'
IMAGE := prog
all: ; touch made
include
END
for flag in -n -q -t -nk --dry-run; do
    : >"$SLIPWAY_STUB_LOG"
    "$MAKE" $flag SLIPWAY="$SOURCE/tests/cmake/stub" image >"$work/out" 2>"$work/err" || true
    calls 0
    [ ! -e build ] && [ ! -e made ] || fail "make $flag did something"
done
mk -n image
has "$work/out" "stub build -f 'build/images/prog.slipway'"
