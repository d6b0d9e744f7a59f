#!/bin/sh
# real.sh - the make example, with the helper of this build; nothing may be written to the real /usr.
set -eu

work=$(mktemp -d "${TMPDIR:-/tmp}/slipway-make-real.XXXXXX")
# Some files of the store belong to subordinate ids, which only exist inside.
trap 'slipway cache prune --all && rm -rf "$work"' EXIT
SLIPWAY_STORE="$work/store" PATH="$BINARY/bin:$PATH" SOURCE_DATE_EPOCH=1700000000
export SLIPWAY_STORE PATH SOURCE_DATE_EPOCH
unset MAKEFLAGS MAKELEVEL MFLAGS GNUMAKEFLAGS V DESTDIR PREFIX || true

fail() {
    echo "FAILED: $*" >&2
    cat "$work/log" >&2 2>/dev/null || true
    exit 1
}
mk() { "$MAKE" -C "$work/plain-make" "$@" >"$work/log" 2>&1 || fail "make $*"; }

slipway doctor >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    exit 77
}
cp -R "$SOURCE/examples/plain-make" "$work"
out="$work/plain-make/build/images"
[ ! -e /usr/bin/counter ] || fail "/usr/bin/counter is there before the test"

mk image
first=$(cat "$out/counter.digest")
[ ! -e /usr/bin/counter ] || fail "/usr/bin/counter was written"
mk image-run
grep -q '^1 2 3 4 5$' "$work/log" || fail "the program"
mk image-test
mk image-tar
[ -s "$out/counter.tar" ] || fail "no archive"
mk image-explain
grep -q '/etc/counter.conf' "$work/log" || fail "no configuration file"
mk image
[ "$(cat "$out/counter.digest")" = "$first" ] || fail "the digest changed by itself"
sed -i 's/upto 5/upto 6/' "$work/plain-make/counter.conf"
mk image
[ "$(cat "$out/counter.digest")" != "$first" ] || fail "the digest did not change"

# The same by a builder stage over this machine's programs, which leaves the tree alone.
mk clean image-clean
sed -i 's/upto 6/upto 5/' "$work/plain-make/counter.conf"
mk image IMAGE_TOOLCHAIN=host
[ ! -e "$work/plain-make/counter" ] || fail "the stage wrote into the tree"
mk image-run IMAGE_TOOLCHAIN=host
grep -q '^1 2 3 4 5$' "$work/log" || fail "the program of the stage"
