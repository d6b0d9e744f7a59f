# Two paths, umasks, time zones, locales, users and stores give the same digest.
mkdir "$work/one" "$work/two"
cp -R "$SOURCE/examples/hello-cmake" "$work/one/src"
mkdir "$work/two/a longer path"
cp -R "$SOURCE/examples/hello-cmake" "$work/two/a longer path/src"
configure "$work/one/src" "$work/one/b"
build "$work/one/b" --target images

other="$work/two/a longer path"
touch -d 1999-12-31 "$other/src/hello.c"
umask 077
set -- env -i PATH="$PATH" HOME="$work/two" TZ=Asia/Tokyo LC_ALL=C.UTF-8 SLIPWAY_STORE="$work/two/store" \
    SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH"
if [ "$(id -u)" = 0 ]; then
    chown -R 12345:12345 "$work/two"
    set -- setpriv --reuid=12345 --regid=12345 --clear-groups "$@"
    "$@" "$slipway" doctor >"$work/log" 2>&1 || skip "an ordinary user cannot run containers here"
fi
quietly "$@" "$CMAKE" -S "$other/src" -B "$other/b" -G Ninja -DSlipway_DIR="$PACKAGE"
quietly "$@" "$CMAKE" --build "$other/b" --target images
for image in hello-image hello-static-image; do
    cmp "$work/one/b/$image.digest" "$other/b/$image.digest" >&2 || fail "$image differs"
done
