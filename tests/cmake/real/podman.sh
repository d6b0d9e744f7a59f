# load into podman, by whoever runs this test: sent once, and again when it changed.
need podman
[ "$(id -u)" = 0 ] || grep -q "^$(id -un):" /etc/subuid || skip "podman needs subordinate ids"
# Where podman keeps what runs, its pause process above all, which would outlive this test.
XDG_RUNTIME_DIR=$work/run CONTAINERS_STORAGE_CONF=$work/storage.conf
export XDG_RUNTIME_DIR CONTAINERS_STORAGE_CONF
mkdir -m 700 "$XDG_RUNTIME_DIR"
printf '[storage]\ndriver = "vfs"\nrunroot = "%s"\ngraphroot = "%s"\n' "$work/podman-run" "$work/podman" \
    >"$CONTAINERS_STORAGE_CONF"
podman_ends() {
    [ "$(id -u)" = 0 ] || podman unshare rm -rf "$work/podman" 2>/dev/null || true # other ids' files
    pause=$(find "$XDG_RUNTIME_DIR" "$work/podman-run" -name pause.pid -exec cat {} + 2>/dev/null || true)
    [ -z "$pause" ] || kill "$pause" 2>/dev/null || true
}
trap 'status=$?; podman_ends; (exit $status); cleanup' EXIT
podman info >"$work/log" 2>&1 || skip "podman does not work here: $(tail -n 1 "$work/log")"

cp -R "$SOURCE/examples/hello-cmake" "$work/hello"
configure "$work/hello" "$work/b"
build "$work/b" --target hello-image
load() {
    "$slipway" load --engine podman "oci:$work/b/hello-image.oci" >"$work/log" 2>&1 || fail "slipway load"
}
load
has "$work/log" '^loaded hello:.* into podman$'
load
[ "$(cat "$work/log")" = "podman has hello:1.0 already" ] || [ "$(cat "$work/log")" = "podman has hello:latest already" ] ||
    fail "the image was sent again"
sed -i 's/Hello,/Hallo,/' "$work/hello/hello.c"
build "$work/b" --target hello-image
load
has "$work/log" '^loaded hello:.* into podman$'
# From within a build, which has moved into namespaces of its own by then.
sed -i 's/Hallo,/Hey,/' "$work/hello/hello.c"
quietly "$CMAKE" --build "$work/b" --target hello
quietly "$slipway" build -f "$work/b/hello-image.slipway" -t hello:built -o type=docker "$work/hello"
quietly podman image exists hello:built
