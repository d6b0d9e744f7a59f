# Budgets and compressions reach the recipe or the command line; the tests of an image are those that
# were asked for, and those of the build tree become its own when ctest starts.
touch "$src/Dockerfile"
echo 'int main(int c, char **v) { (void)v; return c - 1; }' >"$src/main.c"
project <<'END'
enable_testing()
add_executable(demo main.c)
install(TARGETS demo)
add_test(NAME one COMMAND demo)
set_tests_properties(one PROPERTIES LABELS "unit;quick" TIMEOUT 7 PASS_REGULAR_EXPRESSION "a;b]=")
add_test(NAME two COMMAND demo x)
set_tests_properties(two PROPERTIES WILL_FAIL ON SKIP_RETURN_CODE 4 FIXTURES_REQUIRED data DEPENDS three)
add_test(NAME three COMMAND demo)
set_tests_properties(three PROPERTIES FIXTURES_SETUP data LABELS unit)
add_container_image(demo-image SIZE_BUDGET 20MiB COMPRESSION zstd LEVEL 9 PREFIX /opt/demo)
add_container_image(file-image DOCKERFILE Dockerfile SIZE_BUDGET 1GB COMPRESSION none)
container_test(demo-image NAME size SIZE_BUDGET 5MB)
container_test(demo-image NAME all LINK_CHECK SIZE_BUDGET 5MB RUN_CTEST)
container_test(demo-image NAME some COMMAND --version RUN_CTEST LABELS unit nothing)
END
configure
builds 2 images
has "$out/demo-image.slipway" 'compression = zstd'
has "$out/demo-image.slipway" 'compression-level = 9'
has "$out/demo-image.slipway" 'size = 20MiB'
called "[type=oci,dest=$out/file-image.oci,compression=none]"
called '[--size-budget] [1GB]'

# The stub cannot read a list of tests; the real helper can, and needs no image for that.
real=${SLIPWAY_HELPER:?}
configure -DSlipway_EXECUTABLE="$real"
SLIPWAY_STORE="$work/store"
export SLIPWAY_STORE
cd "$bin"
if is_multi; then set -- -C Debug; else set --; fi
"$CTEST" "$@" -N >"$work/listed" 2>"$work/log" || fail "ctest"
[ ! -s "$work/log" ] || fail "ctest complains"
for name in size all all.size all.one all.two all.three some some.one some.three all.build some.build; do
    grep -qF ": $name" "$work/listed" || { cat "$work/listed" >&2; fail "no test $name"; }
done
! grep -q 'some.two\|all.some\|all.size\.' "$work/listed" || fail "too many tests"
rows="$bin/CMakeFiles/slipway/all.rows$suffix.cmake"
has "$rows" 'LABELS [==[quick;unit;container]==]'
has "$rows" 'TIMEOUT [==[7]==]'
has "$rows" 'PASS_REGULAR_EXPRESSION [==[a;b]=]==]'
has "$rows" 'SKIP_RETURN_CODE [==[4]==]'
has "$rows" 'DEPENDS [==[all.three]==]'
has "$rows" 'FIXTURES_REQUIRED [==[all.data;slipway:demo-image;slipway:all]==]'
has "$rows" '[==[/opt/demo/lib]==]'
hasnt "$rows" 'WILL_FAIL' # told from what a library that is missing gives, in the sandbox
# With nothing changed nothing is written.
touch -d 2001-01-01 "$rows"
"$CTEST" "$@" -N -L quick >"$work/listed"
[ "$(grep -c ': .*one$' "$work/listed")" = 3 ] || fail "labels are lost"
! grep -q two "$work/listed" || fail "labels choose nothing"
[ -z "$(find "$rows" -newermt 2002-01-01)" ] || fail "rows are written again"
