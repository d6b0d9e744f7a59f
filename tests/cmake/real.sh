#!/bin/sh
# real.sh NAME [GENERATOR] - runs real/NAME.sh, which makes images with the helper of this build, in
# a store of its own. PACKAGE, SOURCE, BINARY, CMAKE and CTEST come from CMakeLists.txt.
set -eu

GENERATOR=${2:-Ninja}
slipway=$BINARY/bin/slipway program=$BINARY/bin/slipway
work=$(mktemp -d "${TMPDIR:-/tmp}/slipway-real.XXXXXX")
cleanup() {
    status=$?
    trap - EXIT
    [ -z "${daemon:-}" ] || kill "$daemon" 2>/dev/null || true
    [ -z "${daemon:-}" ] || wait "$daemon" 2>/dev/null || true
    [ -z "${registry_pids:-}" ] || end_registries
    chmod -R u+rwX "$work" 2>/dev/null || true
    # Some files of the store belong to subordinate ids, which only exist inside.
    [ ! -d "$work/store" ] || "$slipway" cache prune --all || true
    rm -rf "$work" 2>/dev/null || true
    exit $status
}
trap cleanup EXIT
chmod 755 "$work"
SLIPWAY_STORE="$work/store" SOURCE_DATE_EPOCH=1700000000
export SLIPWAY_STORE SOURCE_DATE_EPOCH
unset MAKEFLAGS MAKELEVEL CMAKE_GENERATOR CMAKE_BUILD_TYPE DESTDIR SLIPWAY_TIER || true

fail() {
    echo "FAILED: $*" >&2
    cat "$work/log" >&2 2>/dev/null || true
    exit 1
}
skip() {
    echo "skipped: $*" >&2
    exit 77
}
quietly() { "$@" >"$work/log" 2>&1 || fail "$*"; }
need() { command -v "$1" >/dev/null || skip "there is no $1"; }

"$slipway" doctor >"$work/log" 2>&1 || {
    [ $? = 3 ] || fail doctor
    cat "$work/log" >&2
    skip "this host cannot run containers"
}

configure() { # SOURCE BUILD [ARGUMENT...]
    from=$1 into=$2
    shift 2
    quietly "$CMAKE" -S "$from" -B "$into" -G "$GENERATOR" -DSlipway_DIR="$PACKAGE" "$@"
}
build() { quietly "$CMAKE" --build "$@"; }
digest() { cat "$1/hello-image.digest"; }
has() { grep -qE -e "$2" "$1" || { cat "$1" >&2; fail "'$2' is not in $1"; }; }

# shellcheck source=/dev/null
. "$(dirname "$0")/real/$1.sh"
