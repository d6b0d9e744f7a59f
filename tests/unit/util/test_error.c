#include "main.h"

#include "util/error.h"

#include <errno.h>

static const struct row {
    const char *name, *text;
    size_t off, len;
    const char *msg, *hint, *shown;
} rows[] = {
    { "place, caret and hint", "a = 1\nbee = 2\n", 6, 3, "what is 'bee'?", "did you mean 'b'?",
      "f.ini:2:1: error: what is 'bee'?\n"
      "    2 | bee = 2\n"
      "      | ^~~\n"
      "hint: did you mean 'b'?\n" },
    { "tabs keep the caret in place", "\tx y\n", 3, 1, "no", NULL,
      "f.ini:1:4: error: no\n"
      "    1 | \tx y\n"
      "      | \t  ^\n" },
    { "the end of the text", "abc", 3, 0, "more was expected", NULL,
      "f.ini:1:4: error: more was expected\n"
      "    1 | abc\n"
      "      |    ^\n" },
    { "the caret stays in its line", "ab\ncd\n", 1, 99, "long", NULL,
      "f.ini:1:2: error: long\n"
      "    1 | ab\n"
      "      |  ^\n" },
    { "control characters are not sent to the terminal", "a\033[2Jb\n", 0, 1, "odd", NULL,
      "f.ini:1:1: error: odd\n"
      "    1 | a?[2Jb\n"
      "      | ^\n" },
};

static void shows(void **state)
{
    const struct row *row = *state;
    const struct slip_source src = { "f.ini", row->text, strlen(row->text) };
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_freep) char *shown = NULL;
    size_t n;

    assert_int_equal(
        slip_fail_at(&err, (struct slip_span){ &src, row->off, row->len }, "%s", row->msg), -1);
    if (row->hint)
        slip_error_hint(&err, "%s", row->hint);
    FILE *out = open_memstream(&shown, &n);
    slip_error_print(&err, out);
    fclose(out);
    assert_string_equal(shown, row->shown);
}

static void keeps_the_hint_nearest_to_the_cause(void **state)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    (void)state;
    errno = ENOENT;
    slip_fail_errno(&err, "cannot open '%s'", "x");
    slip_error_hint(&err, "first");
    slip_error_hint(&err, "second");
    slip_error_context(&err, "while reading");
    assert_string_equal(err.hint, "first");
    assert_string_equal(err.msg, "while reading: cannot open 'x'");
    assert_int_equal(err.sys_errno, ENOENT);
}

static void a_full_disk_is_the_hosts_fault(void **state)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    (void)state;
    errno = ENOSPC;
    slip_fail_errno(&err, "cannot write");
    assert_int_equal(err.code, SLIP_EHOST);
    assert_non_null(strstr(err.hint, "SLIPWAY_STORE"));
}

int main(void)
{
    const struct CMUnitTest more[] = {
        cmocka_unit_test(keeps_the_hint_nearest_to_the_cause),
        cmocka_unit_test(a_full_disk_is_the_hosts_fault),
    };
    int failed = SLIP_RUN_ROWS("error", rows, shows);

    return failed + cmocka_run_group_tests_name("error, the rest", more, NULL, NULL);
}
