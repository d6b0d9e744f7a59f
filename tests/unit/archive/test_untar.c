#include "archive/untar.h"

#include "rawtar.h"
#include "sandbox.h"

#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define SIZE_2_62 "\x80\0\0\0\x40\0\0\0\0\0\0" /* base 256 */
#define SIZE_MINUS_1 "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"

/* What an archive tells: "type path link size", one line for each entry, or an error's text. */
static const struct row {
    const char *name;
    struct raw entries[6];
    const char *told, *error;
} rows[] = {
    { "plain entries",
      { { '5', "d/" }, { '0', "d/f", .body = "abc" }, { '2', "l", "d" }, { '1', "h", "d/f" } },
      "d d/ - 0\nf d/f - 3\nl l d 0\nh h d/f 0\n",
      NULL },
    { "an old tar's directory", { { 0x7f, NULL } }, NULL, "unknown type 0x7f" },
    { "a contiguous file is a file", { { '7', "f", .body = "x" } }, "f f - 1\n", NULL },
    { "ustar's prefix", { { '0', "f", .prefix = "a/b" } }, "f a/b/f - 0\n", NULL },
    { "a path from pax",
      { { 'x', "p",
          .body = "15 path=a/b/c\n"
                  "0",
          .len = 14 },
        { '0', "short" } },
      NULL,
      "wrong length" },
    { "a path and a link from pax",
      { { 'x', "p", .body = "14 path=a/b/c\n14 linkpath=t\n" }, { '2', "short" } },
      "l a/b/c t 0\n",
      NULL },
    { "pax counts for one entry",
      { { 'x', "p", .body = "10 path=a\n" }, { '0', "b" }, { '0', "c" } },
      "f a - 0\nf c - 0\n",
      NULL },
    { "GNU long name",
      { { 'L', "././@LongLink", .body = HUNDRED TEN }, { '0', "x" } },
      "f " HUNDRED TEN " - 0\n",
      NULL },
    { "GNU long link",
      { { 'K', "././@LongLink", .body = HUNDRED TEN }, { '2', "x", "y" } },
      "l x " HUNDRED TEN " 0\n",
      NULL },
    { "a comment for all",
      { { 'g', "p", .body = "17 comment=abcde\n" }, { '0', "x" } },
      "f x - 0\n",
      NULL },
    { "no end mark", { { '0', "x" }, { 'e', NULL } }, "f x - 0\n", NULL },
    { "bytes after the end mark are none of ours",
      { { '0', "x" }, { 'z', NULL, .body = (const char[1024]){ 0 }, .len = 1024 }, { '0', "y" } },
      "f x - 0\n",
      NULL },

    { "9 a NUL in a pax path",
      { { 'x', "p", .body = "12 path=a\0b\n", .len = 12 }, { '0', "x" } },
      NULL,
      "NUL byte" },
    { "66 unknown type", { { 'Z', "x" } }, NULL, "unknown type 0x5a" },
    { "70 a size of 2^62", { { '0', "x", .size = SIZE_2_62 } }, NULL, "size is not one" },
    { "71 a negative size", { { '0', "x", .size = SIZE_MINUS_1 } }, NULL, "size is not one" },
    { "a size that is no number",
      { { '0', "x", .size = "0000000x000" } },
      NULL,
      "size is not one" },
    { "72 a sparse file of 2^62",
      { { 'S', "x", .sparse = (const long long[]){ 1LL << 62, -1 } } },
      NULL,
      "real size is not one" },
    { "72 a sparse file of 2^62 by pax",
      { { 'x', "p", .body = "22 GNU.sparse.major=1\n43 GNU.sparse.realsize=4611686018427387904\n" },
        { '0', "x" } },
      NULL,
      "is not a number it may be" },
    { "an old sparse file",
      { { 'S', "x", .body = "abc", .sparse = (const long long[]){ 1000, 500, 3, -1 } },
        { '0', "y" } },
      "f x - 1000\nf y - 0\n",
      NULL },
    { "a file of one hole",
      { { 'S', "x", .sparse = (const long long[]){ 1000, -1 } } },
      "f x - 1000\n",
      NULL },
    { "pieces that overlap",
      { { 'S', "x", .body = "abcd", .sparse = (const long long[]){ 9, 2, 2, 3, 2, -1 } } },
      NULL,
      "map of a sparse file is none" },
    { "pieces behind the end",
      { { 'S', "x", .body = "abcd", .sparse = (const long long[]){ 9, 6, 4, -1 } } },
      NULL,
      "map of a sparse file is none" },
    { "pieces of more bytes than there are",
      { { 'S', "x", .body = "abc", .sparse = (const long long[]){ 9, 2, 4, -1 } } },
      NULL,
      "map of a sparse file is none" },
    { "pax 0.0",
      { { 'x', "p",
          .body = "22 GNU.sparse.size=99\n26 GNU.sparse.numblocks=1\n23 GNU.sparse.offset=7\n"
                  "25 GNU.sparse.numbytes=3\n" },
        { '0', "x", .body = "abc" } },
      "f x - 99\n",
      NULL },
    { "pax 0.1",
      { { 'x', "p",
          .body = "22 GNU.sparse.size=99\n22 GNU.sparse.name=ab\n22 GNU.sparse.map=7,3\n" },
        { '0', "x", .body = "abc" } },
      "f ab - 99\n",
      NULL },
    { "pax 0.1, half a piece",
      { { 'x', "p", .body = "22 GNU.sparse.size=99\n20 GNU.sparse.map=7\n" },
        { '0', "x", .body = "abc" } },
      NULL,
      "map of a sparse file is none" },
    { "pax 1.0, no map",
      { { 'x', "p", .body = "22 GNU.sparse.major=1\n26 GNU.sparse.realsize=99\n" },
        { '0', "x", .body = "1\n7\n3\n" } },
      NULL,
      "map of a sparse file is cut off" },
    { "pax 1.0, a map of text",
      { { 'x', "p", .body = "22 GNU.sparse.major=1\n26 GNU.sparse.realsize=99\n" },
        { '0', "x", .body = HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED } },
      NULL,
      "map of a sparse file is none" },
    { "pax 2.0",
      { { 'x', "p", .body = "22 GNU.sparse.major=2\n26 GNU.sparse.realsize=99\n" }, { '0', "x" } },
      NULL,
      "in no known way" },
    { "a sparse directory",
      { { 'x', "p", .body = "22 GNU.sparse.size=99\n" }, { '5', "x" } },
      NULL,
      "in no known way" },
    { "73 a pax length that overflows",
      { { 'x', "p", .body = "99999999999999999999999 path=a\n" }, { '0', "x" } },
      NULL,
      "wrong length" },
    { "73 a negative pax length",
      { { 'x', "p", .body = "-5 path=a\n" }, { '0', "x" } },
      NULL,
      "wrong length" },
    { "73 a pax length behind the end",
      { { 'x', "p", .body = "11 path=a\n" }, { '0', "x" } },
      NULL,
      "wrong length" },
    { "73 a pax record without a key",
      { { 'x', "p", .body = "8 =aaaa\n" }, { '0', "x" } },
      NULL,
      "has no key" },
    { "74 a pax header of 4 GiB",
      { { 'x', "p", .size = "40000000000" } },
      NULL,
      "larger than the limit" },
    { "75 a bad checksum", { { '0', "x", .spoil = 1 } }, NULL, "wrong checksum" },
    { "76 a body that is cut off",
      { { '0', "x", .size = "00000002000" }, { 'e', NULL } },
      NULL,
      "cut off" },
    { "76 a header that is cut off",
      { { '0', "x" }, { 'z', NULL, .body = "half a header" }, { 'e', NULL } },
      NULL,
      "cut off" },
    { "a pax header of nothing that follows",
      { { 'x', "p", .body = "10 path=a\n" }, { 'e', NULL } },
      NULL,
      "cut off" },
    { "79 a user id of 2^40",
      { { 'x', "p", .body = "21 uid=1099511627776\n" }, { '0', "x" } },
      NULL,
      "'uid' is not a number it may be" },
    { "79 a negative group id",
      { { 'x', "p", .body = "10 gid=-5\n" }, { '0', "x" } },
      NULL,
      "'gid' is not a number it may be" },
    { "79 a time of 1e20",
      { { 'x', "p", .body = "31 mtime=100000000000000000000\n" }, { '0', "x" } },
      NULL,
      "'mtime' is not a time" },
    { "80 a path for all",
      { { 'g', "p", .body = "10 path=a\n" }, { '0', "x" } },
      NULL,
      "sets 'path' for every entry" },
    { "82 two sizes",
      { { 'x', "p", .body = "10 size=0\n" }, { '0', "x", .body = "hidden" } },
      NULL,
      "two sizes" },
    { "83 two long names",
      { { 'L', "././@LongLink", .body = "a" },
        { 'L', "././@LongLink", .body = "b" },
        { '0', "x" } },
      NULL,
      "two long names" },
    { "two pax headers",
      { { 'x', "p", .body = "10 path=a\n" }, { 'x', "p", .body = "10 path=b\n" }, { '0', "x" } },
      NULL,
      "two pax headers" },
    { "a path twice",
      { { 'x', "p", .body = "10 path=a\n10 path=b\n" }, { '0', "x" } },
      NULL,
      "stands there twice" },
    { "37 a hard link with a body",
      { { '1', "h", "x", .body = "abc" } },
      NULL,
      "a hard link has a body" },
    { "text",
      { { 'z', NULL, .body = HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED } },
      NULL,
      "not a tar archive" },
    { "nothing", { { 'e', NULL } }, NULL, "empty" },
};

static char letter(const struct slip_tar_entry *e)
{
    return e->hardlink ? 'h' : S_ISDIR(e->mode) ? 'd' : S_ISLNK(e->mode) ? 'l' : 'f';
}

static void tell(struct slip_untar *from, struct slip_buf *told, struct slip_error *err)
{
    struct slip_tar_entry e;

    while (slip_untar_next(from, &e, err) > 0)
        slip_buf_printf(told, "%c %s %s %llu\n", letter(&e), e.path, e.link ? e.link : "-",
                        (unsigned long long)e.size);
}

static void reads_or_refuses(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_buf_release) struct slip_buf tar = SLIP_BUF_INIT, told = SLIP_BUF_INIT;
    void *box;
    bool end = true;

    for (const struct raw *e = row->entries; e->type; e++) {
        if (e->type == 'e')
            end = false;
        else
            raw_add(&tar, e);
    }
    if (end)
        raw_end(&tar);
    assert_int_equal(sandbox_begin(&box), 0);
    struct sandbox *s = box;
    {
        slip_cleanup(slip_closep) int fd = file_of(s, tar.data ? tar.data : "", tar.len);
        slip_cleanup(slip_untar_freep) struct slip_untar *from =
            slip_untar_open(fd, 1 << 20, true, &s->err);
        assert_non_null(from);
        tell(from, &told, &s->err);
        if (row->error && (!s->err.msg || !strstr(s->err.msg, row->error)))
            fail_msg("'%s' is not in '%s'", row->error, s->err.msg ? s->err.msg : told.data);
        if (!row->error) {
            if (s->err.msg)
                fail_msg("%s", s->err.msg);
            assert_string_equal(slip_buf_str(&told), row->told);
        }
    }
    sandbox_end(&box);
}

static void bodies_ids_times_and_attributes(void **state)
{
    struct sandbox *s = *state;
    slip_cleanup(slip_buf_release) struct slip_buf tar = SLIP_BUF_INIT;
    const char *pax = "15 uid=3000000\n17 mtime=-1.5000\n31 SCHILY.xattr.user.k=a\0b=c\nd\n";
    struct slip_tar_entry e;
    const char *p;
    size_t n;

    raw_add(&tar, &(struct raw){ 'x', "p", .body = pax, .len = 15 + 17 + 31 });
    raw_add(&tar, &(struct raw){ '0', "f", .body = "hello", .uid = 1, .gid = 7, .mode = 06711 });
    raw_add(&tar, &(struct raw){ '3', "n", .device = "13" });
    raw_end(&tar);
    slip_cleanup(slip_closep) int fd = file_of(s, tar.data, tar.len);
    slip_cleanup(slip_untar_freep) struct slip_untar *from =
        slip_untar_open(fd, 1 << 20, true, &s->err);
    ASSERT_OK(s, slip_untar_next(from, &e, &s->err));
    assert_int_equal(e.uid, 3000000);
    assert_int_equal(e.gid, 7);
    assert_int_equal(e.mode, S_IFREG | 06711);
    assert_int_equal(e.mtime, -2);
    assert_int_equal(e.nxattrs, 1);
    assert_string_equal(e.xattrs[0].name, "user.k");
    assert_int_equal(e.xattrs[0].len, 7);
    assert_memory_equal(e.xattrs[0].value, "a\0b=c\nd", 7);
    assert_int_equal(slip_untar_data(from, &p, &n, &s->err), 1);
    assert_int_equal(n, 5);
    assert_memory_equal(p, "hello", 5);
    assert_int_equal(slip_untar_data(from, &p, &n, &s->err), 0);
    ASSERT_OK(s, slip_untar_next(from, &e, &s->err));
    assert_int_equal(e.rdev, 0x103);
    assert_int_equal(e.nxattrs, 0);
    assert_int_equal(slip_untar_next(from, &e, &s->err), 0);
}

static void the_digest_counts_every_byte(void **state)
{
    struct sandbox *s = *state;
    slip_cleanup(slip_buf_release) struct slip_buf tar = SLIP_BUF_INIT;
    struct slip_digest is, want;
    struct slip_tar_entry e;

    raw_add(&tar, &(struct raw){ '0', "f", .body = "hello" });
    raw_end(&tar);
    slip_buf_puts(&tar, "something behind the end mark");
    slip_cleanup(slip_closep) int fd = file_of(s, tar.data, tar.len);
    slip_cleanup(slip_untar_freep) struct slip_untar *from =
        slip_untar_open(fd, 1 << 20, true, &s->err);
    assert_int_equal(slip_untar_next(from, &e, &s->err), 1);
    assert_int_equal(slip_untar_next(from, &e, &s->err), 0);
    ASSERT_OK(s, slip_untar_drain(from, 0, &is, &s->err));
    slip_digest_of(tar.data, tar.len, &want);
    assert_string_equal(is.hex, want.hex);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, sandbox_begin, sandbox_end)
    const struct CMUnitTest tests[] = {
        TEST(bodies_ids_times_and_attributes),
        TEST(the_digest_counts_every_byte),
    };

    return SLIP_RUN_ROWS("untar", rows, reads_or_refuses) +
           cmocka_run_group_tests_name("untar", tests, NULL, NULL);
}
