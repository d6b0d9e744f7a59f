# One image stands on another: it is built after it, and again only when that one's digest changed.
echo a >"$src/a"
mkdir "$src/sub"
project NONE <<'END'
install(FILES a DESTINATION etc)
add_container_image(lower-image ENV A=$ENV{FLAVOUR} ALL)
add_subdirectory(sub)
END
cat >"$src/sub/CMakeLists.txt" <<'END'
add_container_image(upper-image NAME demo/upper BASE lower-image ALL)
END
FLAVOUR=1 configure
builds 2 all
has "$out/upper-image.slipway" "base = oci:$out/lower-image.oci"
grep -n '' "$SLIPWAY_STUB_LOG" | grep -q '^1:.*lower-image' || fail "lower-image is not the first"
nothing all
later
touch "$src/a"
builds 2 all # both hold `a`
nothing all
FLAVOUR=2 configure
builds 2 upper-image
nothing upper-image
