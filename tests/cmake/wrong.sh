#!/bin/sh
# wrong.sh NAME - configures a project with the wrong call wrong/NAME.cmake and compares what CMake
# says with wrong/NAME.stderr. With ACCEPT=1 it writes that file.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/slipway-wrong.XXXXXX")
trap 'rm -rf "$work"' EXIT
cat >"$work/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.16)
project(demo VERSION 1.2 LANGUAGES NONE)
find_package(Slipway REQUIRED)
add_executable(hello IMPORTED)
add_custom_target(other)
add_container_image(base-image COMPONENTS base)
add_container_image(file-image DOCKERFILE Dockerfile)
include($1.cmake)
END
cp "$here/wrong/$1.cmake" "$work"
touch "$work/Dockerfile" "$work/other.slipway"

if "$CMAKE" -S "$work" -B "$work/b" -G Ninja -DSlipway_DIR="$PACKAGE" \
    -DSlipway_EXECUTABLE="$here/stub" >"$work/out" 2>"$work/err"; then
    echo "FAILED: the call was accepted" >&2
    exit 1
fi
sed -e "s|$work|SRC|g" -e 's|[^ ]*/\(Slipway[A-Za-z]*\.cmake\):[0-9]*|\1|' "$work/err" >"$work/got"
if [ -n "${ACCEPT:-}" ]; then
    cp "$work/got" "$here/wrong/$1.stderr"
else
    diff -u "$here/wrong/$1.stderr" "$work/got" >&2
fi
