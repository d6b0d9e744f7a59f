/* Entering a tier, mounting a root in it, and what the doctor says. */
#include "exec/tier.h"

#include "exec/rootfs.h"
#include "exec/tiers.h"

static void test_entered(void **state)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    enum slip_tier tier = SLIP_TIER_ROOT, again;

    (void)state;
    assert_int_equal(getuid(), 0);
    assert_int_equal(getgid(), 0);
    assert_int_equal(slip_tier_entered(&tier), 1);
    assert_int_equal(tier, the_tier);
    assert_int_equal(slip_tier_enter("nonsense", &again, NULL, &err), 0); /* the second call */
    assert_int_equal(again, tier);
}

/* Three layers with a whiteout and an opaque directory, as a layer applier makes them. */
static void test_layers(void **state)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_mounted_release) struct slip_mounted m = SLIP_MOUNTED_INIT;
    const char *opaque =
        the_tier == SLIP_TIER_ROOT ? "trusted.overlay.opaque" : "user.overlay.opaque";
    int layers[] = { scratch_dir("top"), scratch_dir("middle"), scratch_dir("bottom") };
    int upper = scratch_dir("over"), scratch = scratch_dir("spare");

    (void)state;
    put_file(layers[2], "a", "bottom", 0644);
    put_file(layers[2], "b", "bottom", 0644);
    assert_int_equal(mkdirat(layers[2], "d", 0755), 0);
    put_file(layers[2], "d/hidden", "", 0644);
    assert_int_equal(mknodat(layers[1], "a", S_IFCHR, 0), 0);
    assert_int_equal(mkdirat(layers[0], "d", 0755), 0);
    int d = openat(layers[0], "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(fsetxattr(d, opaque, "y", 1, 0), 0);
    put_file(layers[0], "d/seen", "", 0644);

    const struct slip_rootfs rootfs = {
        .layers = layers, .nlayers = 3, .upper = upper, .scratch = scratch
    };
    assert_int_equal(slip_rootfs_mount(&rootfs, &m, &err), 0);
    slip_cleanup(slip_freep) char *all = names_in(m.root, ".");
    slip_cleanup(slip_freep) char *in_d = names_in(m.root, "d");
    assert_string_equal(all, "b d");
    assert_string_equal(in_d, "seen");
    put_file(m.root, "new", "text", 0644);
    slip_mounted_release(&m);
    slip_mounted_release(&m); /* twice is fine */
    slip_cleanup(slip_freep) char *written = names_in(upper, ".");
    slip_cleanup(slip_freep) char *left = names_in(scratch, ".");
    assert_string_equal(written, "new");
    assert_string_equal(left, "");
    (void)close(d);
    (void)close(upper);
    (void)close(scratch);
    for (size_t i = 0; i < 3; i++)
        (void)close(layers[i]);
}

/* How many layers, and what of them, can be mounted. */
static const struct count {
    const char *name;
    size_t layers;
    bool upper;
    int result;
} counts[] = {
    { "nothing at all", 0, false, 0 },        { "only an upper", 0, true, 0 },
    { "one layer, read-only", 1, false, 0 },  { "one layer", 1, true, 0 },
    { "two layers, read-only", 2, false, 0 }, { "150 layers", 150, true, 0 },
    { "300 layers", 300, true, -1 },
};

static void test_count(void **state)
{
    const struct count *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_mounted_release) struct slip_mounted m = SLIP_MOUNTED_INIT;
    slip_cleanup(slip_freep) int *layers = slip_xcalloc(row->layers + 1, sizeof *layers);
    int upper = row->upper ? scratch_dir("count-upper") : -1, scratch = scratch_dir("spare");

    for (size_t i = 0; i < row->layers; i++) {
        char name[32];
        snprintf(name, sizeof name, "layer-%zu", i);
        layers[i] = scratch_dir(name);
    }
    const struct slip_rootfs rootfs = {
        .layers = layers, .nlayers = row->layers, .upper = upper, .scratch = scratch
    };
    assert_int_equal(slip_rootfs_mount(&rootfs, &m, &err), row->result);
    if (row->result < 0) {
        assert_non_null(strstr(err.msg, "300 layers are more than one overlay mount can name"));
        assert_non_null(err.hint);
    } else {
        int fd = openat(m.root, "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        assert_int_equal(fd >= 0, row->upper);
        slip_closep(&fd);
    }
    slip_mounted_release(&m);
    slip_cleanup(slip_freep) char *left = names_in(scratch, ".");
    assert_string_equal(left, "");
    for (size_t i = 0; i < row->layers; i++)
        (void)close(layers[i]);
    slip_closep(&upper);
    (void)close(scratch);
}

/* Over the host, for file operations of this process; what was not used leaves nothing. */
static void test_host(void **state)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    int upper = scratch_dir("host-upper"), scratch = scratch_dir("spare");
    const struct slip_rootfs rootfs = { .upper = upper, .scratch = scratch, .host = true };

    (void)state;
    for (int round = 0; round < 2; round++) {
        slip_cleanup(slip_mounted_release) struct slip_mounted m = SLIP_MOUNTED_INIT;
        struct stat st;
        assert_int_equal(slip_rootfs_mount(&rootfs, &m, &err), 0);
        assert_int_equal(fstatat(m.root, "usr/bin/env", &st, 0), 0);
        assert_int_equal(fstatat(m.root, "home", &st, 0), -1);
        if (round)
            put_file(m.root, "usr/local/slip-file", "x", 0644);
        slip_mounted_release(&m);
        slip_cleanup(slip_freep) char *names = names_in(upper, ".");
        assert_string_equal(names, round ? "usr" : "");
    }
    slip_cleanup(slip_freep) char *local = names_in(upper, "usr/local");
    assert_string_equal(local, "slip-file");
    (void)close(upper);
    (void)close(scratch);
}

/* In a user namespace a directory with mounts below it can only be shown (exec/rootfs.h): root's
 * podman leaves one in /var/lib. */
static bool var_is_writable(void)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    assert_int_equal(slip_read_file(AT_FDCWD, "/proc/self/mountinfo", 1 << 20, &text, &err), 0);
    return the_tier == SLIP_TIER_ROOT || !strstr(slip_buf_str(&text), " /var/");
}

/* A store in a directory that is shown. */
static void test_store_in_host(void **state)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_mounted_release) struct slip_mounted m = SLIP_MOUNTED_INIT;
    char dir[] = "/var/tmp/slip-exec-XXXXXX";
    struct stat st;

    (void)state;
    assert_non_null(mkdtemp(dir));
    int scratch = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkdirat(scratch, "upper", 0755), 0);
    int upper = openat(scratch, "upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const struct slip_rootfs rootfs = { .upper = upper, .scratch = scratch, .host = true };
    const bool writable = var_is_writable();
    if (slip_rootfs_mount(&rootfs, &m, &err) < 0)
        fail_msg("%s", err.msg);
    assert_int_equal(fstatat(m.root, "var/lib", &st, 0), 0);
    assert_int_equal(mkdirat(m.root, "var/tmp/slip-new", 0755), writable ? 0 : -1);
    assert_true(writable || errno == EROFS);
    put_file(m.root, "usr/local/slip-file", "x", 0644);
    slip_mounted_release(&m);
    slip_cleanup(slip_freep) char *names = names_in(scratch, ".");
    slip_cleanup(slip_freep) char *written = names_in(upper, ".");
    slip_cleanup(slip_freep) char *in_var = names_in(upper, writable ? "var/tmp" : "usr/local");
    assert_string_equal(names, "upper");
    assert_string_equal(written, writable ? "usr var" : "usr");
    assert_string_equal(in_var, writable ? "slip-new" : "slip-file");
    (void)close(upper);
    (void)close(scratch);
    assert_int_equal(slip_remove_tree(AT_FDCWD, dir, &err), 0);
}

/* A root that shows the directory of the store as it is does not keep another's mount busy. */
static void test_store_shown_twice(void **state)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_mounted_release) struct slip_mounted first = SLIP_MOUNTED_INIT;
    slip_cleanup(slip_mounted_release) struct slip_mounted second = SLIP_MOUNTED_INIT;
    char dir[] = "/var/tmp/slip-exec-XXXXXX";
    static const char *const names[] = { "scratch", "spare", "layer" };
    int fds[SLIP_ARRAY_LEN(names)];

    (void)state;
    assert_non_null(mkdtemp(dir));
    int store = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++) {
        assert_int_equal(mkdirat(store, names[i], 0755), 0);
        fds[i] = openat(store, names[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    assert_int_equal(mkdirat(fds[2], "var", 0755), 0); /* in /var itself: no overlay can be made */
    const struct slip_rootfs one = { .upper = -1, .scratch = fds[0], .host = true };
    const struct slip_rootfs two = {
        .layers = &fds[2], .nlayers = 1, .upper = -1, .scratch = fds[1], .host = true
    };
    assert_int_equal(slip_rootfs_mount(&one, &first, &err), 0);
    assert_int_equal(slip_rootfs_mount(&two, &second, &err), 0);
    slip_mounted_release(&first);
    slip_cleanup(slip_freep) char *left = names_in(fds[0], ".");
    assert_string_equal(left, "");
    slip_mounted_release(&second);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++)
        (void)close(fds[i]);
    (void)close(store);
    assert_int_equal(slip_remove_tree(AT_FDCWD, dir, &err), 0);
}

static void count_facts(void *user, int ok, const char *what, const char *detail, const char *fix)
{
    assert_non_null(what);
    assert_non_null(detail);
    assert_true(ok ? fix == NULL : fix != NULL);
    ++*(int *)user;
}

static void test_doctor(void **state)
{
    int facts = 0;

    (void)state;
    slip_tier_doctor(count_facts, &facts);
    assert_int_equal(facts, 10);
}

static int body(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entered),
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_host),
        cmocka_unit_test(test_store_in_host),
        cmocka_unit_test(test_store_shown_twice),
        cmocka_unit_test(test_doctor),
    };

    return cmocka_run_group_tests_name("tier", tests, NULL, NULL) +
           SLIP_RUN_ROWS("layers", counts, test_count);
}

/* Before any tier: what is refused, and what it says. */
static const struct refusal {
    const char *name, *want, *says;
    enum slip_errc code;
} refusals[] = {
    { "unknown", "rootless", "there is no tier 'rootless'", SLIP_EUSAGE },
    { "root for a user", "root", "this process is not root", SLIP_EHOST },
    { "range without ids", "range", "tier range is not possible here", SLIP_EHOST },
};

/* In a child, as a user whom nobody has given anything. */
static void test_refusal(void **state)
{
    const struct refusal *row = *state;
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        struct slip_error err = SLIP_ERROR_INIT;
        enum slip_tier tier;
        if (getuid() == 0 && setresuid(54321, 54321, 54321) < 0)
            _exit(2);
        bool right = slip_tier_enter(row->want, &tier, NULL, &err) == -1 && err.code == row->code &&
                     strstr(err.msg, row->says) && err.hint;
        if (!right)
            fprintf(stderr, "said: %s\n", err.msg ? err.msg : "nothing");
        _exit(!right);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

int main(void)
{
    int failed = getuid() == 0 ? SLIP_RUN_ROWS("refusals", refusals, test_refusal) : 0;
    int rc = run_in_tiers(body);

    return failed ? 1 : rc;
}
