# docker load, by a daemon of this test's own.
need dockerd
need docker
[ "$(id -u)" = 0 ] || skip "dockerd needs root"
configure "$SOURCE/examples/hello-cmake" "$work/b"
build "$work/b" --target hello-image

dockerd --bridge=none --iptables=false --ip6tables=false --storage-driver=vfs \
    --data-root "$work/docker" --exec-root "$work/docker-run" --pidfile "$work/docker.pid" \
    -H "unix://$work/docker.sock" >"$work/dockerd.log" 2>&1 &
daemon=$!
DOCKER_HOST=unix://$work/docker.sock
export DOCKER_HOST
tries=0
until docker version >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ $tries = 60 ] || ! kill -0 "$daemon" 2>/dev/null; then
        tail -n 5 "$work/dockerd.log" >&2
        skip "dockerd does not start here"
    fi
    sleep 0.5
done
quietly env PATH="$PATH" "$slipway" load --engine docker "oci:$work/b/hello-image.oci"
quietly docker image inspect hello:1.0
has "$work/log" '/usr/local/bin/hello|"hello"'
has "$work/log" '65532'
if docker run --rm --network none hello:1.0 world >"$work/log" 2>&1; then
    has "$work/log" '^Hello, world\.$'
else
    echo "note: docker run does not work here: $(tail -n 1 "$work/log")" >&2
fi
