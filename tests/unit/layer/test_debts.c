#include "layer/debts.h"

#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "rawtar.h"
#include "sandbox.h"
#include "util/str.h"

/* What stands below, on which the layer is then settled. Links lead out of it, too. */
static void make_lower(struct sandbox *s)
{
    slip_cleanup(slip_closep) int lower = sandbox_dir(s, "lower");
    slip_cleanup(slip_closep) int lib = sandbox_dir(s, "lower/usr/lib");
    slip_cleanup(slip_closep) int outside = sandbox_dir(s, "outside");
    slip_cleanup(slip_closep) int inner = sandbox_dir(s, "lower/outside");
    slip_cleanup(slip_freep) char *out = slip_xasprintf("%s/outside", s->path);

    put_file(outside, "victim", "untouched", 0600);
    put_file(lib, "old", "bytes", 0640);
    put_file(inner, "inner", "", 0644);
    assert_int_equal(mkdirat(lower, "tmp", 0755), 0);
    assert_int_equal(fchmodat(lower, "tmp", 01777, 0), 0);
    assert_int_equal(mkdirat(lib, "deep", 0711), 0);
    assert_int_equal(symlinkat("usr/lib", lower, "lib"), 0);
    assert_int_equal(symlinkat("../outside", lower, "up"), 0);
    assert_int_equal(symlinkat(out, lower, "out"), 0);
    assert_int_equal(symlinkat("nowhere", lower, "dangling"), 0);
    assert_int_equal(symlinkat("old", lib, "link"), 0);
    assert_int_equal(mkfifoat(lower, "pipe", 0600), 0);
    put_file(lower, "file", "", 0644);
}

/* "path kind mode" of everything in the layer, a line each; '!' behind opaque ones, the bytes
 * behind files. */
static void show(int root, const char *path, struct slip_buf *ret)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    assert_int_equal(slip_list_dir(root, *path ? path : ".", &names, &err), 0);
    for (size_t i = 0; i < names.n; i++) {
        slip_cleanup(slip_freep) char *at =
            slip_xasprintf("%s%s%s", path, *path ? "/" : "", names.v[i]);
        slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
        struct stat st;
        char mark;
        assert_int_equal(fstatat(root, at, &st, AT_SYMLINK_NOFOLLOW), 0);
        if (S_ISDIR(st.st_mode)) {
            slip_cleanup(slip_closep) int fd = openat(root, at, O_RDONLY | O_CLOEXEC);
            slip_buf_printf(ret, "%s/ %o%s\n", at, st.st_mode & 07777,
                            fgetxattr(fd, "user.overlay.opaque", &mark, 1) == 1 ? " !" : "");
            show(root, at, ret);
        } else if (S_ISCHR(st.st_mode)) {
            slip_buf_printf(ret, "%s gone\n", at);
        } else if (S_ISLNK(st.st_mode)) {
            slip_buf_printf(ret, "%s link\n", at);
        } else {
            assert_int_equal(slip_read_file(root, at, 100, &text, &err), 0);
            slip_buf_printf(ret, "%s %o %s\n", at, st.st_mode & 07777, slip_buf_str(&text));
        }
    }
}

/* Two layers: the one above is as if it had been unpacked on top (row 88 and more). */
static const struct row {
    const char *name;
    struct raw entries[6];
    bool owes;
    const char *layer, *error;
} rows[] = {
    { "all parents named",
      { { '5', "tmp", .mode = 0700 }, { '0', "tmp/x" } },
      false,
      "tmp/ 700\ntmp/x 644 \n",
      NULL },
    { "an implied directory keeps its mode",
      { { '0', "tmp/x" } },
      true,
      "tmp/ 1777\ntmp/x 644 \n",
      NULL },
    { "an implied directory that is new",
      { { '0', "new/x" } },
      true,
      "new/ 755\nnew/x 644 \n",
      NULL },
    { "named later",
      { { '0', "tmp/x" }, { '5', "tmp", .mode = 0700 } },
      false,
      "tmp/ 700\ntmp/x 644 \n",
      NULL },
    { "through a link below",
      { { '0', "lib/x", .body = "new" } },
      true,
      "usr/ 755\nusr/lib/ 755\nusr/lib/x 644 new\n",
      NULL },
    { "deep through a link below",
      { { '0', "lib/deep/more/x" } },
      true,
      "usr/ 755\nusr/lib/ 755\nusr/lib/deep/ 711\nusr/lib/deep/more/ 755\n"
      "usr/lib/deep/more/x 644 \n",
      NULL },
    { "a whiteout through a link below",
      { { '0', "lib/.wh.old" } },
      true,
      "usr/ 755\nusr/lib/ 755\nusr/lib/old gone\n",
      NULL },
    { "an opaque mark through a link below",
      { { '0', "lib/.wh..wh..opq" }, { '0', "lib/x" } },
      true,
      "usr/ 755\nusr/lib/ 755 !\nusr/lib/x 644 \n",
      NULL },
    { "through a link and beside it",
      { { '5', "usr", .mode = 0700 },
        { '5', "usr/lib", .mode = 0750 },
        { '0', "usr/lib/a" },
        { '0', "usr/lib/b", .body = "1" },
        { '0', "lib/b", .body = "2" } },
      true,
      "usr/ 700\nusr/lib/ 750\nusr/lib/a 644 \nusr/lib/b 644 2\n",
      NULL },
    { "a directory replaces the link",
      { { '5', "lib" }, { '0', "lib/x" } },
      false,
      "lib/ 755\nlib/x 644 \n",
      NULL },
    { "the link is removed first",
      { { '0', ".wh.lib" }, { '0', "lib/x" } },
      false,
      "lib/ 755 !\nlib/x 644 \n",
      NULL },
    { "the link is removed last",
      { { '0', "lib/x" }, { '0', ".wh.lib" } },
      false,
      "lib/ 755 !\nlib/x 644 \n",
      NULL },
    { "an opaque directory above",
      { { '5', "usr" }, { '0', "usr/.wh..wh..opq" }, { '0', "usr/lib/x" } },
      true,
      "usr/ 755 !\nusr/lib/ 755\nusr/lib/x 644 \n",
      NULL },
    { "88 a link out of the root",
      { { '0', "up/x" } },
      true,
      "outside/ 755\noutside/x 644 \n",
      NULL },
    { "88 an absolute link out of the root",
      { { '0', "out/victim" }, { '0', "out/.wh.a" } },
      true,
      "out/ 755\nout/a gone\nout/victim 644 \n",
      NULL },
    { "a link to nothing below",
      { { '0', "dangling/x" } },
      true,
      "dangling/ 755\ndangling/x 644 \n",
      NULL },
    { "a file below", { { '0', "file/x" } }, true, "file/ 755\nfile/x 644 \n", NULL },
    { "a hard link to a file below", { { '1', "h", "usr/lib/old" } }, true, "h 640 bytes\n", NULL },
    { "a hard link through a link below",
      { { '1', "h", "lib/old" } },
      true,
      "h 640 bytes\n",
      NULL },
    { "hard links to hard links",
      { { '1', "h", "usr/lib/old" }, { '1', "i", "h" }, { '1', "j", "usr/lib/old" } },
      true,
      "h 640 bytes\ni 640 bytes\nj 640 bytes\n",
      NULL },
    { "a hard link that is replaced",
      { { '1', "h", "usr/lib/old" }, { '1', "i", "h" }, { '0', "h", .body = "x" } },
      true,
      "h 644 x\ni 640 bytes\n",
      NULL },
    { "a hard link to a link below", { { '1', "h", "usr/lib/link" } }, true, "h link\n", NULL },
    { "a hard link to nothing",
      { { '1', "h", "nothing" } },
      true,
      NULL,
      "neither in the archive nor below it" },
    { "a hard link to a directory below", { { '1', "h", "tmp" } }, true, NULL, "cannot have any" },
    { "a hard link to a pipe below", { { '1', "h", "pipe" } }, true, NULL, "cannot have any" },
    { "a hard link out of the root",
      { { '1', "h", "out/victim" } },
      true,
      NULL,
      "neither in the archive nor below it" },
};

static void settles(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_debts_release) struct slip_debts debts = SLIP_DEBTS_INIT;
    const struct slip_apply_options options = {
        .overlay = true, .userxattr = true, .emulated = geteuid() != 0, .debts = &debts
    };
    slip_cleanup(slip_buf_release) struct slip_buf tar = SLIP_BUF_INIT, shown = SLIP_BUF_INIT;
    void *box = NULL;

    assert_int_equal(sandbox_begin(&box), 0);
    struct sandbox *s = box;
    make_lower(s);
    slip_cleanup(slip_closep) int root = sandbox_dir(s, "layer");
    slip_cleanup(slip_closep) int lower = sandbox_dir(s, "lower");
    for (const struct raw *e = row->entries; e->type; e++)
        raw_add(&tar, e);
    raw_end(&tar);
    slip_cleanup(slip_closep) int fd = file_of(s, tar.data, tar.len);
    ASSERT_OK(s, slip_apply(fd, root, &options, NULL, &s->err));
    assert_int_equal(slip_debts_any(&debts), row->owes);
    int rc = slip_debts_settle(&debts, root, lower, &options, &s->err);
    if (row->error && (rc == 0 || !strstr(s->err.msg, row->error)))
        fail_msg("'%s' is not in '%s'", row->error, rc ? s->err.msg : "success");
    if (!row->error) {
        ASSERT_OK(s, rc);
        show(root, "", &shown);
        assert_string_equal(slip_buf_str(&shown), row->layer);
    }
    slip_cleanup(slip_closep) int outside = sandbox_dir(s, "outside");
    slip_cleanup(slip_buf_release) struct slip_buf seen = SLIP_BUF_INIT;
    show(outside, "", &seen);
    assert_string_equal(seen.data, "victim 600 untouched\n");
    sandbox_end(&box);
}

static void hard_links_share_one_copy(void **state)
{
    struct sandbox *s = *state;
    slip_cleanup(slip_debts_release) struct slip_debts debts = SLIP_DEBTS_INIT;
    struct slip_apply_options options = { .overlay = true,
                                          .userxattr = true,
                                          .emulated = geteuid() != 0,
                                          .max_bytes = 4,
                                          .debts = &debts };
    slip_cleanup(slip_buf_release) struct slip_buf tar = SLIP_BUF_INIT;
    struct stat a, b;

    make_lower(s);
    slip_cleanup(slip_closep) int lower = sandbox_dir(s, "lower");
    raw_add(&tar, &(struct raw){ '1', "a", "usr/lib/old" });
    raw_add(&tar, &(struct raw){ '1', "b", "usr/lib/old" });
    raw_end(&tar);
    for (int i = 0; i < 2; i++) {
        slip_cleanup(slip_closep) int root = sandbox_dir(s, i ? "two" : "one");
        slip_cleanup(slip_closep) int fd = file_of(s, tar.data, tar.len);
        slip_debts_release(&debts);
        ASSERT_OK(s, slip_apply(fd, root, &options, NULL, &s->err));
        int rc = slip_debts_settle(&debts, root, lower, &options, &s->err);
        options.max_bytes++;
        if (i == 0) { /* five bytes are too many */
            assert_int_equal(rc, -1);
            assert_non_null(strstr(s->err.msg, "more than the archive may unpack to"));
            continue;
        }
        ASSERT_OK(s, rc);
        assert_int_equal(fstatat(root, "a", &a, 0), 0);
        assert_int_equal(fstatat(root, "b", &b, 0), 0);
        assert_int_equal(a.st_ino, b.st_ino);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(hard_links_share_one_copy, sandbox_begin, sandbox_end),
    };

    return SLIP_RUN_ROWS("debts", rows, settles) +
           cmocka_run_group_tests_name("debts", tests, NULL, NULL);
}
