# Stages, copies and tests that are added after the image.
echo a >"$src/a"
project NONE <<'END'
install(FILES a DESTINATION etc)
add_container_image(demo-image)
container_stage(demo-image assets FROM debian:12
  STEPS "RUN echo a ; echo b" "ENV A=1" [[RUN cat <<EOF
text
EOF]])
container_copy(demo-image FROM_STAGE assets /out/a "/out/b c" DESTINATION /usr/share/)
container_copy(demo-image FROM_STAGE debian:12 /etc/debian_version DESTINATION /etc/)
container_test(demo-image NAME demo.runs COMMAND --version "two words" EXPECT_OUTPUT "^1\\.2$"
  EXPECT_EXIT 3 LINK_CHECK)
container_test(demo-image NAME demo.links LINK_CHECK)
container_test(demo-image NAME demo.plain)
END
configure
sed -n '/^\[stage/,$p' "$out/demo-image.slipway" >"$work/more"
same "$work/more" <<'END'
[stage assets]
from = debian:12
steps =
    RUN echo a ; echo b
    ENV A=1
    RUN cat <<EOF
    text
    EOF

[copy 1]
from = assets
src = /out/a '/out/b c'
dst = /usr/share/

[copy 2]
from = debian:12
src = /etc/debian_version
dst = /etc/
END
(cd "$bin" && "$CTEST" -C Debug -L container) >"$work/log" 2>&1 || fail "ctest"
has "$work/log" "100% tests passed, 0 tests failed out of 5"
called "[build] [-f] [$out/demo-image.slipway]" # the fixture
called "[run] [--expect-output] [^1\\.2\$] [--expect-exit] [3] [oci:$out/demo-image.oci] [--version] [two words]"
called "[run] [--expect-exit] [0] [oci:$out/demo-image.oci]"
[ "$(grep -cF "[test] [--link-check] [oci:$out/demo-image.oci]" "$SLIPWAY_STUB_LOG")" = 2 ] || fail "link checks"
(cd "$bin" && "$CTEST" -C Debug -N -LE container) >"$work/log" 2>&1
has "$work/log" "Total Tests: 0"
