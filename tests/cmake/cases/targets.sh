# TARGETS: only these are built and installed, with the libraries of ours that they need.
echo 'int main(void) { return 0; }' >"$src/main.c"
echo 'int greet(void) { return 0; }' >"$src/greet.c"
echo '#error not asked for' >"$src/broken.c"
echo conf >"$src/demo.conf"
project <<'END'
add_library(greet SHARED greet.c)
set_target_properties(greet PROPERTIES VERSION 1.2.3 SOVERSION 1)
add_library(quiet STATIC greet.c)
add_executable(demo main.c)
add_executable(Demo::demo ALIAS demo)
target_link_libraries(demo PRIVATE greet)
add_executable(loose main.c)
target_link_libraries(loose PRIVATE greet quiet)
add_executable(broken broken.c)
install(TARGETS demo greet broken)
install(FILES demo.conf DESTINATION etc)
add_container_image(demo-image TARGETS demo loose FILES demo.conf DESTINATION etc/demo)
END
configure
builds 1 demo-image
nothing demo-image
script="$bin/CMakeFiles/slipway/demo-image$suffix-install.cmake"
has "$out/demo-image.slipway" "install = $CMAKE -P '$script'"

mkdir "$work/root"
DESTDIR="$work/root" "$CMAKE" -P "$script" >"$work/log" 2>&1 || fail "the install script"
(cd "$work/root" && find . ! -type d | LC_ALL=C sort) >"$work/installed"
same "$work/installed" <<'END'
./usr/local/bin/demo
./usr/local/bin/loose
./usr/local/etc/demo/demo.conf
./usr/local/lib/libgreet.so
./usr/local/lib/libgreet.so.1
./usr/local/lib/libgreet.so.1.2.3
END
has "$work/log" "loose has no install rule; it goes to /usr/local/bin"
for program in demo loose; do
    [ -x "$work/root/usr/local/bin/$program" ] || fail "$program is not executable"
    ! readelf -d "$work/root/usr/local/bin/$program" | grep -q PATH || fail "$program knows the build tree"
done
later
touch "$src/demo.conf"
builds 1 demo-image
later
echo '' >>"$src/greet.c"
builds 1 demo-image
nothing demo-image
