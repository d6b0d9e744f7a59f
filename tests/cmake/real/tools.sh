# What other tools say to the images: skopeo and umoci to the layout, podman to the archive.
need skopeo
need umoci
configure "$SOURCE/examples/hello-cmake" "$work/b"
build "$work/b" --target images
build "$work/b" --target hello-image-tar
expected=$(digest "$work/b")

skopeo inspect --raw "oci:$work/b/hello-image.oci" >"$work/manifest"
[ "sha256:$(sha256sum <"$work/manifest" | cut -d' ' -f1)" = "$expected" ] || fail "skopeo sees another manifest"
skopeo inspect "oci:$work/b/hello-image.oci" >"$work/log" 2>&1 || fail "skopeo inspect"
skopeo inspect --config "oci:$work/b/hello-image.oci" >"$work/config" 2>"$work/log" || fail "skopeo inspect --config"
has "$work/config" '"Entrypoint": *\['
has "$work/config" '65532'

tag=$(sed -n 's/.*"org.opencontainers.image.ref.name": *"\([^"]*\)".*/\1/p' "$work/b/hello-image.oci/index.json" | head -n 1)
quietly umoci unpack --rootless --image "$work/b/hello-image.oci:${tag:-latest}" "$work/bundle"
[ -x "$work/bundle/rootfs/usr/local/bin/hello" ] || fail "umoci finds no program"
[ -e "$work/bundle/rootfs/etc/passwd" ] || fail "umoci finds no passwd"

quietly skopeo copy "docker-archive:$work/b/hello-image.tar" "dir:$work/copy"

need podman
[ "$(id -u)" = 0 ] || grep -q "^$(id -un):" /etc/subuid || skip "podman needs subordinate ids"
# Where podman keeps what runs, its pause process above all, which would outlive this test.
XDG_RUNTIME_DIR=$work/run
export XDG_RUNTIME_DIR
mkdir -m 700 "$XDG_RUNTIME_DIR"
podman_ends() {
    pause=$(find "$XDG_RUNTIME_DIR" "$work/podman-run" -name pause.pid -exec cat {} + 2>/dev/null || true)
    [ -z "$pause" ] || kill "$pause" 2>/dev/null || true
}
set -- podman --root "$work/podman" --runroot "$work/podman-run" --storage-driver vfs
"$@" info >"$work/log" 2>&1 || {
    podman_ends
    skip "podman does not work here: $(tail -n 1 "$work/log")"
}
"$@" load -i "$work/b/hello-image.tar" >"$work/log" 2>&1 && "$@" images >>"$work/log" 2>&1 || {
    podman_ends
    fail "podman load"
}
[ "$(id -u)" = 0 ] || "$@" unshare rm -rf "$work/podman" 2>/dev/null || true # other ids' files
podman_ends
has "$work/log" 'hello'
