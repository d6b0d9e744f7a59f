# lib.sh - registries for tests, sourced by a case (sh). Everything lives below $PWD/reg and on
# loopback, and ends with the shell that started it.
#
#   start_registry NAME [htpasswd] [tls|mtls]   a docker-registry; $reg is its host:port. htpasswd: user
#                                               "tester", password "secret:word". tls: its CA is
#                                               $ca; mtls: it wants $cert and $key too
#   start_faulty NAME DIR                       tests/registry/faulty.py over the layout in DIR;
#                                               $reg, and its log of requests in reg/NAME.log
#   requests NAME                               "METHOD path-kind" of every request, counted
registry_dir=$(cd "$CASE/../../../registry" && pwd)
registry_pids=
end_registries() {
    for pid in $registry_pids; do
        kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || :
    done
}
trap end_registries EXIT
need() {
    for tool; do
        command -v "$tool" >/dev/null || { echo "SKIPPED: needs $tool" >&2; exit 77; }
    done
}

make_ca() {
    [ ! -f reg/ca.crt ] || return 0
    (
        cd reg
        openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj "/CN=test CA"
        for who in server client; do
            openssl req -newkey rsa:2048 -nodes -keyout $who.key -out $who.csr -subj "/CN=$who"
            printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >ext
            openssl x509 -req -in $who.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 \
                -extfile ext -out $who.cert
        done
    ) >reg/openssl.log 2>&1
}

# await URL PID - until something answers there, with whatever status.
await() {
    tries=0
    until curl -sk -o /dev/null "$1" || [ $? = 56 ]; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] && kill -0 "$2" 2>/dev/null || return 1
        sleep 0.1
    done
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

start_registry() {
    need docker-registry curl python3
    name=$1 scheme=http
    shift
    mkdir -p "reg/$name"
    reg=localhost:$(free_port)
    {
        printf 'version: 0.1\nlog: {level: error, accesslog: {disabled: false}}\n'
        printf 'storage: {filesystem: {rootdirectory: "%s/reg/%s"}, delete: {enabled: true}}\n' "$PWD" "$name"
        printf 'http:\n  addr: "127.0.0.1:%s"\n' "${reg#*:}"
        for option; do
            case $option in *tls)
                need openssl
                make_ca
                scheme=https ca=$PWD/reg/ca.crt cert=$PWD/reg/client.cert key=$PWD/reg/client.key
                printf '  tls: {certificate: "%s", key: "%s"' "$PWD/reg/server.cert" "$PWD/reg/server.key"
                [ "$option" = tls ] || printf ', clientcas: ["%s"]' "$ca"
                printf '}\n' ;;
            esac
        done
        for option; do
            case $option in htpasswd)
                need htpasswd
                htpasswd -Bbn tester secret:word >"reg/$name.htpasswd"
                printf 'auth: {htpasswd: {realm: test, path: "%s"}}\n' "$PWD/reg/$name.htpasswd" ;;
            esac
        done
    } >"reg/$name.yml"
    docker-registry serve "reg/$name.yml" >"reg/$name.log" 2>&1 &
    registry_pids="$registry_pids $!"
    await "$scheme://$reg/v2/" $! || { cat "reg/$name.log" >&2; exit 1; }
}

start_faulty() {
    need python3 curl
    mkdir -p reg
    reg=localhost:$(free_port)
    python3 "$registry_dir/faulty.py" "${reg#*:}" "$2" "reg/$1.log" >"reg/$1.out" 2>&1 &
    registry_pids="$registry_pids $!"
    await "http://$reg/v2/" $! || { cat "reg/$1.out" >&2; exit 1; }
    : >"reg/$1.log"
}

# Three megabytes that no compressor makes smaller, the same each time.
noise() {
    python3 -c 'import random, sys; random.seed(1); sys.stdout.buffer.write(random.randbytes(3000000))'
}

# A small image under NAME, with its own layer on a layer that all of them share.
make_image() { # NAME TEXT
    mkdir -p image
    printf '%s\n' "$2" >image/text
    noise >image/base
    printf 'FROM scratch\nCOPY base /base\nCOPY text /text\nENTRYPOINT ["/text"]\n' >image/Dockerfile
    slipway build -q -t "$1" image >/dev/null
}
