#include "ui/table.h"

#include <string.h>

#include "ui/line.h"
#include "util/mem.h"

#define GAP 2

void slip_table_row(struct slip_table *table, const char *const *cells)
{
    for (size_t i = 0; table->align[i]; i++) {
        struct slip_buf cell = SLIP_BUF_INIT;
        const char *text = cells[i] ? cells[i] : "";
        slip_line_clean(&cell, text, strlen(text));
        slip_strv_add_take(&table->cells, slip_buf_take(&cell));
    }
}

static void put_blanks(struct slip_buf *out, unsigned n)
{
    slip_buf_printf(out, "%*s", (int)n, "");
}

static void put_row(const struct slip_table *table, size_t row, const unsigned *widths,
                    struct slip_buf *out)
{
    size_t columns = strlen(table->align);
    unsigned owed = 0; /* blanks, written only when something follows */

    for (size_t i = 0; i < columns; i++) {
        const char *cell = table->cells.v[row * columns + i];
        unsigned width = slip_line_width(cell), pad = widths[i] - width;
        bool right = table->align[i] == 'r';
        if (*cell) {
            put_blanks(out, owed + (right ? pad : 0));
            slip_buf_puts(out, cell);
            owed = right ? 0 : pad;
        } else {
            owed += widths[i];
        }
        owed += GAP;
    }
    slip_buf_putc(out, '\n');
}

void slip_table_text(const struct slip_table *table, struct slip_buf *out)
{
    size_t columns = strlen(table->align);
    slip_cleanup(slip_freep) unsigned *widths = slip_xcalloc(columns + 1, sizeof *widths);

    for (size_t i = 0; i < table->cells.n; i++) {
        unsigned width = slip_line_width(table->cells.v[i]);
        if (width > widths[i % columns])
            widths[i % columns] = width;
    }
    for (size_t row = 0; row < table->cells.n / (columns ? columns : 1); row++)
        put_row(table, row, widths, out);
}

void slip_table_release(struct slip_table *table)
{
    slip_strv_release(&table->cells);
}
