/* Real overlays of the kernel: what a step changed goes out as a layer and comes back the same. */
#include "layer/apply.h"
#include "layer/diff.h"
#include "layer/stream.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/xattr.h>

#include "layer/show.h"
#include "sandbox.h"

static bool userxattr; /* mounted in a user namespace */

/* Its own mount namespace, and a user namespace when it is not root. False: this host cannot. */
static bool enter_namespaces(void)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();
    char map[64];

    userxattr = uid != 0;
    if (unshare(CLONE_NEWNS | (uid ? CLONE_NEWUSER : 0)) < 0)
        return false;
    if (uid) {
        struct slip_error err = SLIP_ERROR_INIT;
        int proc = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int fd = openat(proc, "setgroups", O_WRONLY | O_CLOEXEC);
        bool ok = slip_write_all(fd, "deny", 4) == 0;
        close(fd);
        fd = openat(proc, "uid_map", O_WRONLY | O_CLOEXEC);
        ok &= slip_write_all(fd, map, (size_t)snprintf(map, sizeof map, "0 %u 1", uid)) == 0;
        close(fd);
        fd = openat(proc, "gid_map", O_WRONLY | O_CLOEXEC);
        ok &= slip_write_all(fd, map, (size_t)snprintf(map, sizeof map, "0 %u 1", gid)) == 0;
        close(fd);
        close(proc);
        slip_error_release(&err);
        if (!ok)
            return false;
    }
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static int mount_overlay(struct sandbox *s, const char *lower, const char *upper, const char *at)
{
    slip_cleanup(slip_freep) char *work = slip_xasprintf("%s.work", at);
    slip_cleanup(slip_buf_release) struct slip_buf opts = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *where = slip_xasprintf("%s/%s", s->path, at);

    close(sandbox_dir(s, at));
    slip_buf_printf(&opts, "lowerdir=");
    slip_buf_puts(&opts, lower);
    if (upper) {
        close(sandbox_dir(s, work));
        slip_buf_printf(&opts, ",upperdir=%s/%s,workdir=%s/%s", s->path, upper, s->path, work);
    }
    if (userxattr)
        slip_buf_puts(&opts, ",userxattr");
    if (mount("overlay", where, "overlay", upper ? 0 : MS_RDONLY, opts.data) < 0)
        return -1;
    return open(where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void make_lower(int lower)
{
    static const char *const dirs[] = { "keep",  "gone",  "again",  "again/deep",
                                        "moded", "links", "to-file" };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(dirs); i++)
        assert_int_equal(mkdirat(lower, dirs[i], 0755), 0);
    static const char *const files[] = { "keep/same", "keep/edit", "keep/rm",
                                         "gone/a",    "again/old", "again/deep/x",
                                         "links/a",   "to-file/x", "to-dir" };
    for (size_t i = 0; i < SLIP_ARRAY_LEN(files); i++)
        put_file(lower, files[i], files[i], 0644);
    assert_int_equal(symlinkat("keep", lower, "sym"), 0);
}

/* What a RUN step might do. */
static void change(struct sandbox *s, int root)
{
    int fd;

    put_file(root, "keep/edit", "edited", 0644);
    put_file(root, "keep/new", "new", 04755);
    assert_int_equal(unlinkat(root, "keep/rm", 0), 0);
    ASSERT_OK(s, slip_remove_tree(root, "gone", &s->err));
    ASSERT_OK(s, slip_remove_tree(root, "again", &s->err));
    assert_int_equal(mkdirat(root, "again", 0750), 0);
    put_file(root, "again/young", "y", 0600);
    assert_int_equal(fchmodat(root, "moded", 0700, 0), 0);
    put_file(root, "links/b", "two names", 0644);
    assert_int_equal(linkat(root, "links/b", root, "links/c", 0), 0);
    ASSERT_OK(s, slip_remove_tree(root, "to-file", &s->err));
    put_file(root, "to-file", "now a file", 0644);
    assert_int_equal(unlinkat(root, "to-dir", 0), 0);
    assert_int_equal(mkdirat(root, "to-dir", 0755), 0);
    put_file(root, "to-dir/in", "x", 0644);
    assert_int_equal(unlinkat(root, "sym", 0), 0);
    assert_int_equal(symlinkat("again", root, "sym"), 0);
    put_file(root, "fleeting", "", 0644);
    assert_int_equal(unlinkat(root, "fleeting", 0), 0);
    fd = openat(root, "keep/new", O_RDONLY | O_CLOEXEC);
    assert_int_equal(fsetxattr(fd, "user.note", "n", 1, 0), 0);
    close(fd);
}

static char *shape_of(struct sandbox *s, int root, char digest[65])
{
    const struct slip_diff_options options = { .epoch = 1 };
    slip_cleanup(slip_tree_release) struct slip_tree tree = SLIP_TREE_INIT;

    ASSERT_OK(s, slip_diff(root, -1, &options, &tree, &s->err));
    ASSERT_OK(s, slip_tree_digest(&tree, digest, &s->err));
    return show_tree(&tree);
}

static void write_changes(struct sandbox *s, int upper, int lower, struct slip_buf *out)
{
    const struct slip_diff_options options = { .epoch = 1 };
    slip_cleanup(slip_tree_release) struct slip_tree tree = SLIP_TREE_INIT;
    struct slip_layer_info info;

    ASSERT_OK(s, slip_diff(upper, lower, &options, &tree, &s->err));
    slip_cleanup(slip_freep) char *shown = show_tree(&tree);
    assert_non_null(strstr(shown, "whiteout gone\n"));
    assert_null(strstr(shown, "fleeting"));
    assert_null(strstr(shown, "keep/same"));
    assert_non_null(strstr(shown, " again opaque\n"));
    assert_null(strstr(shown, "overlay."));
    ASSERT_OK(s, slip_layer_write(&tree, SLIP_GZIP, 1, 0, collect, out, &info, &s->err));
}

static void a_step_goes_out_and_comes_back(void **state)
{
    struct sandbox *s = *state;
    slip_cleanup(slip_buf_release) struct slip_buf layer = SLIP_BUF_INIT;
    slip_cleanup(slip_closep) int lower = sandbox_dir(s, "lower");
    slip_cleanup(slip_closep) int upper = sandbox_dir(s, "upper");
    slip_cleanup(slip_closep) int flat = sandbox_dir(s, "flat");
    slip_cleanup(slip_closep) int dir = sandbox_dir(s, "layer");
    slip_cleanup(slip_freep) char *below = slip_xasprintf("%s/lower", s->path);
    slip_cleanup(slip_freep) char *both = slip_xasprintf("%s/layer:%s/lower", s->path, s->path);
    char want_digest[65], digest[65];

    make_lower(lower);
    make_lower(flat);
    slip_cleanup(slip_closep) int merged = mount_overlay(s, below, "upper", "merged");
    assert_true(merged >= 0);
    change(s, merged);
    slip_cleanup(slip_freep) char *want = shape_of(s, merged, want_digest);
    write_changes(s, upper, lower, &layer);

    /* On a copy of what was below. */
    slip_cleanup(slip_closep) int fd = file_of(s, layer.data, layer.len);
    ASSERT_OK(s, slip_apply(fd, flat, &(struct slip_apply_options){ 0 }, NULL, &s->err));
    slip_cleanup(slip_freep) char *on_copy = shape_of(s, flat, digest);
    assert_string_equal(on_copy, want);
    assert_string_equal(digest, want_digest);

    /* As a layer directory of another overlay. */
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    ASSERT_OK(s, slip_apply(fd, dir,
                            &(struct slip_apply_options){ .overlay = true, .userxattr = userxattr },
                            NULL, &s->err));
    slip_cleanup(slip_closep) int again = mount_overlay(s, both, NULL, "again");
    assert_true(again >= 0);
    slip_cleanup(slip_freep) char *mounted = shape_of(s, again, digest);
    assert_string_equal(mounted, want);
    assert_string_equal(digest, want_digest);
}

static int unmount_and_end(void **state)
{
    struct sandbox *s = *state;
    static const char *const mounts[] = { "merged", "again" };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(mounts); i++) {
        slip_cleanup(slip_freep) char *at = slip_xasprintf("%s/%s", s->path, mounts[i]);
        (void)umount2(at, MNT_DETACH);
    }
    return sandbox_end(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_step_goes_out_and_comes_back, sandbox_begin,
                                        unmount_and_end),
    };
    void *box = NULL;

    if (!enter_namespaces()) {
        fprintf(stderr, "no mount namespace of our own: %s\n", strerror(errno));
        return 77;
    }
    if (sandbox_begin(&box) < 0)
        return 1;
    struct sandbox *s = box;
    slip_cleanup(slip_freep) char *lower = slip_xasprintf("%s/l", s->path);
    close(sandbox_dir(s, "l"));
    close(sandbox_dir(s, "u"));
    int fd = mount_overlay(s, lower, "u", "merged");
    int why = errno;
    if (fd >= 0)
        close(fd);
    unmount_and_end(&box);
    if (fd < 0) {
        fprintf(stderr, "no overlay of our own: %s\n", strerror(why));
        return 77;
    }
    return cmocka_run_group_tests_name("overlay", tests, NULL, NULL);
}
