# <target>-debug: a build of its own behind the image's, and again whenever that was built.
echo 'int main(void) { return 0; }' >"$src/main.c"
project <<'EOF'
add_executable(demo main.c)
install(TARGETS demo)
add_container_image(demo-image ENTRYPOINT demo DEBUG_IMAGE PLATFORMS linux/amd64)
add_container_image(plain-image ENTRYPOINT demo)
EOF
configure
builds 2 demo-image-debug
called "[build] [-f] [$out/demo-image.slipway] [--target] [debug] [-o] [type=oci,dest=$out/demo-image-debug.oci] [--iidfile] [$out/demo-image-debug.digest] [--stamp]"
has "$out/demo-image.slipway" "debug-image = yes"
has "$out/demo-image.slipway" "platforms = linux/amd64"
hasnt "$out/plain-image.slipway" debug
[ -f "$out/demo-image-debug.digest" ] || fail "no digest"
nothing demo-image-debug
builds 1 images # the other one
nothing images
later
touch "$src/main.c"
builds 3 images
nothing images
builds 0 clean
[ ! -e "$out/demo-image-debug.oci" ] && [ ! -e "$out/demo-image-debug.digest" ] || fail "clean left it"
