# The project's own tests in its image: with the image's libraries, in an overlay of the build tree,
# and with a word on why when they cannot.
mkdir "$work/src"
cd "$work/src"
cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.20)
project(demo VERSION 1.0 LANGUAGES C)
enable_testing()
find_package(Slipway REQUIRED)
add_library(greet SHARED greet.c)
add_executable(hello hello.c)
target_link_libraries(hello greet)
install(TARGETS hello greet)
add_executable(probe probe.c)
target_link_libraries(probe greet)
add_library(absent SHARED absent.c)
add_executable(needs-absent needs-absent.c)
target_link_libraries(needs-absent absent)
set_target_properties(needs-absent PROPERTIES SKIP_BUILD_RPATH ON)
add_test(NAME probe COMMAND probe ${CMAKE_CURRENT_SOURCE_DIR}/data "a;b")
set_tests_properties(probe PROPERTIES ENVIRONMENT "A=1;B=x y" LABELS "good;unit"
  ENVIRONMENT_MODIFICATION "PATH=path_list_prepend:/first;A=string_append:2;A=unset:;A=set:3")
add_test(NAME "odd [=[ name" COMMAND probe ${CMAKE_CURRENT_SOURCE_DIR}/data x WORKING_DIRECTORY /tmp)
add_test(NAME fails COMMAND probe ${CMAKE_CURRENT_SOURCE_DIR}/nowhere x)
add_test(NAME succeeds COMMAND probe ${CMAKE_CURRENT_SOURCE_DIR}/data x)
add_test(NAME skips COMMAND probe skip)
add_test(NAME prints COMMAND probe ${CMAKE_CURRENT_SOURCE_DIR}/nowhere x)
add_test(NAME off COMMAND probe)
set_tests_properties(fails succeeds PROPERTIES WILL_FAIL ON)
set_tests_properties(skips PROPERTIES SKIP_RETURN_CODE 4)
set_tests_properties(prints PROPERTIES PASS_REGULAR_EXPRESSION "cannot read")
set_tests_properties(off PROPERTIES DISABLED ON)
set_tests_properties("odd [=[ name" fails skips prints off PROPERTIES LABELS good)
add_test(NAME lacks COMMAND needs-absent)
add_test(NAME lacks-and-should-fail COMMAND needs-absent)
set_tests_properties(lacks-and-should-fail PROPERTIES WILL_FAIL ON)
add_test(NAME shell COMMAND /bin/sh -c true)
add_container_image(demo-image ENTRYPOINT hello SIZE_BUDGET 20MB)
container_test(demo-image NAME image LINK_CHECK SIZE_BUDGET 20MB EXPECT_OUTPUT hello)
container_test(demo-image NAME good RUN_CTEST LABELS good)
container_test(demo-image NAME every RUN_CTEST)
END
echo 'int absent(void) { return 0; }' >absent.c
echo 'int absent(void); int main(void) { return absent(); }' >needs-absent.c
echo 'void greet(void); int main(void) { greet(); }' >hello.c
printf '#include <stdio.h>\nvoid greet(void) { puts("hello"); }\n' >greet.c
echo data >data
cat >probe.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
void greet(void);
int main(int argc, char **argv)
{
    char line[4096];
    FILE *maps = fopen("/proc/self/maps", "r");

    greet();
    if (argc > 1 && strcmp(argv[1], "skip") == 0)
        return 4;
    if (argc < 2 || !fopen(argv[1], "r")) {
        puts("cannot read");
        return 3;
    }
    if (getenv("A"))
        printf("A=%s B=%s PATH=%.6s\n", getenv("A"), getenv("B"), getenv("PATH"));
    printf("arg %s\n", argv[2]);
    printf("left over: %s\n", access("written", F_OK) == 0 ? "yes" : "no");
    printf("writes here: %s\n", fopen("written", "w") ? "yes" : "no");
    printf("writes source: %s\n", fopen(argv[1], "a") ? "yes" : "no");
    printf("writes image: %s\n", fopen("/etc/passwd", "a") || fopen("/usr/x", "w") ? "yes" : "no");
    while (fgets(line, sizeof line, maps))
        if (strstr(line, "libgreet") && strstr(line, "r-xp"))
            printf("library %s", strchr(line, '/'));
    return 0;
}
END
configure "$work/src" "$work/b" -DCMAKE_BUILD_TYPE=Debug
cd "$work/b"
run() { # ARGUMENT...: what ctest says is in $work/log
    [ "$GENERATOR" = "Ninja Multi-Config" ] && set -- -C Debug "$@"
    "$CTEST" "$@" >"$work/log" 2>&1
}
run -R '^(image|good)' || fail "the good tests"
for test in image image.links image.size good.probe 'good.odd \[=\[ name' good.fails good.prints; do
    has "$work/log" "$test [.]+ +Passed"
done
has "$work/log" 'good.skips [.*]+Skipped'
has "$work/log" 'good.off [.*]+Not Run \(Disabled\)'
run -R '^good.probe$' || fail "again"
run -V -R '^good.probe$' || fail "once more"
for line in 'A=3 B=x y PATH=/first' 'arg a;b' 'left over: no' 'writes here: yes' 'writes source: no' \
    'writes image: no' 'library /usr/local/lib/libgreet.so'; do
    has "$work/log" "$line$"
done
[ ! -e written ] || fail "a test wrote into the build tree"
! run --output-on-failure -R '^every' || fail "tests that cannot run did"
for test in every.lacks every.lacks-and-should-fail every.shell every.succeeds; do
    has "$work/log" "$test [.*]+Failed"
done
has "$work/log" "error: the image has no 'libabsent.so', which test 'lacks' needs"
has "$work/log" "error: the image has no 'libabsent.so', which test 'lacks-and-should-fail' needs"
has "$work/log" "hint: '/bin/sh' is of this machine: in the image a test sees"
has "$work/log" 'error: the test exited with status 0; it should fail'
