# Each configuration has an image of its own.
echo 'int main(void) { return 0; }' >"$src/main.c"
project <<'END'
add_executable(demo main.c)
install(TARGETS demo)
add_container_image(demo-image ENV "CONFIG=$<CONFIG>")
END
configure
for config in Debug Release; do
    "$CMAKE" --build "$bin" --config $config --target demo-image >"$work/log" 2>&1 || fail $config
    has "$bin/$config/demo-image.slipway" "CONFIG=$config"
    has "$bin/$config/demo-image.slipway" "--config $config"
    [ -f "$bin/$config/demo-image.digest" ] || fail "no digest for $config"
done
[ "$(wc -l <"$SLIPWAY_STUB_LOG")" = 2 ] || fail "two builds"
