# lib.sh - what a check says. Sourced before NAME/check, in a copy of the example's directory.
#
#   run [OPTION...] [-- ARG...]   slipway run, of $IMAGE
#   inside SCRIPT                 a shell script in the container, as the user of the image
#   absent PROGRAM...             fails unless none of them is in the image
#   field KEY                     a key of the configuration, as JSON
#   serve [OPTION...]             the image's own command with PORT=$port on this machine's loopback
#   fetch PATH                    what it answers
run() {
    options=
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        options="$options $1"
        shift
    done
    [ $# = 0 ] || shift
    # shellcheck disable=SC2086 # words
    "$SLIPWAY" run $options "$IMAGE" "$@"
}
inside() { "$SLIPWAY" run --entrypoint /bin/sh "$IMAGE" -c "$1"; }
absent() {
    for program; do
        if inside "command -v $program" >/dev/null; then
            echo "$program is in the image" >&2
            return 1
        fi
        echo "no $program"
    done
}
field() {
    "$SLIPWAY" inspect --config "$IMAGE" | python3 -c '
import json, sys
print(json.dumps(json.load(sys.stdin)["config"].get(sys.argv[1])))' "$1"
}
server=
port=$(python3 -c '
import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
stop() {
    [ -n "$server" ] || return 0
    # shellcheck disable=SC2046 # numbers
    kill $(cat "/proc/$server/task/$server/children" 2>/dev/null) "$server" 2>/dev/null || :
    wait "$server" 2>/dev/null || :
    server=
}
trap stop EXIT
serve() {
    "$SLIPWAY" run --network host -e "PORT=$port" "$@" "$IMAGE" >"$WORK/server.log" 2>&1 &
    server=$!
    for _ in $(seq 300); do
        if python3 -c '
import socket, sys
socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)' "$port" 2>/dev/null; then return; fi
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    cat "$WORK/server.log" >&2
    echo "the server does not listen" >&2
    return 1
}
fetch() {
    python3 -c '
import sys, urllib.request
sys.stdout.write(urllib.request.urlopen("http://127.0.0.1:%s%s" % tuple(sys.argv[1:])).read().decode())' \
        "$port" "$1"
}
