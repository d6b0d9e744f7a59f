#include "main.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "util/fs.h"
#include "util/root.h"

static const struct path_row {
    const char *name, *path, *clean;
} path_rows[] = {
    { "nothing", "", "." },
    { "root", "/", "/" },
    { "dots and slashes", "a/./b//c/", "a/b/c" },
    { "up", "a/b/../c", "a/c" },
    { "up to nothing", "a/..", "." },
    { "above the start", "../../a", "../../a" },
    { "above the root", "/../../a", "/a" },
    { "up after up", "../a/../..", "../.." },
    { "absolute", "/a/../b/.", "/b" },
};

static void cleans(void **state)
{
    const struct path_row *row = *state;
    slip_cleanup(slip_freep) char *clean = slip_path_clean(row->path);

    assert_string_equal(clean, row->clean);
}

/* A root with links that try to leave it, and a file outside that must stay as it is. */
struct yard {
    char dir[32];
    int fd, root;
};

static int set_up(void **state)
{
    struct yard *yard = calloc(1, sizeof *yard);

    snprintf(yard->dir, sizeof yard->dir, "/tmp/slip-fs-XXXXXX");
    if (!mkdtemp(yard->dir))
        return -1;
    yard->fd = open(yard->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    mkdirat(yard->fd, "root", 0755);
    yard->root = openat(yard->fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    close(openat(yard->fd, "victim", O_CREAT | O_WRONLY, 0644));
    mkdirat(yard->root, "dir", 0755);
    symlinkat("/dir", yard->root, "absolute");
    symlinkat("../../victim", yard->root, "up");
    symlinkat("nowhere", yard->root, "dangling");
    *state = yard;
    return 0;
}

static int tear_down(void **state)
{
    struct yard *yard = *state;
    struct slip_error err = SLIP_ERROR_INIT;

    close(yard->root);
    close(yard->fd);
    int rc = slip_remove_tree(AT_FDCWD, yard->dir, &err);
    slip_error_release(&err);
    free(yard);
    return rc;
}

static void links_stay_in_the_root(void **state)
{
    struct yard *yard = *state;
    slip_cleanup(slip_closep) int dir =
        slip_open_in_root(yard->root, "/absolute", O_PATH | O_DIRECTORY, 0);

    assert_true(dir >= 0); /* "/dir" of the root, not of the machine */
    assert_int_equal(slip_open_in_root(yard->root, "up", O_RDONLY, 0), -1);
    assert_int_equal(slip_open_in_root(yard->root, "../../../victim", O_RDONLY, 0), -1);
    assert_int_equal(slip_open_beneath(yard->root, "absolute", O_PATH | O_DIRECTORY, 0), -1);
}

static void makes_directories_inside(void **state)
{
    struct yard *yard = *state;
    struct slip_error err = SLIP_ERROR_INIT;
    const struct slip_new_dir dir = { .uid = getuid(), .gid = getgid(), .mtime = 7 };
    struct stat st;
    slip_cleanup(slip_closep) int made =
        slip_mkdirs_in_root(yard->root, "/absolute/a/b", &dir, &err);

    assert_true(made >= 0);
    assert_int_equal(fstatat(yard->root, "dir/a/b", &st, 0), 0);
    assert_int_equal(st.st_mtim.tv_sec, 7);
    assert_int_equal(slip_mkdirs_in_root(yard->root, "up/x", NULL, &err), -1);
    assert_int_equal(fstatat(yard->fd, "victim", &st, 0), 0);
    assert_true(S_ISREG(st.st_mode));
    slip_error_release(&err);
}

static const struct {
    const char *name, *path, *leads_to;
} followed[] = {
    { "nothing to follow", "dir/a/b", "/dir/a/b" },
    { "the root", "/", "/" },
    { "above the root", "../../dir/../x", "/x" },
    { "an absolute link", "/absolute/f", "/dir/f" },
    { "a link to nothing", "/astray/f", "/gone/away/f" },
    { "the last one too", "astray", "/gone/away" },
    { "a relative link below a directory", "dir/back/f", "/dir/f" },
    { "a circle", "circle/x", NULL },
};

static void follows_links_within(void **state)
{
    struct yard *yard = *state;

    symlinkat("/gone/./away", yard->root, "astray");
    symlinkat("../absolute", yard->root, "dir/back");
    symlinkat("circle", yard->root, "circle");
    for (size_t i = 0; i < SLIP_ARRAY_LEN(followed); i++) {
        slip_cleanup(slip_freep) char *path = slip_follow_in_root(yard->root, followed[i].path);
        if (followed[i].leads_to)
            assert_string_equal(path, followed[i].leads_to);
        else
            assert_null(path);
    }
}

static void writes_whole_files_or_none(void **state)
{
    struct yard *yard = *state;
    struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    assert_int_equal(slip_write_file_if_changed(yard->root, "f", "one", 3, 0600, &err), 1);
    assert_int_equal(slip_write_file_if_changed(yard->root, "f", "one", 3, 0600, &err), 0);
    assert_int_equal(slip_write_file_if_changed(yard->root, "f", "two", 3, 0600, &err), 1);
    assert_int_equal(slip_read_file(yard->root, "f", 3, &text, &err), 0);
    assert_string_equal(text.data, "two");
    assert_int_equal(slip_read_file(yard->root, "f", 2, &text, &err), -1);
    assert_int_equal(slip_write_file(yard->root, "no/such/f", "x", 1, 0600, false, &err), -1);
    assert_int_equal(slip_list_dir(yard->root, ".", &names, &err), 0);
    assert_int_equal(names.n, 5); /* absolute dangling dir f up: nothing was left aside */
    slip_error_release(&err);
}

static void removes_what_may_not_be_entered(void **state)
{
    struct yard *yard = *state;
    struct slip_error err = SLIP_ERROR_INIT;
    struct stat st;

    mkdirat(yard->root, "dir/deep", 0755);
    close(openat(yard->root, "dir/deep/file", O_CREAT | O_WRONLY, 0400));
    symlinkat("../../victim", yard->root, "dir/deep/link");
    fchmodat(yard->root, "dir/deep", 0000, 0);
    fchmodat(yard->root, "dir", 0500, 0);
    assert_int_equal(slip_remove_tree(yard->root, "dir", &err), 0);
    assert_int_equal(slip_remove_tree(yard->root, "dir", &err), 0);
    assert_int_equal(fstatat(yard->root, "dir", &st, 0), -1);
    assert_int_equal(fstatat(yard->fd, "victim", &st, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(links_stay_in_the_root, set_up, tear_down),
        cmocka_unit_test_setup_teardown(makes_directories_inside, set_up, tear_down),
        cmocka_unit_test_setup_teardown(follows_links_within, set_up, tear_down),
        cmocka_unit_test_setup_teardown(writes_whole_files_or_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(removes_what_may_not_be_entered, set_up, tear_down),
    };

    return SLIP_RUN_ROWS("path", path_rows, cleans) +
           cmocka_run_group_tests_name("fs", tests, NULL, NULL);
}
