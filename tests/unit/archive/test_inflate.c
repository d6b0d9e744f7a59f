#include "archive/inflate.h"

#include "archive/pack.h"
#include "sandbox.h"

static void make_text(struct slip_buf *out, size_t n)
{
    for (unsigned i = 0; out->len < n; i++)
        slip_buf_printf(out, "%u bottles, ", i * 2654435761u);
    out->len = n;
}

static void inflates_to(struct sandbox *s, const char *p, size_t n, const struct slip_buf *want)
{
    slip_cleanup(slip_closep) int fd = file_of(s, p, n);
    struct slip_digest is, was;

    slip_digest_of(want->data, want->len, &was);
    ASSERT_OK(s, slip_inflate_digest(fd, want->len, &is, &s->err));
    assert_string_equal(is.hex, was.hex);
}

static void fails_with(struct sandbox *s, const char *p, size_t n, uint64_t limit, const char *why)
{
    slip_cleanup(slip_closep) int fd = file_of(s, p, n);
    struct slip_digest is;

    assert_int_equal(slip_inflate_digest(fd, limit, &is, &s->err), -1);
    if (!strstr(s->err.msg, why))
        fail_msg("'%s' is not in '%s'", why, s->err.msg);
}

static void pack_gzip(const struct slip_buf *in, struct slip_buf *out)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_packer_freep) struct slip_packer *p =
        slip_packer_open(SLIP_GZIP, 1, 1, collect, out, &err);
    struct slip_packed packed;

    assert_int_equal(slip_packer_write(p, in->data, in->len, &err), 0);
    assert_int_equal(slip_packer_finish(p, &packed, &err), 0);
}

/* What other programs make: one large member, other formats. */
static void reads_what_others_compress(void **state)
{
    struct sandbox *s = *state;
    static const char *const programs[] = { "gzip", "zstd", "xz", "bzip2", "cat" };
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s/text", s->path);

    make_text(&text, 5 << 20);
    ASSERT_OK(s, slip_write_file(AT_FDCWD, path, text.data, text.len, 0600, false, &s->err));
    for (size_t i = 0; i < SLIP_ARRAY_LEN(programs); i++) {
        slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
        if (!slip_proc_have(programs[i]))
            continue;
        run(i == 4 ? ARGV("cat", path) : ARGV(programs[i], "-c", path), &out);
        inflates_to(s, out.data, out.len, &text);
    }
}

static void a_large_member_after_small_ones(void **state)
{
    struct sandbox *s = *state;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT, packed = SLIP_BUF_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf large = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s/text", s->path);

    make_text(&text, 3 << 20);
    ASSERT_OK(s, slip_write_file(AT_FDCWD, path, text.data, text.len, 0600, false, &s->err));
    if (!slip_proc_have("gzip"))
        skip();
    run(ARGV("gzip", "-c", path), &large);
    pack_gzip(&text, &packed);
    slip_buf_put(&packed, large.data, large.len);
    pack_gzip(&text, &packed);
    slip_cleanup(slip_buf_release) struct slip_buf want = SLIP_BUF_INIT;
    for (int i = 0; i < 3; i++)
        slip_buf_put(&want, text.data, text.len);
    inflates_to(s, packed.data, packed.len, &want);
}

static void damage_is_an_error(void **state)
{
    struct sandbox *s = *state;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT, packed = SLIP_BUF_INIT;

    make_text(&text, 3 << 20);
    pack_gzip(&text, &packed);
    fails_with(s, packed.data, packed.len, text.len - 1, "larger than its limit");
    fails_with(s, packed.data, packed.len / 2, text.len, "damaged");
    fails_with(s, packed.data, packed.len - 4, text.len, "damaged");
    slip_buf_put(&packed, "\x1f\x8b\x08", 3); /* a member that begins and ends at once */
    fails_with(s, packed.data, packed.len, text.len, "damaged");
    packed.data[packed.len / 3] ^= 1;
    fails_with(s, packed.data, packed.len, text.len, "damaged");
}

static void what_stands_behind_is_ignored(void **state)
{
    struct sandbox *s = *state;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT, packed = SLIP_BUF_INIT;

    make_text(&text, 1000);
    pack_gzip(&text, &packed);
    slip_buf_put(&packed, "\0\0\0\0", 4);
    inflates_to(s, packed.data, packed.len, &text);
}

static void reads_from_a_pipe(void **state)
{
    struct sandbox *s = *state;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT, packed = SLIP_BUF_INIT;
    struct slip_digest is, was;
    int ends[2];

    make_text(&text, 30000);
    pack_gzip(&text, &packed);
    assert_true(packed.len < 65536);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(slip_write_all(ends[1], packed.data, packed.len), 0);
    close(ends[1]);
    ASSERT_OK(s, slip_inflate_digest(ends[0], text.len, &is, &s->err));
    close(ends[0]);
    slip_digest_of(text.data, text.len, &was);
    assert_string_equal(is.hex, was.hex);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, sandbox_begin, sandbox_end)
    const struct CMUnitTest tests[] = {
        TEST(reads_what_others_compress), TEST(a_large_member_after_small_ones),
        TEST(damage_is_an_error),         TEST(what_stands_behind_is_ignored),
        TEST(reads_from_a_pipe),
    };

    return cmocka_run_group_tests_name("inflate", tests, NULL, NULL);
}
