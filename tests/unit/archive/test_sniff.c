#include "archive/sniff.h"

#include "archive/pack.h"
#include "rawtar.h"
#include "sandbox.h"

static const struct raw file = { '0', "f", .body = "text" }, spoiled = { '0', "f", .spoil = 1 };

/* Each in a file of its own, and behind a few bytes that were read already. */
static void answers(struct sandbox *s, const char *what, const struct slip_buf *bytes, int want)
{
    slip_cleanup(slip_closep) int fd = file_of(s, bytes->data ? bytes->data : "", bytes->len);
    int is = slip_is_archive(fd, &s->err);

    if (is != want)
        fail_msg("%s: %d", what, is);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
}

static void pack(enum slip_compression how, const struct slip_buf *in, struct slip_buf *out)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_packer_freep) struct slip_packer *p =
        slip_packer_open(how, 1, 1, collect, out, &err);
    struct slip_packed packed;

    assert_int_equal(slip_packer_write(p, in->data, in->len, &err), 0);
    assert_int_equal(slip_packer_finish(p, &packed, &err), 0);
}

/* Plain, and in what every build of this program can write. */
static void in_all_forms(struct sandbox *s, const char *what, const struct slip_buf *bytes,
                         int want)
{
    slip_cleanup(slip_buf_release) struct slip_buf gzip = SLIP_BUF_INIT, zstd = SLIP_BUF_INIT;

    answers(s, what, bytes, want);
    pack(SLIP_GZIP, bytes, &gzip);
    answers(s, what, &gzip, want);
    pack(SLIP_ZSTD, bytes, &zstd);
    answers(s, what, &zstd, want);
}

static void tells_archives(void **state)
{
    slip_cleanup(slip_buf_release) struct slip_buf tar = SLIP_BUF_INIT;

    raw_add(&tar, &file);
    in_all_forms(*state, "without an end", &tar, 1);
    raw_end(&tar);
    in_all_forms(*state, "whole", &tar, 1);
    memset(tar.data + 257, 0, 8); /* older than ustar; the checksum follows */
    raw_field(tar.data + 148, 7, 0);
    unsigned sum = 0;
    for (size_t i = 0; i < 512; i++)
        sum += i >= 148 && i < 156 ? ' ' : (unsigned char)tar.data[i];
    raw_field(tar.data + 148, 7, sum);
    in_all_forms(*state, "old", &tar, 1);
}

static void tells_what_was_cut(void **state)
{
    slip_cleanup(slip_buf_release) struct slip_buf tar = SLIP_BUF_INIT, gzip = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *body = slip_xcalloc(1, 200001);
    struct raw noise = { '0', "f", .body = body, .len = 200000 };

    for (size_t i = 0; i < noise.len; i++)
        body[i] = (char)(i * 2654435761u >> 24);
    raw_add(&tar, &noise);
    pack(SLIP_GZIP, &tar, &gzip);
    gzip.len = gzip.len < 2000 ? gzip.len / 2 : 1000;
    answers(*state, "a thousand bytes", &gzip, 1);
    gzip.len = 20;
    answers(*state, "twenty bytes", &gzip, 0);
}

static void tells_what_is_none(void **state)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT, tar = SLIP_BUF_INIT,
                                                   end = SLIP_BUF_INIT, cut = SLIP_BUF_INIT;

    answers(*state, "nothing", &text, 0);
    slip_buf_puts(&text, "BZh\nno bzip2 at all");
    in_all_forms(*state, "a text", &text, 0);
    raw_end(&end);
    in_all_forms(*state, "an end without entries", &end, 0);
    raw_add(&tar, &spoiled);
    in_all_forms(*state, "a wrong checksum", &tar, 0);
    slip_buf_put(&cut, "\x1f\x8b\x08", 3);
    answers(*state, "three bytes of gzip", &cut, 0);
    slip_buf_clear(&tar);
    raw_add(&tar, &file);
    tar.len = 511;
    in_all_forms(*state, "half a header", &tar, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tells_archives, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(tells_what_was_cut, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(tells_what_is_none, sandbox_begin, sandbox_end),
    };

    return cmocka_run_group_tests_name("sniff", tests, NULL, NULL);
}
