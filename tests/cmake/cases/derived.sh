# <target>-tar and its sisters, and the umbrella.
echo a >"$src/a"
project NONE <<'END'
install(FILES a DESTINATION etc)
add_container_image(one-image NAME one)
add_container_image(two-image NAME localhost:5000/acme/two TAGS 1 "$<LOWER_CASE:Latest>")
END
configure
builds 0 all
builds 2 images
for verb in tar load push run shell explain graph report sbom eject; do
    build one-image-$verb
done
image="oci:$out/one-image.oci"
called "[export] [$image] [-o] [type=docker,dest=$out/one-image.tar]"
for verb in load run shell explain; do
    called "[$verb] [$image]"
done
called "[sbom] [--format] [spdx] [-o] [$out/one-image.spdx.json] [$image]"
called "[push] [$image] [one:1.2] [one:latest]"
called "[report] [$image] [-o] [$out/one-image.report.html]"
called "[graph] [-f] [$out/one-image.slipway] [$src]"
build two-image-push
called "[push] [oci:$out/two-image.oci] [localhost:5000/acme/two:1] [localhost:5000/acme/two:latest]"
called "[generate] [-f] [$out/one-image.elsewhere.slipway] [-o] [$out/one-image.Dockerfile]"
has "$out/one-image.elsewhere.slipway" "use = host"
[ -f "$out/one-image.tar" ] || fail "no tar"
build clean
[ ! -e "$out/one-image.oci" ] && [ ! -e "$out/one-image.digest" ] || fail "clean left the image"
builds 1 one-image-tar
