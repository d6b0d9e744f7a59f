# debug.sh - sourced by cases: what gdb sees in a root file system, and which layers an image has.
command -v gdb >/dev/null && command -v jq >/dev/null || {
    echo "SKIPPED: there is no gdb, or no jq" >&2
    exit 77
}

gdb_quiet() {
    LC_ALL=C DEBUGINFOD_URLS= gdb -nx -q -batch "$@" 2>/dev/null
}
# unpack LAYOUT ROOT: with owners that everybody has.
unpack() {
    slipway export "oci:$1" -o type=tar,dest=- | { mkdir "$2" && tar -x --no-same-owner -C "$2"; }
}
# dump ROOT PROGRAM: runs the program with that root until it crashes, and leaves its core.
dump() {
    gdb_quiet -ex "set sysroot $PWD/$1" -ex "set startup-with-shell off" -ex run \
        -ex "generate-core-file core.dump" --args unshare -r chroot "$1" "$2" >/dev/null
}
# backtrace ROOT PROGRAM: where it was, as far as that root's debug files tell.
backtrace() {
    gdb_quiet -ex "set debug-file-directory $PWD/$1/usr/lib/debug" -ex "set sysroot $PWD/$1" \
        -ex "file $1$2" -ex "core-file core.dump" -ex "echo \\n" -ex bt |
        sed -n '/^$/,$ { s/^\(#[0-9]*\) *0x[0-9a-f]* /\1 /; s/0x[0-9a-f]\{6,\}/ADDRESS/; s/ from .*\/\([^/]*\)$/ from \1/; /^#/p }'
}
layers() {
    manifest=$(jq -r '.manifests[0].digest' "$1/index.json" | tr : /)
    jq -r '.layers[].digest' "$1/blobs/$manifest" | sort
}
