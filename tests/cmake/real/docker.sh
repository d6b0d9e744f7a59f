# docker load, by a daemon of this test's own.
need dockerd
mkdir "$work/only" # a PATH without podman, which would do as well
ln -s "$(command -v docker)" "$work/only/docker"
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
load() {
    "$slipway" load "oci:$work/b/hello-image.oci" >"$work/log" 2>&1 || fail "slipway load"
}
load
has "$work/log" '^loaded hello:.* into docker$'
load
has "$work/log" '^docker has hello:.* already$'
! grep -q 'Loaded image' "$work/log" || fail "what docker has was sent again"
# A name that stands for something else there is no name of this image.
quietly docker rmi hello:latest
load
has "$work/log" 'Loaded image: hello:latest'
quietly docker image inspect hello:1.0
has "$work/log" '/usr/local/bin/hello|"hello"'
has "$work/log" '65532'
if docker run --rm --network none hello:1.0 world >"$work/log" 2>&1; then
    has "$work/log" '^Hello, world\.$'
else
    echo "note: docker run does not work here: $(tail -n 1 "$work/log")" >&2
fi

# A build hands it over itself, and an image that changed is sent.
cp -R "$SOURCE/examples/hello-cmake" "$work/hello"
sed -i 's/Hello,/Hallo,/' "$work/hello/hello.c"
configure "$work/hello" "$work/b2"
build "$work/b2" --target hello-image
"$slipway" build -f "$work/b2/hello-image.slipway" --load "$work/hello" >"$work/log" 2>&1 || fail "build --load"
has "$work/log" '^loaded hello:.* into docker$'
"$slipway" build -f "$work/b2/hello-image.slipway" -o type=docker "$work/hello" >"$work/log" 2>&1 || fail "-o type=docker"
has "$work/log" '^docker has hello:.* already$'

# What docker complains of is what is said, by load and by a build.
kill "$daemon"
wait "$daemon" || true
daemon=
for command in "load --engine docker oci:$work/b/hello-image.oci" \
    "build -q -f $work/b2/hello-image.slipway -o type=docker $work/hello"; do
    status=0
    # shellcheck disable=SC2086
    PATH=$work/only "$slipway" $command >"$work/log" 2>&1 || status=$?
    [ $status = 3 ] || fail "$command without a daemon: $status"
    has "$work/log" "^error: docker does not answer: Cannot connect to the Docker daemon"
done
