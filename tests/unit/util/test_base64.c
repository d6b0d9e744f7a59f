#include "util/base64.h"

#include "main.h"

static const struct row {
    const char *name, *plain, *text;
    bool refused;
} rows[] = {
    { "nothing", "", "", false },
    { "one byte", "f", "Zg==", false },
    { "two bytes", "fo", "Zm8=", false },
    { "three bytes", "foo", "Zm9v", false },
    { "six bytes", "foobar", "Zm9vYmFy", false },
    { "no padding", NULL, "Zg", true },
    { "half a group", NULL, "Zm9vY", true },
    { "three of padding", NULL, "Z===", true },
    { "padding inside", NULL, "Zg==Zm9v", true },
    { "a blank", NULL, "Zm 9", true },
    { "a line end", NULL, "Zm9v\n", true },
    { "the other alphabet", NULL, "_-9v", true },
};

static void there_and_back(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf plain = SLIP_BUF_INIT;

    assert_int_equal(slip_base64_get(&plain, row->text, strlen(row->text)), row->refused ? -1 : 0);
    if (row->refused)
        return;
    assert_string_equal(slip_buf_str(&plain), row->plain);
    slip_base64_put(&text, row->plain, strlen(row->plain));
    assert_string_equal(slip_buf_str(&text), row->text);
}

int main(void)
{
    return SLIP_RUN_ROWS("base64", rows, there_and_back);
}
