#include "archive/tar.h"

#include "sandbox.h"
#include "util/digest.h"

#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

/* One entry, and the fields of its ustar header at their offsets. */
static const struct row {
    const char *name;
    struct slip_tar_entry entry;
    size_t size;      /* of all that is written before the body */
    const char *path; /* header name, then prefix */
    const char *prefix;
    const char *numbers; /* mode, uid, gid, size, mtime */
    char type;
    const char *pax; /* records, or NULL */
} rows[] = {
    { "a file",
      { .path = "usr/bin/x", .mode = S_IFREG | 04755, .uid = 1, .gid = 2, .mtime = 8, .size = 9 },
      512,
      "usr/bin/x",
      "",
      "0004755 0000001 0000002 00000000011 00000000010",
      '0',
      NULL },
    { "a directory gets its slash",
      { .path = "usr", .mode = S_IFDIR | 0755 },
      512,
      "usr/",
      "",
      "0000755 0000000 0000000 00000000000 00000000000",
      '5',
      NULL },
    { "a symbolic link",
      { .path = "l", .link = "usr", .mode = S_IFLNK | 0777 },
      512,
      "l",
      "",
      "0000777 0000000 0000000 00000000000 00000000000",
      '2',
      NULL },
    { "a hard link has no body",
      { .path = "l", .link = "usr", .hardlink = true, .mode = S_IFREG | 0644, .size = 5 },
      512,
      "l",
      "",
      "0000644 0000000 0000000 00000000000 00000000000",
      '1',
      NULL },
    { "a long path is split",
      { .path = HUNDRED "/" TEN, .mode = S_IFREG | 0644 },
      512,
      TEN,
      HUNDRED,
      "0000644 0000000 0000000 00000000000 00000000000",
      '0',
      NULL },
    { "a long name needs pax",
      { .path = HUNDRED "1", .mode = S_IFREG | 0644 },
      1536,
      HUNDRED,
      "",
      "0000644 0000000 0000000 00000000000 00000000000",
      '0',
      "111 path=" HUNDRED "1\n" },
    { "a large id needs pax",
      { .path = "x", .mode = S_IFREG | 0644, .uid = 4000000, .gid = 2097152 },
      1536,
      "x",
      "",
      "0000644 0000000 0000000 00000000000 00000000000",
      '0',
      "15 gid=2097152\n15 uid=4000000\n" },
    { "8 GiB need pax",
      { .path = "x", .mode = S_IFREG | 0644, .size = (uint64_t)1 << 33 },
      1536,
      "x",
      "",
      "0000644 0000000 0000000 00000000000 00000000000",
      '0',
      "19 size=8589934592\n" },
    { "before 1970 needs pax",
      { .path = "x", .mode = S_IFREG | 0644, .mtime = -1 },
      1536,
      "x",
      "",
      "0000644 0000000 0000000 00000000000 00000000000",
      '0',
      "12 mtime=-1\n" },
    { "attributes need pax",
      { .path = "x",
        .mode = S_IFREG | 0644,
        .nxattrs = 1,
        .xattrs = &(const struct slip_tar_xattr){ "user.a", "1\n2", 3 } },
      1536,
      "x",
      "",
      "0000644 0000000 0000000 00000000000 00000000000",
      '0',
      "27 SCHILY.xattr.user.a=1\n2\n" },
    { "a length that counts its own digits",
      { .path = "x",
        .mode = S_IFREG | 0644,
        .nxattrs = 1,
        .xattrs =
            &(const struct slip_tar_xattr){ "user.a", TEN TEN TEN TEN TEN TEN TEN "012345", 76 } },
      1536,
      "x",
      "",
      "0000644 0000000 0000000 00000000000 00000000000",
      '0',
      "101 SCHILY.xattr.user.a=" TEN TEN TEN TEN TEN TEN TEN "012345\n" },
};

static void writes(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_tar_release) struct slip_tar tar = SLIP_TAR_INIT(collect, &out);
    char numbers[64];

    assert_int_equal(slip_tar_begin(&tar, &row->entry, &err), 0);
    assert_int_equal(out.len, row->size);
    if (row->pax) {
        assert_int_equal(out.data[156], 'x');
        assert_string_equal(out.data + 512, row->pax);
    }
    const char *h = out.data + row->size - 512;
    snprintf(numbers, sizeof numbers, "%s %s %s %s %s", h + 100, h + 108, h + 116, h + 124,
             h + 136);
    assert_string_equal(numbers, row->numbers);
    assert_memory_equal(h, row->path, strlen(row->path));
    assert_string_equal(h + 345, row->prefix);
    assert_int_equal(h[156], row->type);
    assert_memory_equal(h + 257, "ustar\00000\0", 9); /* and no user's name */
    assert_int_equal(h[297], 0);
}

static int write_sample(struct slip_tar *tar, struct slip_error *err)
{
    static const struct slip_tar_xattr cap = { "user.note", "v", 1 };
    static const struct slip_tar_entry entries[] = {
        { .path = "etc", .mode = S_IFDIR | 0755, .mtime = 1700000000 },
        { .path = "etc/motd",
          .mode = S_IFREG | 0644,
          .uid = 10,
          .gid = 20,
          .mtime = 1700000000,
          .size = 3,
          .xattrs = &cap,
          .nxattrs = 1 },
        { .path = "etc/same", .link = "etc/motd", .hardlink = true, .mode = S_IFREG | 0644 },
        { .path = "etc/" HUNDRED "x", .mode = S_IFREG | 0600, .mtime = 1 },
        { .path = "lib", .link = "usr/lib", .mode = S_IFLNK | 0777, .uid = 3000000 },
        { .path = "null", .mode = S_IFCHR | 0666, .rdev = 0x103 },
        { .path = "pipe", .mode = S_IFIFO | 0600 },
    };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(entries); i++)
        if (slip_tar_begin(tar, &entries[i], err) < 0 ||
            (entries[i].size && slip_tar_body(tar, "hi\n", 3, err) < 0))
            return -1;
    return slip_tar_finish(tar, err);
}

/* The whole archive as one number: if it changes, every layer of every user does. */
static void bytes_are_what_they_were(void **state)
{
    (void)state;
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_tar_release) struct slip_tar tar = SLIP_TAR_INIT(collect, &out);
    struct slip_digest digest;

    assert_int_equal(write_sample(&tar, &err), 0);
    slip_digest_of(out.data, out.len, &digest);
    assert_int_equal(out.len, 8192);
    assert_string_equal(digest.hex,
                        "fef16cee07da9de0d9702e4b354494ec7623f3053bff2b2982e893adf2142c0e");
}

static void others_can_list_it(void **state)
{
    struct sandbox *s = *state;
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    slip_cleanup(slip_tar_release) struct slip_tar tar = SLIP_TAR_INIT(collect, &out);
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s/x.tar", s->path);

    ASSERT_OK(s, write_sample(&tar, &s->err));
    slip_cleanup(slip_closep) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(slip_write_all(fd, out.data, out.len), 0);

    slip_cleanup(slip_freep) char *gnu =
        output_of(ARGV("tar", "--utc", "--numeric-owner", "-tvf", path));
    if (gnu)
        assert_string_equal(
            gnu, "drwxr-xr-x 0/0               0 2023-11-14 22:13 etc/\n"
                 "-rw-r--r-- 10/20             3 2023-11-14 22:13 etc/motd\n"
                 "hrw-r--r-- 0/0               0 1970-01-01 00:00 etc/same link to etc/motd\n"
                 "-rw------- 0/0               0 1970-01-01 00:00 etc/" HUNDRED "x\n"
                 "lrwxrwxrwx 3000000/0         0 1970-01-01 00:00 lib -> usr/lib\n"
                 "crw-rw-rw- 0/0             1,3 1970-01-01 00:00 null\n"
                 "prw------- 0/0               0 1970-01-01 00:00 pipe\n");
    slip_cleanup(slip_freep) char *python = output_of(
        ARGV("python3", "-c",
             "import sys,tarfile\n"
             "for m in tarfile.open(sys.argv[1]):\n"
             "    print(m.name[:9], m.type.decode(), oct(m.mode), m.uid, m.gid, m.size, m.mtime, "
             "m.linkname, m.pax_headers.get('SCHILY.xattr.user.note', '-'))\n",
             path));
    if (python)
        assert_string_equal(python, "etc 5 0o755 0 0 0 1700000000  -\n"
                                    "etc/motd 0 0o644 10 20 3 1700000000  v\n"
                                    "etc/same 1 0o644 0 0 0 0 etc/motd -\n"
                                    "etc/01234 0 0o600 0 0 0 1  -\n"
                                    "lib 2 0o777 3000000 0 0 0 usr/lib -\n"
                                    "null 3 0o666 0 0 0 0  -\n"
                                    "pipe 6 0o600 0 0 0 0  -\n");
}

static void sizes_are_kept(void **state)
{
    (void)state;
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_tar_release) struct slip_tar tar = SLIP_TAR_INIT(collect, &out);
    const struct slip_tar_entry entry = { .path = "x", .mode = S_IFREG, .size = 2 };

    assert_int_equal(slip_tar_begin(&tar, &entry, &err), 0);
    assert_int_equal(slip_tar_body(&tar, "abc", 3, &err), -1);
    assert_int_equal(slip_tar_begin(&tar, &entry, &err), -1);
    assert_int_equal(slip_tar_finish(&tar, &err), -1);
    assert_int_equal(slip_tar_body(&tar, "ab", 2, &err), 0);
    assert_int_equal(out.len, 1024);
    assert_int_equal(slip_tar_finish(&tar, &err), 0);
    assert_int_equal(out.len, 2048);
}

static void what_tar_cannot_say_is_refused(void **state)
{
    (void)state;
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_tar_release) struct slip_tar tar = SLIP_TAR_INIT(collect, &out);
    const struct slip_tar_xattr odd = { "user.a=b", "", 0 };

    assert_int_equal(
        slip_tar_begin(&tar, &(struct slip_tar_entry){ .path = "s", .mode = S_IFSOCK }, &err), -1);
    assert_string_equal(err.msg, "'s' is of a type that tar cannot hold");
    assert_int_equal(
        slip_tar_begin(
            &tar,
            &(struct slip_tar_entry){ .path = "x", .mode = S_IFREG, .xattrs = &odd, .nxattrs = 1 },
            &err),
        -1);
    assert_string_equal(err.msg,
                        "'x' has the extended attribute 'user.a=b', whose name tar cannot hold");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_what_they_were),
        cmocka_unit_test_setup_teardown(others_can_list_it, sandbox_begin, sandbox_end),
        cmocka_unit_test(sizes_are_kept),
        cmocka_unit_test(what_tar_cannot_say_is_refused),
    };

    return SLIP_RUN_ROWS("tar headers", rows, writes) +
           cmocka_run_group_tests_name("tar", tests, NULL, NULL);
}
