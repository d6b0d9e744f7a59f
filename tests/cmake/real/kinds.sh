# Each way to say what an image is made of, and of what.
mkdir "$work/src"
cd "$work/src"
cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.16)
project(Kinds VERSION 3.4 LANGUAGES C)
find_package(Slipway REQUIRED)
include(CTest)
add_library(greet SHARED greet.c)
set_target_properties(greet PROPERTIES VERSION 3.4.0 SOVERSION 3)
add_executable(installed main.c)
target_link_libraries(installed PRIVATE greet)
add_executable(loose main.c)
target_link_libraries(loose PRIVATE greet)
install(TARGETS installed greet)
install(FILES kinds.conf DESTINATION etc COMPONENT config)
add_test(NAME passes COMMAND installed)

add_container_image(everything-image ENTRYPOINT installed SBOM spdx)
add_container_image(targets-image NAME kinds/targets TARGETS loose ENTRYPOINT loose)
add_container_image(config-image NAME kinds/config COMPONENTS config PREFIX /opt/kinds)
add_container_image(files-image NAME kinds/files FILES kinds.conf DESTINATION /etc/kinds)
add_container_image(upper-image NAME kinds/upper BASE config-image TARGETS installed
  ENTRYPOINT installed)
add_container_image(host-image NAME kinds/host TOOLCHAIN host TARGETS loose FILES kinds.conf
  DESTINATION etc ENTRYPOINT loose TEST_GATE ON)
add_container_image(gate-image NAME kinds/gate TARGETS installed ENTRYPOINT installed TEST_GATE ON)
add_container_image(docker-image NAME kinds/docker DOCKERFILE Dockerfile STAGE last
  CONTEXT "${CMAKE_CURRENT_SOURCE_DIR}" ARGS WHO=cmake)
add_container_image(recipe-image RECIPE own.slipway)
add_container_image(staged-image NAME kinds/staged TARGETS installed ENTRYPOINT installed)
container_stage(staged-image assets FROM host
  STEPS "RUN mkdir /assets && echo 'made ; here' >/assets/note")
container_copy(staged-image FROM_STAGE assets /assets/note DESTINATION /usr/share/note)

foreach(image everything targets upper host gate staged)
  container_test(${image}-image NAME ${image} EXPECT_OUTPUT "^greetings$" LINK_CHECK)
endforeach()
END
echo 'int puts(const char *); void greet(void) { puts("greetings"); }' >greet.c
echo 'void greet(void); int main(void) { greet(); return 0; }' >main.c
echo 'key = value' >kinds.conf
cat >Dockerfile <<'END'
FROM scratch AS first
COPY kinds.conf /first
FROM scratch AS last
ARG WHO=nobody
COPY --from=first /first /last
LABEL who=$WHO
END
cat >own.slipway <<'END'
[image]
name = kinds/own
[build]
system = none
install = true
files = kinds.conf:/etc/own.conf
[toolchain]
use = host
END

configure "$work/src" "$work/b"
build "$work/b" --target images
if [ "$GENERATOR" = "Ninja Multi-Config" ]; then out=$work/b/Debug; else out=$work/b; fi
# What `slipway export` unpacks of the image, as a list of files that are not libraries of the system.
files() {
    rm -rf "$work/root"
    quietly "$slipway" export "oci:$out/$1-image.oci" -o "type=dir,dest=$work/root"
    (cd "$work/root" && find . -type f ! -path './usr/lib*' ! -path './etc/ld.so*' ! -path './etc/passwd' \
        ! -path './etc/group' ! -path './etc/nsswitch.conf' ! -path './etc/os-release' \
        ! -path './var/lib/dpkg/*' | LC_ALL=C sort)
}
holds() {
    image=$1
    shift
    printf '%s\n' "$@" >"$work/expected"
    files "$image" | diff -u "$work/expected" - >&2 || fail "$image-image holds other files"
}
lib=./usr/local/lib/libgreet.so.3.4.0
holds everything ./usr/local/bin/installed ./usr/local/etc/kinds.conf $lib
holds targets ./usr/local/bin/loose $lib
holds config ./opt/kinds/etc/kinds.conf
holds files ./etc/kinds/kinds.conf
holds upper ./opt/kinds/etc/kinds.conf ./usr/local/bin/installed $lib
holds host ./usr/local/bin/loose ./usr/local/etc/kinds.conf $lib
holds docker ./last
holds recipe ./etc/own.conf
holds staged ./usr/local/bin/installed $lib ./usr/share/note
# The bill of materials is made with the image, and by its own target.
has "$out/everything-image.spdx.json" './usr/local/lib/libgreet.so.3.4.0'
rm "$out/everything-image.spdx.json"
build "$work/b" --target everything-image-sbom host-image-sbom
has "$out/everything-image.spdx.json" '"versionInfo": "3.4"'
has "$out/host-image.spdx.json" './usr/local/bin/loose'
[ "$(cat "$work/root/usr/share/note")" = "made ; here" ] || fail "the note"
quietly "$slipway" inspect "oci:$out/docker-image.oci"
has "$work/log" 'cmake'

quietly "$CTEST" --test-dir "$work/b" -C Debug --output-on-failure -L container
has "$work/log" '100% tests passed'
build "$work/b" --target images
! grep -q 'Building image' "$work/log" || fail "a second build built something"

# A test that fails is a gate.
sed -i 's/return 0/return 1/' main.c
if "$CMAKE" --build "$work/b" --target gate-image >"$work/log" 2>&1; then
    fail "the gate let a failing project pass"
fi
