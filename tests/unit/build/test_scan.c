#include "main.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "build/builder.h"
#include "build/scan.h"
#include "util/fs.h"

struct yard {
    char dir[32], context[48], path[48];
    struct slip_store store;
};

static int set_up(void **state)
{
    struct yard *yard = calloc(1, sizeof *yard);
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    snprintf(yard->dir, sizeof yard->dir, "/tmp/slip-scan-XXXXXX");
    if (!mkdtemp(yard->dir))
        return -1;
    snprintf(yard->context, sizeof yard->context, "%s/c", yard->dir);
    snprintf(yard->path, sizeof yard->path, "%s/store", yard->dir);
    mkdir(yard->context, 0755);
    yard->store = SLIP_STORE_INIT;
    *state = yard;
    return slip_store_open(&yard->store, yard->path, &err);
}

static int tear_down(void **state)
{
    struct yard *yard = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    slip_store_close(&yard->store);
    int rc = slip_remove_tree(AT_FDCWD, yard->dir, &err);
    free(yard);
    return rc;
}

static void put(struct yard *yard, const char *name, const char *text, mode_t mode)
{
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s/%s", yard->context, name);
    slip_cleanup(slip_closep) int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(slip_write_all(fd, text, strlen(text)), 0);
    fchmod(fd, mode);
}

static void key(struct yard *yard, const struct slip_scan_options *options, const char *under,
                char ret[65])
{
    slip_cleanup(slip_scan_release) struct slip_scan scan = SLIP_SCAN_INIT;
    slip_cleanup(slip_makings_release) struct slip_makings made = SLIP_MAKINGS_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    assert_int_equal(slip_scan_directory(&scan, &yard->store, yard->context, options, &err), 0);
    slip_scan_made_of(&scan, under, false, &made);
    slip_makings_finish(&made, ret);
}

static void times_do_not_count_and_content_does(void **state)
{
    struct yard *yard = *state;
    const struct slip_scan_options options = { 0 };
    const struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
    char first[65], touched[65], edited[65], back[65];
    slip_cleanup(slip_freep) char *file = slip_xasprintf("%s/a", yard->context);

    put(yard, "a", "one", 0644);
    key(yard, &options, "", first);
    utimensat(AT_FDCWD, file, old, 0);
    key(yard, &options, "", touched);
    assert_string_equal(first, touched);
    put(yard, "a", "two", 0644); /* as long as before, within the same tick of the clock */
    key(yard, &options, "", edited);
    assert_string_not_equal(first, edited);
    put(yard, "a", "one", 0644);
    key(yard, &options, "", back);
    assert_string_equal(first, back);
}

static void umask_does_not_count_and_programs_do(void **state)
{
    struct yard *yard = *state;
    const struct slip_scan_options options = { 0 };
    char first[65], tight[65], program[65];

    put(yard, "a", "x", 0644);
    key(yard, &options, "", first);
    put(yard, "a", "x", 0600);
    key(yard, &options, "", tight);
    put(yard, "a", "x", 0755);
    key(yard, &options, "", program);
    assert_string_equal(first, tight);
    assert_string_not_equal(first, program);
}

static void a_part_is_only_that_part(void **state)
{
    struct yard *yard = *state;
    const struct slip_scan_options options = { 0 };
    char first[65], other[65], inside[65];
    slip_cleanup(slip_freep) char *dir = slip_xasprintf("%s/d", yard->context);

    mkdir(dir, 0755);
    put(yard, "d/in", "x", 0644);
    key(yard, &options, "d", first);
    put(yard, "d.c", "a neighbour with the same beginning", 0644);
    key(yard, &options, "d", other);
    put(yard, "d/in", "y", 0644);
    key(yard, &options, "d", inside);
    assert_string_equal(first, other);
    assert_string_not_equal(first, inside);
}

static void build_trees_in_sources_do_not_count(void **state)
{
    struct yard *yard = *state;
    const struct slip_scan_options options = { .skip_build_trees = true };
    char first[65], second[65];
    slip_cleanup(slip_freep) char *dir = slip_xasprintf("%s/build", yard->context);

    put(yard, "a", "x", 0644);
    mkdir(dir, 0755);
    put(yard, "build/CMakeCache.txt", "", 0644);
    put(yard, "build/object", "1", 0644);
    key(yard, &options, "", first);
    put(yard, "build/object", "2", 0644);
    key(yard, &options, "", second);
    assert_string_equal(first, second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(times_do_not_count_and_content_does, set_up, tear_down),
        cmocka_unit_test_setup_teardown(umask_does_not_count_and_programs_do, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_part_is_only_that_part, set_up, tear_down),
        cmocka_unit_test_setup_teardown(build_trees_in_sources_do_not_count, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
