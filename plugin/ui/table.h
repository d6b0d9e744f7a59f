/* table.h - rows of text in aligned columns, as the commands list images or disk usage.
 *
 * The first row is the heading if there is one; two blanks between columns, none at the end of a
 * line. Cells are made safe to show (line.h). Depends on: util/buf.
 */
#pragma once

#include "util/buf.h"

struct slip_table {
    const char *align;      /* borrowed; one letter per column: 'l' or 'r' */
    struct slip_strv cells; /* row by row */
};

#define SLIP_TABLE_INIT(letters) ((struct slip_table){ .align = (letters) })

/* As many cells as there are columns; NULL is an empty cell. */
void slip_table_row(struct slip_table *table, const char *const *cells);
/* Appends the whole table. */
void slip_table_text(const struct slip_table *table, struct slip_buf *out);
void slip_table_release(struct slip_table *table);
