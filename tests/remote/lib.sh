# lib.sh - what is elsewhere, for tests of ADD and of contexts; sourced by a case (sh).
#
#   start_server     tests/remote/server.py over web/, which ends with the case; $url is its address.
#                    Files go to web/files, bare repositories to web/git
#   requests         what was asked since the last call
#   make_repository  web/git/r.git: branches main and next, tags v1 and v2 (one with a message); made
#                    in work/, from which more can be pushed
#   build TEXT...    a Dockerfile with these lines on `FROM scratch`, built as t; its files in out/
#   tree             the files of out/: mode, name, content or target
#   owned TEXT...    the same as build, but lists mode, owner and name of what came out
remote_dir=$(cd "$CASE/../../../remote" && pwd)
remote_pid=
end_server() {
    [ -z "$remote_pid" ] || { kill "$remote_pid" 2>/dev/null && wait "$remote_pid" 2>/dev/null || :; }
}
trap end_server EXIT
for tool in python3 git; do
    command -v $tool >/dev/null || { echo "SKIPPED: needs $tool" >&2; exit 77; }
done
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b \
    GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b GIT_AUTHOR_DATE='1500000000 +0000' \
    GIT_COMMITTER_DATE='1500000000 +0000'

start_server() {
    mkdir -p web/files web/git
    : >web.log
    python3 "$remote_dir/server.py" "$PWD/web" "$PWD/port" "$PWD/web.log" >web.out 2>&1 &
    remote_pid=$!
    tries=0
    until [ -f port ]; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] && kill -0 $remote_pid 2>/dev/null || { cat web.out >&2; exit 1; }
        sleep 0.05
    done
    url=http://localhost:$(cat port)
}

requests() {
    cat web.log
    : >web.log
}

commit() { # MESSAGE - all that is in work/
    git -C work add -A
    git -C work commit -qm "$1"
}

make_repository() {
    mkdir -p web/git
    git init -q --bare web/git/r.git
    git -C web/git/r.git symbolic-ref HEAD refs/heads/main
    git init -q work
    git -C work checkout -q -b main
    mkdir -p work/sub/deep
    printf 'one\n' >work/file
    printf '#!/bin/sh\n' >work/run.sh
    chmod 755 work/run.sh
    ln -s file work/link
    printf 'deep\n' >work/sub/deep/x
    commit one
    git -C work tag v1
    git -C work tag -a -m text v2
    git -C work checkout -q -b next
    printf 'next\n' >work/file
    commit next
    git -C work push -q "$PWD/web/git/r.git" main next v1 v2
}

build_only() {
    mkdir -p build-context
    { echo "FROM scratch"; printf '%s\n' "$@"; } >Dockerfile
    slipway build -q -f Dockerfile -t t build-context >/dev/null
}

owned() {
    build_only "$@"
    slipway export t -o type=tar,dest=out.tar >/dev/null
    # Links are root's where owners are emulated.
    tar -tvf out.tar --numeric-owner | grep -v '^l' | sed -E 's/ +/ /g' | cut -d' ' -f1,2,6-
}

build() {
    build_only "$@" || return $?
    rm -rf out
    slipway export t -o type=dir,dest=out >/dev/null
}

tree() {
    (cd out && find . -mindepth 1 -not -path '*/.git/*' | LC_ALL=C sort | while read -r path; do
        if [ -L "$path" ]; then
            echo "link $path -> $(readlink "$path")"
        elif [ -d "$path" ]; then
            echo "$(stat -c %a "$path") $path/"
        else
            echo "$(stat -c '%a' "$path") $path <$(head -c 40 "$path" | tr '\n' '|')>"
        fi
    done)
}
