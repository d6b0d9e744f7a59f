# A build with nothing to do does nothing; a touch builds once and changes nothing; one byte changes
# the digest.
cp -R "$SOURCE/examples/hello-cmake" "$work/hello"
configure "$work/hello" "$work/b"
[ "$GENERATOR" = "Ninja Multi-Config" ] && out=$work/b/Debug || out=$work/b
# Says how many images a build built.
images() {
    build "$work/b" --target hello-image
    grep -c 'Building image' "$work/log" || true
}
[ "$(images)" = 1 ] || fail "the first build"
first=$(digest "$out")
case $first in sha256:????????????????????????????????????????????????????????????????) ;; *) fail "digest '$first'" ;; esac
[ "$(images)" = 0 ] || fail "a second build"
case $GENERATOR in Ninja*) has "$work/log" 'no work to do' ;; esac
sleep 1
touch "$work/hello/hello.c"
[ "$(images)" -le 1 ] || fail "after a touch"
[ "$(images)" = 0 ] || fail "after a touch, again"
[ "$(digest "$out")" = "$first" ] || fail "a touch changed the digest"
sleep 1
sed -i 's/Hello,/Hallo,/' "$work/hello/hello.c"
[ "$(images)" = 1 ] || fail "after an edit"
[ "$(images)" = 0 ] || fail "after an edit, again"
second=$(digest "$out")
[ "$second" != "$first" ] || fail "an edit did not change the digest"
sed -i 's/Hallo,/Hello,/' "$work/hello/hello.c"
[ "$(images)" = 1 ] || fail "after going back"
[ "$(digest "$out")" = "$first" ] || fail "the same source gave another digest"
