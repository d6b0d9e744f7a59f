# Components are installed one by one; other installed files do not matter.
echo a >"$src/a"
echo b >"$src/b"
echo c >"$src/c"
project NONE <<'END'
install(FILES a DESTINATION etc COMPONENT first)
install(FILES b DESTINATION etc COMPONENT second)
install(FILES c DESTINATION etc COMPONENT third)
add_container_image(demo-image COMPONENTS first second PREFIX /usr)
END
configure
builds 1 demo-image
if is_multi; then config=' --config Debug'; else config=; fi
has "$out/demo-image.slipway" "install = $CMAKE --install '$bin'$config --prefix /usr --component first && $CMAKE --install '$bin'$config --prefix /usr --component second"
later
touch "$src/c"
nothing demo-image
touch "$src/b"
builds 1 demo-image
nothing demo-image
