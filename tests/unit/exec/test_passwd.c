/* USER against the image's passwd and group: names, numbers, memberships, and files that lie. */
#include "exec/passwd.h"

#include "exec/tiers.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
                             "app:x:1000:1001:App:/home/app:/bin/sh\n"
                             "1234:x:77:78::/seventy-seven:/bin/sh\n"
                             "short:x:5\n"
                             "huge:x:4294967296:1::/:/bin/sh\n"
                             "minus:x:-1:1::/:/bin/sh\n"
                             "nohome:x:1500:1500:::\n";
static const char group[] = "root:x:0:\n"
                            "app:x:1001:app\n"
                            "dialout:x:20:app,root\n"
                            "video:x:44:other,app\n"
                            "append:x:45:app2\n"
                            "huge:x:99999999999:app\n";

static const struct row {
    const char *name;
    const char *user;
    const char *says; /* uid:gid home groups, or the error */
} rows[] = {
    { "nobody in particular", "", "0:0 /root 20" },
    { "root", "root", "0:0 /root 20" },
    { "by name", "app", "1000:1001 /home/app 20,44" },
    { "by number, listed", "1000", "1000:1001 /home/app 20,44" },
    { "by number, not listed", "4321", "4321:0 / " },
    { "a name that is a number", "1234", "77:78 /seventy-seven " },
    { "with a group", "app:video", "1000:44 /home/app " },
    { "with a group's number", "app:9", "1000:9 /home/app " },
    { "numbers", "3:4", "3:4 / " },
    { "group only", ":video", "0:44 /root " },
    { "an empty group", "app:", "1000:1001 /home/app 20,44" },
    { "no home", "nohome", "1500:1500 / " },
    { "unknown user", "ghost", "user 'ghost' is not in /etc/passwd of the image" },
    { "unknown group", "app:ghost", "group 'ghost' is not in /etc/group of the image" },
    { "a line without a group", "short", "user 'short' is not in /etc/passwd of the image" },
    { "an id beyond 32 bits", "huge", "user 'huge' is not in /etc/passwd of the image" },
    { "a negative id", "minus", "user 'minus' is not in /etc/passwd of the image" },
    { "an id that overflows to root", "4294967296",
      "user '4294967296' is not in /etc/passwd of the image" },
};

static int root_dir(char path[32])
{
    snprintf(path, 32, "/tmp/slip-passwd-XXXXXX");
    assert_non_null(mkdtemp(path));
    int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(root >= 0);
    assert_int_equal(mkdirat(root, "etc", 0755), 0);
    return root;
}

static void root_drop(int root, const char *path)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    (void)close(root);
    assert_int_equal(slip_remove_tree(AT_FDCWD, path, &err), 0);
}

static void test_find(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_identity_release) struct slip_identity id = { 0 };
    slip_cleanup(slip_buf_release) struct slip_buf says = SLIP_BUF_INIT;
    char path[32];
    int root = root_dir(path);

    put_file(root, "etc/passwd", passwd, 0644);
    put_file(root, "etc/group", group, 0644);
    if (slip_identity_find(root, row->user, &id, &err) < 0) {
        slip_buf_puts(&says, err.msg);
        assert_int_equal(err.code, SLIP_EINPUT);
    } else {
        slip_buf_printf(&says, "%u:%u %s ", id.uid, id.gid, id.home);
        for (size_t i = 0; i < id.ngroups; i++)
            slip_buf_printf(&says, "%s%u", i ? "," : "", id.groups[i]);
    }
    assert_string_equal(slip_buf_str(&says), row->says);
    root_drop(root, path);
}

/* What an image may put in the place of the file. */
struct trap {
    const char *name;
    int (*set)(int root);
    int result; /* of a numeric user */
};

static int no_file(int root)
{
    (void)root;
    return 0;
}

static int fifo(int root)
{
    return mkfifoat(root, "etc/passwd", 0644);
}

static int endless(int root)
{
    return symlinkat("/dev/zero", root, "etc/passwd");
}

static int outside(int root)
{
    return symlinkat("../../../../../../etc/passwd", root, "etc/passwd");
}

static int large(int root)
{
    int fd = openat(root, "etc/passwd", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    int rc = ftruncate(fd, (1 << 20) + 1);

    (void)close(fd);
    return rc;
}

static const struct trap traps[] = {
    { "no file", no_file, 0 },
    { "a fifo", fifo, -1 },
    { "a link to a device", endless, 0 }, /* there is no /dev in the image */
    { "a link outwards", outside, 0 },    /* leads back to itself */
    { "a large file", large, -1 },
};

static void test_trap(void **state)
{
    const struct trap *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_identity_release) struct slip_identity id = { 0 };
    char path[32];
    int root = root_dir(path);

    assert_int_equal(row->set(root), 0);
    assert_int_equal(slip_identity_find(root, "1000", &id, &err), row->result);
    assert_string_equal(row->result ? "" : id.home, row->result ? "" : "/");
    root_drop(root, path);
}

static const struct row owners[] = {
    { "a name", "app", "1000:1001" },
    { "a number is the group too", "1000", "1000:1000" },
    { "a number is nobody's name", "1234", "1234:1234" },
    { "such a number, and a group", "1234:video", "1234:44" },
    { "a number, listed, and a number", "1000:9", "1000:9" },
    { "a name and a number", "app:9", "1000:9" },
    { "names", "app:video", "1000:44" },
    { "group only", ":video", "0:44" },
    { "an empty group is root's", "app:", "1000:0" },
    { "nothing at all", ":", "0:0" },
    { "unknown user", "ghost:9", "user 'ghost' is not in /etc/passwd of the image" },
    { "unknown group", "7:ghost", "group 'ghost' is not in /etc/group of the image" },
    { "too large", "4294967296", "user '4294967296' is not in /etc/passwd of the image" },
    { "negative", "-1", "user '-1' is not in /etc/passwd of the image" },
};

static void test_owner(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    char path[32], says[32];
    int root = root_dir(path);
    uid_t uid;
    gid_t gid;

    put_file(root, "etc/passwd", passwd, 0644);
    put_file(root, "etc/group", group, 0644);
    if (slip_identity_owner(root, row->user, &uid, &gid, &err) < 0) {
        assert_string_equal(err.msg, row->says);
    } else {
        snprintf(says, sizeof says, "%u:%u", uid, gid);
        assert_string_equal(says, row->says);
    }
    root_drop(root, path);
}

int main(void)
{
    return SLIP_RUN_ROWS("identity", rows, test_find) +
           SLIP_RUN_ROWS("owners", owners, test_owner) + SLIP_RUN_ROWS("traps", traps, test_trap);
}
