#include "layer/diff.h"

#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "layer/show.h"
#include "sandbox.h"

/* Everything here belongs to whoever runs the test; emulation says 0:0 for that. */
static const struct slip_diff_options options = { .epoch = 1000, .emulated = true };

static void put_whiteout(int dir, const char *name)
{
    assert_int_equal(mknodat(dir, name, S_IFCHR, makedev(0, 0)), 0);
}

static void set_xattr(int dir, const char *name, const char *key, const char *value)
{
    slip_cleanup(slip_closep) int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

    assert_int_equal(fsetxattr(fd, key, value, strlen(value), 0), 0);
}

static void diff_shows(struct sandbox *s, int upper, int lower, const struct slip_diff_options *o,
                       const char *want)
{
    slip_cleanup(slip_tree_release) struct slip_tree tree = SLIP_TREE_INIT;

    ASSERT_OK(s, slip_diff(upper, lower, o, &tree, &s->err));
    slip_cleanup(slip_freep) char *shown = show_tree(&tree);
    assert_string_equal(shown, want);
}

static void names_types_and_owners(void **state)
{
    struct sandbox *s = *state;
    slip_cleanup(slip_closep) int upper = sandbox_dir(s, "upper");
    slip_cleanup(slip_closep) int d = sandbox_dir(s, "upper/d");

    put_file(d, "suid", "abc", 04755);
    put_file(upper, "d-before-slash", "", 0600);
    assert_int_equal(symlinkat("d", upper, "l"), 0);
    assert_int_equal(linkat(d, "suid", upper, "a-link", 0), 0);
    assert_int_equal(mkfifoat(upper, "p", 0622), 0);
    assert_int_equal(fchmodat(upper, "p", 0622, 0), 0);
    put_file(upper, "null", "", 0666);
    set_xattr(upper, "null", "user.containers.override_stat", "0:7:0666:char-1-3");
    put_file(upper, "shadow", "x", 0640);
    set_xattr(upper, "shadow", "user.containers.override_stat", "0:42:0600");
    set_xattr(upper, "shadow", "user.b", "2");
    set_xattr(upper, "shadow", "user.a", "1");
    set_xattr(upper, "shadow", "user.overlay.origin", "o");
    set_xattr(upper, "shadow", "user.overlay.overlay.opaque", "y");
    diff_shows(s, upper, -1, &options,
               "104755 0:0 a-link [3]\n"
               "040755 0:0 d\n"
               "100600 0:0 d-before-slash [0]\n"
               "104755 0:0 d/suid = a-link\n"
               "120777 0:0 l -> d\n"
               "020666 0:7 null dev 103\n"
               "010622 0:0 p\n"
               "100640 0:42 shadow [1] user.a=1 user.b=2 user.overlay.opaque=y\n");
}

static void whiteouts_and_opaque(void **state)
{
    struct sandbox *s = *state;
    slip_cleanup(slip_closep) int lower = sandbox_dir(s, "lower");
    slip_cleanup(slip_closep) int upper = sandbox_dir(s, "upper");
    slip_cleanup(slip_closep) int o = sandbox_dir(s, "upper/opaque");
    slip_cleanup(slip_closep) int n = sandbox_dir(s, "upper/new");
    slip_cleanup(slip_closep) int e = sandbox_dir(s, "upper/empty");
    slip_cleanup(slip_closep) int was = sandbox_dir(s, "lower/opaque");
    slip_cleanup(slip_closep) int was_empty = sandbox_dir(s, "lower/empty");
    slip_cleanup(slip_closep) int f = sandbox_dir(s, "upper/file");

    put_file(lower, "gone", "", 0644);
    put_file(was, "old", "", 0644);
    put_file(lower, "file", "becomes a directory", 0644);
    put_whiteout(upper, "gone");
    put_whiteout(upper, "never-was");
    put_whiteout(o, "old");
    put_file(o, "young", "y", 0644);
    put_file(e, "x", "", 0644);
    set_xattr(upper, "opaque", "user.overlay.opaque", "y");
    set_xattr(upper, "new", "user.overlay.opaque", "y"); /* kernels mark every new directory */
    set_xattr(upper, "empty", "user.overlay.opaque", "y");
    set_xattr(upper, "file", "user.overlay.opaque", "y");
    (void)n, (void)was_empty, (void)f; /* made, and that is all */
    diff_shows(s, upper, lower, &options,
               "040755 0:0 empty\n"
               "100644 0:0 empty/x [0]\n"
               "040755 0:0 file\n"
               "whiteout gone\n"
               "040755 0:0 new\n"
               "040755 0:0 opaque opaque\n"
               "100644 0:0 opaque/young [1]\n");
}

static void whiteouts_as_attributes(void **state)
{
    struct sandbox *s = *state;
    slip_cleanup(slip_closep) int lower = sandbox_dir(s, "lower/d");
    slip_cleanup(slip_closep) int upper = sandbox_dir(s, "upper");
    slip_cleanup(slip_closep) int d = sandbox_dir(s, "upper/d");
    slip_cleanup(slip_closep) int below = sandbox_dir(s, "lower");

    put_file(lower, "gone", "", 0644);
    put_file(d, "gone", "", 0644);
    set_xattr(d, "gone", "user.overlay.whiteout", "y");
    set_xattr(upper, "d", "user.overlay.opaque", "x");
    diff_shows(s, upper, below, &options,
               "040755 0:0 d\n"
               "whiteout d/gone\n");
}

static void what_did_not_change_is_left_out(void **state)
{
    struct sandbox *s = *state;
    slip_cleanup(slip_closep) int lower = sandbox_dir(s, "lower/same/deep");
    slip_cleanup(slip_closep) int upper = sandbox_dir(s, "upper/same/deep");
    slip_cleanup(slip_closep) int below = sandbox_dir(s, "lower");
    slip_cleanup(slip_closep) int above = sandbox_dir(s, "upper");
    slip_cleanup(slip_closep) int other = sandbox_dir(s, "upper/mode");
    slip_cleanup(slip_closep) int other_was = sandbox_dir(s, "lower/mode");
    const struct timespec times[2] = { { 500, 1 }, { 500, 1 } };

    static const char *const files[] = { "equal", "bytes", "mode", "time" };
    for (size_t i = 0; i < SLIP_ARRAY_LEN(files); i++) {
        put_file(lower, files[i], "abc", 0644);
        put_file(upper, files[i], i == 1 ? "abd" : "abc", i == 2 ? 0600 : 0644);
        assert_int_equal(utimensat(lower, files[i], times, 0), 0);
        if (i != 3)
            assert_int_equal(utimensat(upper, files[i], times, 0), 0);
    }
    (void)other_was;
    assert_int_equal(fchmod(other, 0700), 0);
    diff_shows(s, above, below, &options,
               "040700 0:0 mode\n"
               "040755 0:0 same\n"
               "040755 0:0 same/deep\n"
               "100644 0:0 same/deep/bytes [3]\n"
               "100600 0:0 same/deep/mode [3]\n"
               "100644 0:0 same/deep/time [3]\n");
    for (size_t i = 1; i < SLIP_ARRAY_LEN(files); i++)
        assert_int_equal(unlinkat(upper, files[i], 0), 0);
    diff_shows(s, above, below, &options, "040700 0:0 mode\n");
}

static bool keep(void *user, const char *path, mode_t mode)
{
    (void)mode;
    return strcmp(path, user) != 0;
}

static void keep_leaves_out(void **state)
{
    struct sandbox *s = *state;
    slip_cleanup(slip_closep) int upper = sandbox_dir(s, "upper");
    slip_cleanup(slip_closep) int d = sandbox_dir(s, "upper/etc/run");
    char skipped[] = "etc/run";
    const struct slip_diff_options some = {
        .epoch = 0, .emulated = true, .keep = keep, .user = skipped
    };

    put_file(d, "x", "", 0644);
    diff_shows(s, upper, -1, &some, "040755 0:0 etc\n");
}

static void times_are_clamped(void **state)
{
    struct sandbox *s = *state;
    slip_cleanup(slip_closep) int upper = sandbox_dir(s, "upper");
    slip_cleanup(slip_tree_release) struct slip_tree tree = SLIP_TREE_INIT;
    const struct timespec times[2] = { { 7, 999999999 }, { 7, 999999999 } };

    put_file(upper, "new", "", 0644);
    put_file(upper, "old", "", 0644);
    assert_int_equal(utimensat(upper, "old", times, 0), 0);
    ASSERT_OK(s, slip_diff(upper, -1, &options, &tree, &s->err));
    assert_int_equal(slip_tree_find(&tree, "new")->mtime, 1000);
    assert_int_equal(slip_tree_find(&tree, "old")->mtime, 7);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, sandbox_begin, sandbox_end)
    const struct CMUnitTest tests[] = {
        TEST(names_types_and_owners),  TEST(whiteouts_and_opaque),
        TEST(whiteouts_as_attributes), TEST(what_did_not_change_is_left_out),
        TEST(keep_leaves_out),         TEST(times_are_clamped),
    };

    return cmocka_run_group_tests_name("diff", tests, NULL, NULL);
}
