# What git knows is in the image; a commit makes a new document and runs nothing; nothing else of
# git's does anything.
need git
cp -R "$SOURCE/examples/hello-cmake" "$work/hello"
cd "$work/hello"
GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM
commit() { quietly git -c user.name=me -c user.email=me@example.org commit -q --allow-empty -am "$1"; }
quietly git init -q -b trunk
quietly git add .
commit one
quietly git remote add origin https://me:secret@forge.example/acme/hello.git
configure "$work/hello" "$work/b"
[ "$GENERATOR" = "Ninja Multi-Config" ] && out=$work/b/Debug || out=$work/b
images() {
    build "$work/b" --target hello-image
    grep -c 'Building image' "$work/log" || true
}
manifest() { cat "$out/hello-image.oci/blobs/sha256/$(digest "$out" | cut -d: -f2)"; }
layers() { manifest | grep -o '"layers":\[[^]]*\]'; }
says() {
    manifest >"$work/manifest"
    "$slipway" inspect "oci:$out/hello-image.oci" >"$work/config"
    has "$work/manifest" "\"org.opencontainers.image.$1\":\"$2\""
    has "$work/config" "\"org.opencontainers.image.$1\": \"$2\""
}

[ "$(images)" = 1 ] || fail "the first build"
says title hello
says version 1.0
says created 2023-11-14T22:13:20Z
says revision "$(git rev-parse HEAD)"
says source https://forge.example/acme/hello
! grep -rq secret "$out/hello-image.oci" || fail "a password is in the image"
first=$(layers)

[ "$(images)" = 0 ] || fail "a second build"
quietly git status
quietly git tag v1
quietly git branch other
[ "$(images)" = 0 ] || fail "a status, a tag and a branch"
sleep 1
commit two
[ "$(images)" = 1 ] || fail "a commit"
! grep -qE '#[0-9]+ [0-9]+\.' "$work/log" || fail "a step ran"
says revision "$(git rev-parse HEAD)"
[ "$(layers)" = "$first" ] || fail "the layers changed"
[ "$(images)" = 0 ] || fail "after a commit, again"
sleep 1
quietly git checkout -q other
[ "$(images)" = 1 ] || fail "a checkout"
says revision "$(git rev-parse HEAD)"

# The same in a worktree.
quietly git worktree add -q "$work/tree" trunk
configure "$work/tree" "$work/b2"
out=$work/b2
[ "$GENERATOR" = "Ninja Multi-Config" ] && out=$work/b2/Debug
build "$work/b2" --target hello-image
says revision "$(git rev-parse trunk)"
sleep 1
cd "$work/tree"
commit three
build "$work/b2" --target hello-image
says revision "$(git rev-parse HEAD)"

# With the commit's own time, which is that of all files, no command runs again either.
unset SOURCE_DATE_EPOCH
build "$work/b2" --target hello-image
sleep 1
commit four
build "$work/b2" --target hello-image
says revision "$(git rev-parse HEAD)"
! grep -qE '#[0-9]+ [0-9]+\.' "$work/log" || fail "a command ran"
