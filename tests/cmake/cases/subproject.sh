# add_subdirectory() and FetchContent give the same functions and a helper that is a target. (Only
# configured here; tests/run builds Slipway once, not once for each generator.)
echo 'int main(void) { return 0; }' >"$src/main.c"
for how in 'add_subdirectory("${SLIPWAY}" slipway EXCLUDE_FROM_ALL)' \
    'include(FetchContent)
FetchContent_Declare(Slipway URL /nosuch)
FetchContent_MakeAvailable(Slipway)'; do
    rm -rf "$bin"
    {
        echo 'cmake_minimum_required(VERSION 3.16)'
        echo 'project(Demo VERSION 1.2 LANGUAGES C)'
        echo "$how"
        cat <<'END'
add_executable(demo main.c)
install(TARGETS demo)
add_container_image(demo-image ENTRYPOINT demo)
message(STATUS "helper: ${Slipway_EXECUTABLE}, version ${Slipway_VERSION}")
get_property(waits TARGET demo-image PROPERTY SLIPWAY_WAITS)
END
    } >"$src/CMakeLists.txt"
    configure -DSLIPWAY="$SOURCE" -DFETCHCONTENT_SOURCE_DIR_SLIPWAY="$SOURCE"
    has "$work/log" 'helper: $<TARGET_FILE:slipway>, version'
    has "$out/demo-image.slipway" "dir = $bin"
    "$CMAKE" --build "$bin" --target help >"$work/log" 2>&1 || fail help
    has "$work/log" demo-image
    hasnt "$work/log" unit_
    "$CMAKE" --install "$bin" --prefix "$work/root" >"$work/log" 2>&1 || true
    [ ! -e "$work/root/bin/slipway" ] || fail "Slipway installs itself with its host project"
done
