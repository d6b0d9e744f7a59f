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

# To a registry and back: sent once, then nothing; and a base from there, pinned by a lock file.
command -v docker-registry >/dev/null || exit 0
cd "$work"
CASE=$SOURCE/tests/e2e/cli/manual
# shellcheck source=/dev/null
. "$SOURCE/tests/registry/lib.sh"
trap 'end_registries; slipway cache prune --all && rm -rf "$work"' EXIT
start_registry main
mk image-push IMAGE="$reg/acme/counter:2"
grep -q "^$reg/acme/counter@$(cat "$out/counter.digest")\$" "$work/log" || fail "push says nothing"
mk image-push IMAGE="$reg/acme/counter:2"
grep -q ' 0 uploaded' "$work/log" || fail "what the registry has was sent again"
mkdir next
cat >next/Makefile <<END
IMAGE := next
IMAGE_BASE := $reg/acme/counter:2
IMAGE_FILES := file:/etc/file
file:
	echo x >file
include $SOURCE/make/slipway.mk
END
next() { "$MAKE" -C next SLIPWAY=slipway "$@" >"$work/log" 2>&1; }
! next image SLIPWAY_FLAGS=--locked || fail "a base that is not pinned was used"
grep -q 'is not pinned' "$work/log" || fail "no word of the lock"
slipway lock -f next/build/images/next.slipway next || fail "slipway lock"
next image SLIPWAY_FLAGS=--locked || fail "a pinned base"
slipway inspect oci:next/build/images/next.oci >"$work/log"
grep -q "\"org.opencontainers.image.base.name\": \"$reg/acme/counter:2\"" "$work/log" || fail "no word of the base"
