# An installed Slipway: found by its prefix, by `slipway --cmake-dir` and by `slipway --mk`.
[ -w "$BINARY" ] || skip "installing writes a manifest into the build tree, which is somebody else's"
quietly "$CMAKE" --install "$BINARY" --prefix "$work/prefix with blank"
prefix="$work/prefix with blank"
slipway="$prefix/bin/slipway"
[ "$("$slipway" --cmake-dir)" = "$prefix/share/cmake/Slipway" ] || fail "--cmake-dir"
[ "$("$slipway" --mk)" = "$prefix/share/slipway/slipway.mk" ] || fail "--mk"

cp -R "$SOURCE/examples/hello-cmake" "$work/hello"
quietly "$CMAKE" -S "$work/hello" -B "$work/b" -G "$GENERATOR" -DCMAKE_PREFIX_PATH="$prefix"
build "$work/b" --target hello-image
quietly "$slipway" run "oci:$work/b/hello-image.oci" world
has "$work/log" '^Hello, world\.$'

mv "$prefix" "$work/moved" # it is relocatable
slipway="$work/moved/bin/slipway"
cp -R "$SOURCE/examples/plain-make" "$work/plain-make"
quietly env PATH="$work/moved/bin:$PATH" make -C "$work/plain-make" image
quietly "$slipway" run "oci:$work/plain-make/build/images/counter.oci"
has "$work/log" '^1 2 3 4 5$'
