#include "main.h"

#include "util/str.h"

static const struct split_row {
    const char *name, *text, *words[6];
} split_rows[] = {
    { "blanks and newlines", " a  b\n\tc ", { "a", "b", "c" } },
    { "quotes keep blanks", "'a b' \"c d\"", { "a b", "c d" } },
    { "quotes join", "a'b'\"c\"", { "abc" } },
    { "an empty word", "'' x", { "", "x" } },
    { "backslashes", "a\\ b \"\\\"\" '\\n'", { "a b", "\"", "\\n" } },
    { "nothing is expanded", "$HOME * ~", { "$HOME", "*", "~" } },
};

static void splits(void **state)
{
    const struct split_row *row = *state;
    slip_cleanup(slip_strv_release) struct slip_strv words = SLIP_STRV_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    size_t n = 0;

    assert_int_equal(
        slip_shell_split(row->text, strlen(row->text), (struct slip_span){ 0 }, &words, &err), 0);
    for (; row->words[n]; n++)
        assert_string_equal(words.v[n], row->words[n]);
    assert_int_equal(words.n, n);

    /* Quoted and split again, every word is itself. */
    for (size_t i = 0; i < words.n; i++) {
        slip_cleanup(slip_buf_release) struct slip_buf quoted = SLIP_BUF_INIT;
        slip_cleanup(slip_strv_release) struct slip_strv again = SLIP_STRV_INIT;
        slip_shell_quote(&quoted, words.v[i]);
        assert_int_equal(slip_shell_split(slip_buf_str(&quoted), quoted.len,
                                          (struct slip_span){ 0 }, &again, &err),
                         0);
        assert_int_equal(again.n, 1);
        assert_string_equal(again.v[0], words.v[i]);
    }
}

static const struct suggest_row {
    const char *name, *word, *found;
} suggest_rows[] = {
    { "a letter too few", "packges", "packages" },
    { "two letters swapped", "entrypiont", "entrypoint" },
    { "case does not count", "USER", "user" },
    { "nothing near", "frobnicate", NULL },
    { "an empty word", "", NULL },
};

static void suggests(void **state)
{
    static const char *const known[] = { "packages", "entrypoint", "user", "workdir" };
    const struct suggest_row *row = *state;
    const char *found = slip_suggest(row->word, known, SLIP_ARRAY_LEN(known));

    if (row->found)
        assert_string_equal(found, row->found);
    else
        assert_null(found);
}

static const struct size_row {
    const char *name, *text;
    uint64_t bytes;
    int rc;
} size_rows[] = {
    { "bytes", "512", 512, 0 },
    { "kibibytes", "64k", 65536, 0 },
    { "with unit names", "1GiB", (uint64_t)1 << 30, 0 },
    { "a fraction", "1.5M", 1572864, 0 },
    { "plain bytes may be many", "5000000000", 5000000000, 0 },
    { "no number", "much", 0, -1 },
    { "negative", "-1", 0, -1 },
    { "unknown unit", "5x", 0, -1 },
    { "nothing", "", 0, -1 },
};

static void reads_sizes(void **state)
{
    const struct size_row *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    uint64_t bytes = 0;

    assert_int_equal(slip_parse_size(row->text, &bytes, &err), row->rc);
    assert_int_equal(bytes, row->bytes);
}

static const struct size_row file_size_rows[] = {
    { "bytes", "512", 512, 0 },
    { "of files, megabytes are as shown", "20MB", 20000000, 0 },
    { "in any letter case", "2kb", 2000, 0 },
    { "a fraction", "1.5GB", 1500000000, 0 },
    { "mebibytes", "20MiB", 20 << 20, 0 },
    { "without B", "20M", 20 << 20, 0 },
    { "no number", "MB", 0, -1 },
    { "two points", "1.2.3MB", 0, -1 },
    { "too many", "99999999999TB", 0, -1 },
};

static void reads_file_sizes(void **state)
{
    const struct size_row *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    uint64_t bytes = 0;

    assert_int_equal(slip_parse_file_size(row->text, &bytes, &err), row->rc);
    assert_int_equal(bytes, row->bytes);
}

static const struct uint_row {
    const char *name, *text;
    uint64_t max, value;
    int rc;
} uint_rows[] = {
    { "zero", "0", 255, 0, 0 },
    { "the largest", "255", 255, 255, 0 },
    { "one too many", "256", 255, 0, -1 },
    { "a sign", "+1", 255, 0, -1 },
    { "trailing text", "1x", 255, 0, -1 },
    { "empty", "", 255, 0, -1 },
    { "overflow", "99999999999999999999999", UINT64_MAX, 0, -1 },
};

static void reads_numbers(void **state)
{
    const struct uint_row *row = *state;
    uint64_t value = 0;

    assert_int_equal(slip_parse_uint(row->text, row->max, &value), row->rc);
    assert_int_equal(value, row->value);
}

int main(void)
{
    return SLIP_RUN_ROWS("split", split_rows, splits) +
           SLIP_RUN_ROWS("suggest", suggest_rows, suggests) +
           SLIP_RUN_ROWS("size", size_rows, reads_sizes) +
           SLIP_RUN_ROWS("file size", file_size_rows, reads_file_sizes) +
           SLIP_RUN_ROWS("uint", uint_rows, reads_numbers);
}
