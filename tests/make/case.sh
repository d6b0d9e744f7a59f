#!/bin/sh
# case.sh NAME - runs cases/NAME.sh, which uses the functions below. MAKE and SOURCE come from
# CMakeLists.txt. Every run of make warns of undefined variables, and must not have to.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/slipway-make.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir tree
cd tree
SLIPWAY_STUB_LOG="$work/calls"
export SLIPWAY_STUB_LOG
: >"$SLIPWAY_STUB_LOG"
unset MAKEFLAGS MAKELEVEL MFLAGS GNUMAKEFLAGS V IMAGE IMAGES SLIPWAY_INSIDE MAKEOVERRIDES || true

fail() {
    echo "FAILED: $*" >&2
    cat "$work/out" "$work/err" >&2 2>/dev/null || true
    echo "--- calls:" >&2
    cat "$SLIPWAY_STUB_LOG" >&2
    exit 1
}

# A Makefile from standard input, with the include in place of a line `include`.
makefile() {
    sed "s|^include\$|include $SOURCE/make/slipway.mk|" >Makefile
    echo 'int main(void) { return 0; }' >prog.c
}

# Runs make; standard output and errors are in $work/out and $work/err.
mk() {
    : >"$SLIPWAY_STUB_LOG"
    "$MAKE" --warn-undefined-variables SLIPWAY="$SOURCE/tests/cmake/stub" "$@" \
        >"$work/out" 2>"$work/err" || fail "make $*"
    ! grep -q warning: "$work/err" || fail "make $* warns"
}

# Runs make, which must fail and say so.
refuses() {
    said=$1
    shift
    : >"$SLIPWAY_STUB_LOG"
    if "$MAKE" --warn-undefined-variables SLIPWAY="$SOURCE/tests/cmake/stub" "$@" \
        >"$work/out" 2>"$work/err"; then
        fail "make $* went well"
    fi
    grep -qF -e "$said" "$work/err" || fail "make $* does not say: $said"
    [ ! -s "$SLIPWAY_STUB_LOG" ] || fail "make $* called the helper"
}

has() { grep -qF -e "$2" "$1" || fail "'$2' is not in $1"; }
hasnt() { ! grep -qF -e "$2" "$1" || fail "'$2' is in $1"; }
called() { has "$SLIPWAY_STUB_LOG" "$1"; }
calls() {
    n=$(wc -l <"$SLIPWAY_STUB_LOG")
    [ "$n" = "$1" ] || fail "the helper was called $n times, not $1"
}
same() { diff -u - "$1" >&2 || fail "$1 differs"; }

. "$here/cases/$1.sh"
