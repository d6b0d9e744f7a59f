# <target>-tar and its sisters, and the umbrella.
echo a >"$src/a"
project NONE <<'END'
install(FILES a DESTINATION etc)
add_container_image(one-image NAME one)
add_container_image(two-image NAME two)
END
configure
builds 0 all
builds 2 images
for verb in tar load run shell explain eject; do
    build one-image-$verb
done
image="oci:$out/one-image.oci"
called "[export] [$image] [-o] [type=docker,dest=$out/one-image.tar]"
for verb in load run shell explain; do
    called "[$verb] [$image]"
done
called "[generate] [-f] [$out/one-image.slipway]"
has "$out/one-image.Dockerfile" "name = one"
[ -f "$out/one-image.tar" ] || fail "no tar"
build clean
[ ! -e "$out/one-image.oci" ] && [ ! -e "$out/one-image.digest" ] || fail "clean left the image"
builds 1 one-image-tar
