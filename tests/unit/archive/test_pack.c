#include "archive/pack.h"

#include "archive/inflate.h"
#include "sandbox.h"

/* Neither too easy to compress nor too hard, and the same everywhere. */
static void make_input(struct slip_buf *out, size_t n)
{
    uint32_t x = 1;

    while (out->len < n) {
        x = x * 1664525 + 1013904223;
        slip_buf_printf(out, "%x line %u of some text\n", x >> 12, x >> 28);
    }
    out->len = n;
}

static void pack(enum slip_compression c, int level, unsigned threads, const struct slip_buf *in,
                 size_t piece, struct slip_buf *out, struct slip_packed *ret)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_packer_freep) struct slip_packer *p =
        slip_packer_open(c, level, threads, collect, out, &err);

    assert_non_null(p);
    for (size_t at = 0; at < in->len; at += piece)
        assert_int_equal(
            slip_packer_write(p, in->data + at, in->len - at < piece ? in->len - at : piece, &err),
            0);
    assert_int_equal(slip_packer_finish(p, ret, &err), 0);
}

static const struct row {
    const char *name;
    enum slip_compression compression;
    size_t size;
    const char *check; /* a program that tells whether the file is whole */
} rows[] = {
    { "gzip of nothing", SLIP_GZIP, 0, "gzip" },
    { "gzip of a little", SLIP_GZIP, 5000, "gzip" },
    { "gzip of one block", SLIP_GZIP, 1 << 20, "gzip" },
    { "gzip of many blocks", SLIP_GZIP, (13 << 20) + 77, "gzip" },
    { "zstd of a little", SLIP_ZSTD, 5000, "zstd" },
    { "zstd of many blocks", SLIP_ZSTD, (13 << 20) + 77, "zstd" },
    { "plain, a little", SLIP_UNCOMPRESSED, 5000, NULL },
    { "plain, many blocks", SLIP_UNCOMPRESSED, (13 << 20) + 77, NULL },
};

static void check_digests(const struct slip_buf *in, const struct slip_buf *out,
                          const struct slip_packed *packed)
{
    struct slip_digest digest;

    slip_digest_of(in->data, in->len, &digest);
    assert_string_equal(packed->in.hex, digest.hex);
    assert_int_equal(packed->in_size, in->len);
    slip_digest_of(out->data, out->len, &digest);
    assert_string_equal(packed->out.hex, digest.hex);
    assert_int_equal(packed->out_size, out->len);
}

static void check_back(struct sandbox *s, const struct row *row, const struct slip_buf *in,
                       const struct slip_buf *out)
{
    struct slip_digest was, is;

    slip_cleanup(slip_closep) int fd = file_of(s, out->data ? out->data : "", out->len);
    slip_digest_of(in->data, in->len, &was);
    ASSERT_OK(s, slip_inflate_digest(fd, in->len, &is, &s->err));
    assert_string_equal(is.hex, was.hex);
    if (!row->check)
        return;
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s/x.%s", s->path, row->check);
    ASSERT_OK(s, slip_write_file(AT_FDCWD, path, out->data, out->len, 0600, false, &s->err));
    slip_cleanup(slip_freep) char *said = output_of(ARGV(row->check, "-tq", path));
    (void)said;
}

static void same_bytes_from_any_threads(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_buf_release) struct slip_buf in = SLIP_BUF_INIT, first = SLIP_BUF_INIT;
    struct slip_packed packed;
    void *box = NULL;

    make_input(&in, row->size);
    pack(row->compression, 1, 1, &in, 100001, &first, &packed);
    check_digests(&in, &first, &packed);
    for (unsigned threads = 0; threads <= 8; threads += threads < 3 ? 1 : 5) {
        slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
        pack(row->compression, 1, threads, &in, 4000 + threads * 300000, &out, &packed);
        check_digests(&in, &out, &packed);
        assert_int_equal(out.len, first.len);
        assert_int_equal(memcmp(slip_buf_str(&out), slip_buf_str(&first), out.len), 0);
    }
    assert_int_equal(sandbox_begin(&box), 0);
    check_back(box, row, &in, &first);
    sandbox_end(&box);
}

struct full_disk {
    size_t room;
};

static int write_until_full(void *user, const void *p, size_t n, struct slip_error *err)
{
    struct full_disk *d = user;

    (void)p;
    if (n > d->room)
        return slip_fail(err, SLIP_EHOST, "the disk is full");
    d->room -= n;
    return 0;
}

static void a_sink_that_fails_stops_it(void **state)
{
    (void)state;
    slip_cleanup(slip_buf_release) struct slip_buf in = SLIP_BUF_INIT;

    make_input(&in, 9 << 20);
    for (unsigned threads = 1; threads <= 3; threads++) {
        struct full_disk disk = { 900000 };
        slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
        slip_cleanup(slip_packer_freep) struct slip_packer *p =
            slip_packer_open(SLIP_GZIP, 1, threads, write_until_full, &disk, &err);
        struct slip_packed packed;
        int rc = 0;
        for (int i = 0; i < 5 && rc == 0; i++)
            rc = slip_packer_write(p, in.data, in.len, &err);
        if (rc == 0)
            rc = slip_packer_finish(p, &packed, &err);
        assert_int_equal(rc, -1);
        assert_string_equal(err.msg, "the disk is full");
        assert_int_equal(err.code, SLIP_EHOST);
    }
}

static void giving_up_is_fine(void **state)
{
    (void)state;
    slip_cleanup(slip_buf_release) struct slip_buf in = SLIP_BUF_INIT, out = SLIP_BUF_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    struct slip_packer *p = slip_packer_open(SLIP_ZSTD, 3, 4, collect, &out, &err);

    make_input(&in, 6 << 20);
    assert_int_equal(slip_packer_write(p, in.data, in.len, &err), 0);
    slip_packer_free(p);
    slip_packer_free(NULL);
}

static void levels_are_checked(void **state)
{
    (void)state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    assert_null(slip_packer_open(SLIP_GZIP, 13, 1, collect, NULL, &err));
    assert_string_equal(err.msg, "gzip has no level 13");
    assert_string_equal(err.hint, "levels are 1 to 12; 0 is the default");
    assert_null(slip_packer_open(SLIP_ZSTD, -1, 1, collect, NULL, &err));
    assert_string_equal(err.msg, "zstd has no level -1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sink_that_fails_stops_it),
        cmocka_unit_test(giving_up_is_fine),
        cmocka_unit_test(levels_are_checked),
    };

    return SLIP_RUN_ROWS("packed", rows, same_bytes_from_any_threads) +
           cmocka_run_group_tests_name("packer", tests, NULL, NULL);
}
