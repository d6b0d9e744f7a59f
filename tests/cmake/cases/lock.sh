# A lock file beside the project is passed on and watched; SLIPWAY_LOCKED allows nothing else.
echo a >"$src/a"
project NONE <<'END'
install(FILES a DESTINATION etc)
add_container_image(demo-image NAME demo BASE debian:12)
END
configure
builds 1 images
hasnt "$SLIPWAY_STUB_LOG" lock
echo "docker.io/library/debian:12 sha256:0000" >"$src/slipway.lock"
configure
builds 1 images
called "[--lockfile] [$src/slipway.lock]"
nothing images
later
echo "docker.io/library/debian:12 sha256:1111" >"$src/slipway.lock"
builds 1 images
configure -DSLIPWAY_LOCKED=ON
builds 1 images
called "[--lockfile] [$src/slipway.lock] [--locked]"
nothing images
