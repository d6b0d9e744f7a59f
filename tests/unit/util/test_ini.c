#include "util/ini.h"

#include <stdio.h>

#include "main.h"
#include "util/buf.h"

/* What the handler saw, one item on each line: line:column and text of section, key and value. */
static const struct row {
    const char *name, *text, *items;
} rows[] = {
    { "section, key, value", "[a]\nk = v\n", "section 1:2 a\nkey 2:1 k 2:5 v\n" },
    { "nothing", "", "" },
    { "no newline at the end", "[a]\nk=v", "section 1:2 a\nkey 2:1 k 2:3 v\n" },
    { "a semicolon is text", "[a]\nk = x ; y\n", "section 1:2 a\nkey 2:1 k 2:5 x ; y\n" },
    { "a hash is text", "[a]\nk = x # y\n", "section 1:2 a\nkey 2:1 k 2:5 x # y\n" },
    { "comments", "# c\n; d\n[a]\n#k = v\n", "section 3:2 a\n" },
    { "more lines", "[a]\nk = 1\n  two\n\tthree  \n",
      "section 1:2 a\nkey 2:1 k 2:5 1\nmore 3:3 two\nmore 4:2 three\n" },
    { "a continuation that looks like a comment", "[a]\nk =\n  #!/bin/sh\n  ; b\n  c\n",
      "section 1:2 a\nkey 2:1 k 2:4 \nmore 3:3 #!/bin/sh\nmore 4:3 ; b\nmore 5:3 c\n" },
    { "a continuation that looks like a key or a section", "[a]\nk = 1\n  l = 2\n  [b]\n",
      "section 1:2 a\nkey 2:1 k 2:5 1\nmore 3:3 l = 2\nmore 4:3 [b]\n" },
    { "blank lines within a value", "[a]\nk = 1\n\n   \n  2\nl = 3\n",
      "section 1:2 a\nkey 2:1 k 2:5 1\nmore 5:3 2 after 2\nkey 6:1 l 6:5 3\n" },
    { "a comment within a value", "[a]\nk = 1\n# no\n  2\n",
      "section 1:2 a\nkey 2:1 k 2:5 1\nmore 4:3 2\n" },
    { "a byte order mark", "\xef\xbb\xbf[a]\nk = v\n", "section 1:5 a\nkey 2:1 k 2:5 v\n" },
    { "a byte order mark and a key", "\xef\xbb\xbfk = v\n", "key 1:4 k 1:8 v\n" },
    { "CRLF", "[a]\r\nk = v\r\n  w\r\n\r\nl =\r\n",
      "section 1:2 a\nkey 2:1 k 2:5 v\nmore 3:3 w\nkey 5:1 l 5:4 \n" },
    { "a name in the section", "[ stage build ]\n", "section 1:3 stage build\n" },
    { "the longest name of a section",
      "[1234567890123456789012345678901234567890123456789]\nk = v\n",
      "section 1:2 1234567890123456789012345678901234567890123456789\nkey 2:1 k 2:5 v\n" },
    { "a key longer than inih keeps",
      "[a]\nk23456789012345678901234567890123456789012345678901234567890 = v\n  w\n",
      "section 1:2 a\nkey 2:1 k23456789012345678901234567890123456789012345678901234567890 2:64 v\n"
      "more 3:3 w\n" },
    { "a value with everything", "[a]\nk = a=b:c \"d\" [e]\n",
      "section 1:2 a\nkey 2:1 k 2:5 a=b:c \"d\" [e]\n" },
    { "a value that begins like the key", "[a]\nkk = kk kk\n",
      "section 1:2 a\nkey 2:1 kk 2:6 kk kk\n" },
    { "sections without keys", "[a]\n[a]\n[b]\n", "section 1:2 a\nsection 2:2 a\nsection 3:2 b\n" },
};

static void put_place(struct slip_buf *out, struct slip_span at)
{
    slip_buf_printf(out, " %u:%zu %.*s", slip_span_line(at), slip_span_column(at), (int)at.len,
                    at.src->text + at.off);
}

static int note(void *user, const struct slip_ini_item *item, struct slip_error *err)
{
    static const char *const kinds[] = { "section", "key", "more" };
    struct slip_buf *out = user;

    (void)err;
    slip_buf_puts(out, kinds[item->kind]);
    if (item->kind == SLIP_INI_SECTION)
        put_place(out, item->section);
    if (item->kind == SLIP_INI_KEY)
        put_place(out, item->key);
    if (item->kind != SLIP_INI_SECTION)
        put_place(out, item->value);
    if (item->blank_lines)
        slip_buf_printf(out, " after %u", item->blank_lines);
    slip_buf_putc(out, '\n');
    return 0;
}

static void gives_items(void **state)
{
    const struct row *row = *state;
    const struct slip_source src = { "r.ini", row->text, strlen(row->text) };
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    assert_int_equal(slip_ini_parse(&src, note, &out, &err), 0);
    assert_string_equal(slip_buf_str(&out), row->items);
}

/* A line of a megabyte arrives whole, and so does what follows it. */
static void keeps_long_lines(void **state)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT, out = SLIP_BUF_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    (void)state;
    slip_buf_puts(&text, "[a]\nk = ");
    for (size_t i = 0; i < 100000; i++)
        slip_buf_puts(&text, "0123456; 9");
    slip_buf_puts(&text, "\nl = v\n");
    const struct slip_source src = { "r.ini", text.data, text.len };
    assert_int_equal(slip_ini_parse(&src, note, &out, &err), 0);
    assert_true(out.len > 1000000);
    assert_non_null(strstr(out.data, "; 9\nkey 3:1 l 3:5 v\n"));
}

static int refuse(void *user, const struct slip_ini_item *item, struct slip_error *err)
{
    ++*(unsigned *)user;
    return item->kind == SLIP_INI_KEY ? slip_fail_at(err, item->key, "no") : 0;
}

static void stops_at_the_first_no(void **state)
{
    const char *text = "[a]\nk = v\nl = w\n[b]\n";
    const struct slip_source src = { "r.ini", text, strlen(text) };
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    unsigned calls = 0;

    (void)state;
    assert_int_equal(slip_ini_parse(&src, refuse, &calls, &err), -1);
    assert_int_equal(calls, 2);
    assert_string_equal(err.msg, "no");
}

static void refuses_nul(void **state)
{
    const struct slip_source src = { "r.ini", "[a]\nk = v\0w\n", 12 };
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    (void)state;
    assert_int_equal(slip_ini_parse(&src, note, &out, &err), -1);
    assert_string_equal(err.msg, "a NUL byte cannot stand in a text file");
    assert_int_equal(slip_span_column(err.at), 6);
}

static void refuses_control_characters(void **state)
{
    const char *text = "[a]\nk = v\rw\n";
    const struct slip_source src = { "r.ini", text, strlen(text) };
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    (void)state;
    assert_int_equal(slip_ini_parse(&src, note, &out, &err), -1);
    assert_string_equal(err.msg, "a control character (0x0d) cannot stand here");
    assert_int_equal(slip_span_line(err.at), 2);
    assert_int_equal(slip_span_column(err.at), 6);
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(keeps_long_lines),
        cmocka_unit_test(stops_at_the_first_no),
        cmocka_unit_test(refuses_nul),
        cmocka_unit_test(refuses_control_characters),
    };
    int failed = SLIP_RUN_ROWS("ini items", rows, gives_items);

    return failed + cmocka_run_group_tests_name("ini limits", others, NULL, NULL);
}
