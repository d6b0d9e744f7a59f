# Without a word about contents: everything that is installed, and exactly when it changed.
mkdir "$src/data" "$src/include"
echo one >"$src/data/one"
echo conf >"$src/demo.conf"
echo 'int main(void) { return 0; }' >"$src/main.c"
project <<'END'
add_executable(demo main.c)
install(TARGETS demo)
install(FILES demo.conf DESTINATION etc)
install(DIRECTORY data DESTINATION share/demo)
install(FILES README COMPONENT doc DESTINATION share/doc/demo)
add_container_image(demo-image ENTRYPOINT demo)
END
echo hi >"$src/README"
configure
builds 1 demo-image
if is_multi; then config=' --config Debug'; else config=; fi
same "$out/demo-image.slipway" <<END
# Written by CMake for demo-image of @SRC@; changes are lost.
[image]
name = demo
tags = 1.2 latest
entrypoint = ["demo"]
title = Demo
version = 1.2

[toolchain]
use = tree

[runtime]

[build]
system = cmake
source = @SRC@
dir = @BIN@
install = @CMAKE@ --install '@BIN@'$config
END
called "[-f] [$out/demo-image.slipway]"
called "[-o] [type=oci,dest=$out/demo-image.oci]"
called "[--iidfile] [$out/demo-image.digest]"
called "[--stamp] [$bin/CMakeFiles/slipway/demo-image$suffix.stamp]"
called "[$src]"
[ -f "$out/demo-image.oci/index.json" ] || fail "no layout"
[ -f "$out/demo-image.digest" ] || fail "no digest"
nothing demo-image

digest=$(cat "$out/demo-image.digest")
for file in demo.conf data/one data README; do
    later
    touch "$src/$file"
    builds 1 demo-image
    nothing demo-image
done
[ "$digest" = "$(cat "$out/demo-image.digest")" ] || fail "touch changed the digest"
later
echo 'int main(void) { return 1; }' >"$src/main.c"
builds 1 demo-image
nothing demo-image
later
echo two >"$src/data/two"
builds 1 demo-image
nothing demo-image
later
echo 2 >>"$src/data/two"
builds 1 demo-image
nothing demo-image
rm "$src/data/two"
later
builds 1 demo-image
case $GENERATOR in
Ninja*) nothing demo-image ;;
esac
