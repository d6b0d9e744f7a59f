#include "ui/table.h"

#include "main.h"

static const struct row {
    const char *name, *align;
    const char *cells[12];
    size_t rows;
    const char *text;
} rows[] = {
    { "left and right",
      "lrl",
      { "NAME", "SIZE", "ID", "app:1", "12.3 MB", "abc", "a", "1 kB", "d" },
      3,
      "NAME      SIZE  ID\n"
      "app:1  12.3 MB  abc\n"
      "a         1 kB  d\n" },
    { "no blanks at the end",
      "ll",
      { "A", "B", "aaa", NULL, NULL, "b", "c", "" },
      4,
      "A    B\n"
      "aaa\n"
      "     b\n"
      "c\n" },
    { "wide and hostile",
      "ll",
      { "\xe6\x97\xa5", "x", "a\033[2J", "y" },
      2,
      "\xe6\x97\xa5  x\n"
      "a   y\n" },
    { "no rows", "ll", { NULL }, 0, "" },
    { "one column", "r", { "a", "bbb" }, 2, "  a\nbbb\n" },
};

static void lines_up(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_table_release) struct slip_table table = SLIP_TABLE_INIT(row->align);
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    for (size_t i = 0; i < row->rows; i++)
        slip_table_row(&table, row->cells + i * strlen(row->align));
    slip_table_text(&table, &text);
    assert_string_equal(slip_buf_str(&text), row->text);
}

int main(void)
{
    return SLIP_RUN_ROWS("table", rows, lines_up);
}
