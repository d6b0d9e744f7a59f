/* What of a step's output is shown, whichever way it comes in pieces. */
#include "build/secret.h"

#include "main.h"
#include "util/mem.h"

static const struct row {
    const char *name;
    const char *secrets[3];
    const char *output, *shown;
} rows[] = {
    { "nothing to hide", { "hunter22" }, "hello\n", "hello\n" },
    { "alone", { "hunter22" }, "hunter22", "***" },
    { "within", { "hunter22" }, "x=hunter22;\n", "x=***;\n" },
    { "again and again", { "hunter22" }, "hunter22hunter22\nhunter22", "******\n***" },
    { "the beginning only", { "hunter22" }, "hunter2 hunter", "hunter2 hunter" },
    { "a false start", { "aab-aac" }, "aab-aab-aac", "aab-***" },
    { "its last newline does not count", { "hunter22\n" }, "[hunter22]", "[***]" },
    { "every line of it",
      { "first line\n  second line\r\n\nno\n" },
      "second line, first line, no",
      "***, ***, no" },
    { "too short to be told", { "abc" }, "abc", "abc" },
    { "several", { "alpha", "beta" }, "alphabeta", "******" },
    { "the longer of two", { "hunter", "hunter22" }, "hunter22 hunter2", "*** ***2" },
    { "one in another", { "bcde", "abcdef" }, "abcdef bcde abcdeg", "*** *** a***g" },
    { "bytes", { "\xff\xfe\x01\x02" }, "a\xff\xfe\x01\x02z", "a***z" },
};

/* In pieces of this size. */
static void shows(const struct row *row, size_t piece)
{
    slip_cleanup(slip_secrets_release) struct slip_secrets secrets = SLIP_SECRETS_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    char id[] = "0";

    for (size_t i = 0; row->secrets[i]; i++, id[0]++)
        slip_secrets_add(&secrets, id, row->secrets[i], strlen(row->secrets[i]));
    slip_cleanup(slip_veil_release) struct slip_veil veil = { .secrets = &secrets };
    for (size_t at = 0, n = strlen(row->output); at < n; at += piece)
        slip_veil_put(&veil, row->output + at, n - at < piece ? n - at : piece, &out);
    slip_veil_flush(&veil, &out);
    assert_string_equal(slip_buf_str(&out), row->shown);
}

static void test_row(void **state)
{
    for (size_t piece = 1; piece < 32; piece++)
        shows(*state, piece);
}

/* What cannot become a secret any more is shown at once. */
static void test_is_not_held_back(void **state)
{
    slip_cleanup(slip_secrets_release) struct slip_secrets secrets = SLIP_SECRETS_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;

    (void)state;
    slip_secrets_add(&secrets, "a", "hunter22", 8);
    slip_cleanup(slip_veil_release) struct slip_veil veil = { .secrets = &secrets };
    slip_veil_put(&veil, "name? ", 6, &out);
    assert_string_equal(slip_buf_str(&out), "name? ");
    slip_veil_put(&veil, "hunt", 4, &out);
    assert_string_equal(slip_buf_str(&out), "name? ");
    slip_veil_put(&veil, "ing", 3, &out);
    assert_string_equal(slip_buf_str(&out), "name? hunting");
}

static void test_the_list(void **state)
{
    slip_cleanup(slip_secrets_release) struct slip_secrets secrets = SLIP_SECRETS_INIT;

    (void)state;
    assert_null(slip_secrets_find(NULL, "a"));
    slip_secrets_add(&secrets, "a", "1", 1);
    slip_secrets_add(&secrets, "b", "x\0y", 3);
    slip_secrets_add(&secrets, "a", "22", 2);
    assert_int_equal(secrets.n, 2);
    assert_string_equal(slip_secrets_find(&secrets, "a")->value, "22");
    assert_int_equal(slip_secrets_find(&secrets, "b")->len, 3);
    assert_null(slip_secrets_find(&secrets, "c"));
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(test_is_not_held_back),
        cmocka_unit_test(test_the_list),
    };

    return SLIP_RUN_ROWS("veil", rows, test_row) +
           cmocka_run_group_tests_name("secrets", others, NULL, NULL);
}
