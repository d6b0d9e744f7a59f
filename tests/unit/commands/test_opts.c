#include "main.h"

#include "commands/opts.h"

static const struct row {
    const char *name, *argv[8], *left[8];
    bool stop;
    bool flag;
    const char *text;
    unsigned number;
    size_t listed;
    const char *error;
} rows[] = {
    { "nothing", { "a", "b" }, { "a", "b" }, false, false, NULL, 0, 0, NULL },
    { "long forms",
      { "--flag", "--text=x", "--list", "1", "--list=2", "in" },
      { "in" },
      false,
      true,
      "x",
      0,
      2,
      NULL },
    { "short forms", { "-f", "-tx", "-n", "7" }, { 0 }, false, true, "x", 7, 0, NULL },
    { "a flag may be taken back",
      { "--flag", "--flag=false" },
      { 0 },
      false,
      false,
      NULL,
      0,
      0,
      NULL },
    { "options end", { "--", "--flag" }, { "--flag" }, false, false, NULL, 0, 0, NULL },
    { "a dash is an argument", { "-" }, { "-" }, false, false, NULL, 0, 0, NULL },
    { "behind the first argument",
      { "-f", "image", "-t", "--flag" },
      { "image", "-t", "--flag" },
      true,
      true,
      NULL,
      0,
      0,
      NULL },
    { "unknown", { "--tex=1" }, { 0 }, false, false, NULL, 0, 0, "there is no option '--tex'" },
    { "value missing",
      { "--text" },
      { 0 },
      false,
      false,
      NULL,
      0,
      0,
      "'--text' needs a value (T)" },
    { "no number",
      { "-n", "x" },
      { 0 },
      false,
      false,
      NULL,
      0,
      0,
      "--number takes a number, not 'x'" },
};

static void parses(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv list = SLIP_STRV_INIT;
    bool flag = false, help = false;
    const char *text = NULL;
    unsigned number = 0;
    const struct slip_opt opts[] = {
        SLIP_OPT_FLAG('f', "flag", &flag, "a flag"),
        SLIP_OPT_TEXT('t', "text", &text, "T", "a text"),
        SLIP_OPT_LIST(0, "list", &list, "L", "a list"),
        SLIP_OPT_UINT('n', "number", &number, "N", "a number"),
        SLIP_OPT_END,
    };
    char *argv[8];
    int argc = 0;

    for (; row->argv[argc]; argc++)
        argv[argc] = (char *)(uintptr_t)row->argv[argc];
    char **v = argv;
    int rc = slip_opts_parse(opts, &argc, &v, row->stop, &help, &err);
    if (row->error) {
        assert_int_equal(rc, -1);
        assert_string_equal(err.msg, row->error);
        return;
    }
    assert_int_equal(rc, 0);
    assert_int_equal(flag, row->flag);
    assert_int_equal(number, row->number);
    assert_int_equal(list.n, row->listed);
    assert_true(row->text ? text && strcmp(text, row->text) == 0 : !text);
    for (int i = 0; i < argc; i++)
        assert_string_equal(v[i], row->left[i]);
    assert_null(row->left[argc]);
}

int main(void)
{
    return SLIP_RUN_ROWS("opts", rows, parses);
}
