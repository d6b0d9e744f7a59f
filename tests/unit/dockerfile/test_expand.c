#include "main.h"

#include <stdio.h>

#include "dockerfile/expand.h"

/* Every row sees FOO=bar, EMPTY="", PATHS=a/b/c.tar.gz, TWO="x y", STAR=a*b. */
static const char *get(void *user, const char *name)
{
    static const char *const vars[][2] = { { "FOO", "bar" },
                                           { "EMPTY", "" },
                                           { "PATHS", "a/b/c.tar.gz" },
                                           { "TWO", "x y" },
                                           { "STAR", "a*b" },
                                           { "LONG", "xx-yy-zz" },
                                           { "UTF", "\xc3\xa4\xc3\xb6\xc3\xbc" } };

    (void)user;
    for (size_t i = 0; i < SLIP_ARRAY_LEN(vars); i++)
        if (strcmp(name, vars[i][0]) == 0)
            return vars[i][1];
    return NULL;
}

struct row {
    const char *name, *word, *want;
    const char *error; /* part of the message */
    char escape;       /* 0: backslash */
    bool keep_quotes;
};

static const struct row rows[] = {
    { "plain", "hello", "hello", NULL, 0, false },
    { "empty", "", "", NULL, 0, false },
    { "variable", "a$FOO/c", "abar/c", NULL, 0, false },
    { "braces", "a${FOO}c", "abarc", NULL, 0, false },
    { "name ends at a dot", "$FOO.x", "bar.x", NULL, 0, false },
    { "unset is empty", "[$NOPE]", "[]", NULL, 0, false },
    { "lone dollar", "cost: 5$", "cost: 5$", NULL, 0, false },
    { "dollar before a blank", "$ x", "$ x", NULL, 0, false },
    { "positional is unset", "a$1b", "ab", NULL, 0, false },
    { "special parameter is unset", "$@x", "x", NULL, 0, false },
    { "escaped dollar", "\\$FOO", "$FOO", NULL, 0, false },
    { "escape before a letter goes", "a\\b", "ab", NULL, 0, false },
    { "doubled escape", "a\\\\b", "a\\b", NULL, 0, false },
    { "escape at the end goes", "ab\\", "ab", NULL, 0, false },
    { "backtick escapes", "a`$FOO\\b", "a$FOO\\b", NULL, '`', false },
    { "single quotes protect", "'$FOO \\x'", "$FOO \\x", NULL, 0, false },
    { "double quotes expand", "\"$FOO 'x'\"", "bar 'x'", NULL, 0, false },
    { "double quotes keep other escapes", "\"a\\b\\\"c\\$d\\\\\"", "a\\b\"c$d\\", NULL, 0, false },
    { "quotes join words", "a'b'\"c\"d", "abcd", NULL, 0, false },
    { "quotes kept", "'$FOO' \"x\" \\$y", "'bar' \"x\" $y", NULL, 0, true },
    { "default for unset", "${NOPE:-def}", "def", NULL, 0, false },
    { "default for empty", "${EMPTY:-def}", "def", NULL, 0, false },
    { "default not for empty without colon", "[${EMPTY-def}]", "[]", NULL, 0, false },
    { "default for unset without colon", "${NOPE-def}", "def", NULL, 0, false },
    { "default unused", "${FOO:-def}", "bar", NULL, 0, false },
    { "default holds a variable", "${NOPE:-$FOO}", "bar", NULL, 0, false },
    { "defaults nest", "${NOPE:-${NADA:-${FOO}x}}", "barx", NULL, 0, false },
    { "default in quotes", "${NOPE:-\"a b\"}", "a b", NULL, 0, false },
    { "default with an escaped brace", "${NOPE:-a\\}b}", "a}b", NULL, 0, false },
    { "alternative for set", "${FOO:+alt}", "alt", NULL, 0, false },
    { "alternative not for empty", "[${EMPTY:+alt}]", "[]", NULL, 0, false },
    { "alternative for empty without colon", "${EMPTY+alt}", "alt", NULL, 0, false },
    { "alternative not for unset", "[${NOPE+alt}]", "[]", NULL, 0, false },
    { "required is there", "${FOO:?oops}", "bar", NULL, 0, false },
    { "required is unset", "${NOPE:?say why}", NULL, "NOPE: say why", 0, false },
    { "required is empty", "${EMPTY:?}", NULL, "EMPTY: is not allowed to be empty", 0, false },
    { "required may be empty", "[${EMPTY?}]", "[]", NULL, 0, false },
    { "required is unset without colon", "${NOPE?}", NULL, "NOPE: is not allowed to be unset", 0,
      false },
    { "shortest front", "${PATHS#*/}", "b/c.tar.gz", NULL, 0, false },
    { "longest front", "${PATHS##*/}", "c.tar.gz", NULL, 0, false },
    { "shortest end", "${PATHS%.*}", "a/b/c.tar", NULL, 0, false },
    { "longest end", "${PATHS%%.*}", "a/b/c", NULL, 0, false },
    { "front that does not match", "${PATHS#x}", "a/b/c.tar.gz", NULL, 0, false },
    { "literal end", "${PATHS%.gz}", "a/b/c.tar", NULL, 0, false },
    { "question mark", "${FOO#?}", "ar", NULL, 0, false },
    { "question mark is a character", "${UTF#?}", "\xc3\xb6\xc3\xbc", NULL, 0, false },
    { "question mark at the end", "${UTF%?}", "\xc3\xa4\xc3\xb6", NULL, 0, false },
    { "star twice at the front", "${LONG##*-*-}", "zz", NULL, 0, false },
    { "star twice at the end", "${LONG%%-*}", "xx", NULL, 0, false },
    { "escaped star", "${STAR#a\\*}", "b", NULL, 0, false },
    { "pattern from a variable", "${FOO#${NOPE:-b}}", "ar", NULL, 0, false },
    { "bad escape in a pattern", "${FOO#\\x}", NULL, "escape that means nothing", 0, false },
    { "trim of an unset variable", "[${NOPE#x}]", "[]", NULL, 0, false },
    { "replace the first", "${LONG/-/_}", "xx_yy-zz", NULL, 0, false },
    { "replace all", "${LONG//-/_}", "xx_yy_zz", NULL, 0, false },
    { "replace a pattern", "${LONG/-*-/+}", "xx+zz", NULL, 0, false },
    { "replace by nothing", "${LONG//y/}", "xx--zz", NULL, 0, false },
    { "replace a slash", "${PATHS//\\//-}", "a-b-c.tar.gz", NULL, 0, false },
    { "replace what is not there", "${LONG//q*/x}", "xx-yy-zz", NULL, 0, false },
    { "replace by a variable", "${LONG/xx/$FOO}", "bar-yy-zz", NULL, 0, false },
    { "replace without an end", "${LONG/x", NULL, "second '/'", 0, false },
    { "brace not closed", "${FOO", NULL, "not closed", 0, false },
    { "brace not closed after default", "${FOO:-x", NULL, "not closed", 0, false },
    { "empty name", "${}", NULL, "needs a name", 0, false },
    { "no such modifier", "${FOO^^}", NULL, "does not exist", 0, false },
    { "no trim with a colon", "${FOO:#x}", NULL, "does not exist", 0, false },
    { "single quote not closed", "it's", NULL, "single quote is not closed", 0, false },
    { "double quote not closed", "a \"b", NULL, "double quote is not closed", 0, false },
};

static void expands(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    struct slip_expander expander = { .escape = row->escape ? row->escape : '\\',
                                      .keep_quotes = row->keep_quotes,
                                      .get = get };
    struct slip_word word = { row->word, { 0 } };

    int rc = slip_expand(&expander, word, &out, &err);
    if (row->error) {
        assert_int_equal(rc, -1);
        assert_non_null(strstr(err.msg, row->error));
        return;
    }
    assert_int_equal(rc, 0);
    assert_string_equal(slip_buf_str(&out), row->want);
}

/* Words as EXPOSE wants them; shown with '|' between. */
static const struct row splits[] = {
    { "one", "80", "80", NULL, 0, false },
    { "a variable splits", "$TWO", "x|y", NULL, 0, false },
    { "and joins at its ends", "a${TWO}b", "ax|yb", NULL, 0, false },
    { "quoted does not", "\"$TWO\"", "x y", NULL, 0, false },
    { "unset gives nothing", "$NOPE", "", NULL, 0, false },
    { "a default splits", "${NOPE:-1 2  3}", "1|2|3", NULL, 0, false },
};

static void splits_words(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv words = SLIP_STRV_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf shown = SLIP_BUF_INIT;
    struct slip_expander expander = { .escape = '\\', .get = get };
    struct slip_word word = { row->word, { 0 } };

    assert_int_equal(slip_expand_words(&expander, word, &words, &err), 0);
    for (size_t i = 0; i < words.n; i++)
        slip_buf_printf(&shown, "%s%s", i ? "|" : "", words.v[i]);
    assert_string_equal(slip_buf_str(&shown), row->want);
}

static void depth_is_bounded(void **state)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT, out = SLIP_BUF_INIT;
    struct slip_expander expander = { .escape = '\\', .get = get };

    (void)state;
    for (int i = 0; i < 100000; i++)
        slip_buf_puts(&text, "${NOPE:-");
    struct slip_word word = { slip_buf_str(&text), { 0 } };
    assert_int_equal(slip_expand(&expander, word, &out, &err), -1);
    assert_non_null(strstr(err.msg, "too deeply"));
}

int main(void)
{
    const struct CMUnitTest others[] = { cmocka_unit_test(depth_is_bounded) };
    int failed = SLIP_RUN_ROWS("expand", rows, expands);

    failed += SLIP_RUN_ROWS("expand_words", splits, splits_words);
    return failed + cmocka_run_group_tests_name("expand_limits", others, NULL, NULL);
}
