#!/bin/sh
# case.sh NAME GENERATOR - runs cases/NAME.sh, which uses the functions below. The paths have blanks
# in them and the project declares an old CMake, because somebody's do.
# PACKAGE, SOURCE, CMAKE and CTEST come from CMakeLists.txt.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
GENERATOR=$2
work=$(mktemp -d "${TMPDIR:-/tmp}/slipway case.XXXXXX")
trap 'rm -rf "$work"' EXIT
src="$work/the source" bin="$work/the build"
mkdir "$src"
SLIPWAY_STUB_LOG="$work/calls"
export SLIPWAY_STUB_LOG
: >"$SLIPWAY_STUB_LOG"
unset MAKEFLAGS MAKELEVEL CMAKE_GENERATOR CMAKE_BUILD_TYPE CTEST_OUTPUT_ON_FAILURE DESTDIR || true

fail() {
    echo "FAILED: $*" >&2
    cat "$work/log" >&2 2>/dev/null || true
    echo "--- calls:" >&2
    cat "$SLIPWAY_STUB_LOG" >&2
    exit 1
}

is_multi() { [ "$GENERATOR" = "Ninja Multi-Config" ]; }
# Where this generator puts what belongs to the default configuration.
if is_multi; then out="$bin/Debug" suffix=-Debug; else out=$bin suffix=; fi

# The top of a CMakeLists.txt; the rest comes on standard input.
project() {
    {
        echo 'cmake_minimum_required(VERSION 3.16)'
        echo "project(Demo VERSION 1.2 LANGUAGES ${1:-C})"
        echo 'find_package(Slipway REQUIRED)'
        cat
    } >"$src/CMakeLists.txt"
}

configure() {
    "$CMAKE" -S "$src" -B "$bin" -G "$GENERATOR" -DSlipway_DIR="$PACKAGE" \
        -DSlipway_EXECUTABLE="$here/stub" "$@" >"$work/log" 2>&1 || fail "configure"
}

build() { "$CMAKE" --build "$bin" --target "$@" >"$work/log" 2>&1 || fail "build $*"; }

# Builds, and expects so many calls of the helper to build an image.
builds() {
    : >"$SLIPWAY_STUB_LOG"
    expected=$1
    shift
    build "$@"
    n=$(grep -c '^build' "$SLIPWAY_STUB_LOG" || true)
    [ "$n" = "$expected" ] || fail "$* built $n images, not $expected"
}

# Nothing to do: Ninja says so, and make calls nothing.
nothing() {
    builds 0 "$@"
    case $GENERATOR in
    Ninja*) grep -q 'no work to do' "$work/log" || fail "ninja found work to do" ;;
    esac
}

has() { grep -qF -e "$2" "$1" || { cat "$1" >&2; fail "'$2' is not in $1"; }; }
hasnt() { ! grep -qF -e "$2" "$1" || { cat "$1" >&2; fail "'$2' is in $1"; }; }
called() { has "$SLIPWAY_STUB_LOG" "$1"; }
# A file system's clock may be coarse, and make compares by `newer than`.
later() { sleep 0.05; }
# Standard input is what the file should hold, with @SRC@ and so on in it.
same() {
    sed -e "s|@SRC@|$src|g" -e "s|@BIN@|$bin|g" -e "s|@OUT@|$out|g" -e "s|@CMAKE@|$CMAKE|g" \
        >"$work/expected"
    diff -u "$work/expected" "$1" >&2 || fail "$1 differs"
}

. "$here/cases/$1.sh"
