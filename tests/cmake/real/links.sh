# A library that nobody installs: the message names who installed what needs it, where, and who makes
# it. When CMake has configured twice, its File API knows what a target's file is called.
mkdir -p "$work/src/apps"
cat >"$work/src/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.16)
project(Demo VERSION 1 LANGUAGES C)
find_package(Slipway REQUIRED)
file(WRITE frob.c "int frob(void) { return 0; }\n")
file(WRITE main.c "int frob(void);\nint main(void) { return frob(); }\n")
add_library(frob SHARED "${CMAKE_CURRENT_SOURCE_DIR}/frob.c")
set_target_properties(frob PROPERTIES VERSION 1.2 SOVERSION 1)
add_subdirectory(apps)
add_container_image(tool-image COMPONENTS one ENTRYPOINT tool)
add_container_image(renamed-image COMPONENTS two ENTRYPOINT other-name)
add_container_image(whole-image TARGETS tool ENTRYPOINT tool)
END
cat >"$work/src/apps/CMakeLists.txt" <<'END'
foreach(name tool renamed)
  add_executable(${name} ../main.c)
  target_link_libraries(${name} PRIVATE frob)
endforeach()
set_target_properties(renamed PROPERTIES OUTPUT_NAME other-name)
install(TARGETS tool
  DESTINATION bin COMPONENT one)
  install(TARGETS renamed DESTINATION bin COMPONENT two)
END
fails() { # TARGET
    ! "$CMAKE" --build "$work/build" --target "$1" >"$work/log" 2>&1 || fail "$1 was built"
    sed -n '/ error: target/,/^hint/p' "$work/log" >"$work/message"
}
same() { diff -u - "$work/message" >&2 || fail "$1"; }

configure "$work/src" "$work/build"
fails tool-image
same "the first configuring" <<'END'
apps/CMakeLists.txt:6:1: error: target 'tool': usr/local/bin/tool needs 'libfrob.so.1', which is nowhere in the builder
    6 | install(TARGETS tool
      | ^~~~~~~~~~~~~~~~~~~~
hint: the project's own target 'frob' makes it: install(TARGETS frob)
END
configure "$work/src" "$work/build"
fails renamed-image
same "File API" <<'END'
apps/CMakeLists.txt:8:3: error: target 'renamed': usr/local/bin/other-name needs 'libfrob.so.1', which is nowhere in the builder
    8 |   install(TARGETS renamed DESTINATION bin COMPONENT two)
      |   ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
hint: the project's own target 'frob' makes it: install(TARGETS frob)
END
# TARGETS brings along what they are linked with.
build "$work/build" --target whole-image
quietly "$slipway" run "oci:$work/build/whole-image.oci"
