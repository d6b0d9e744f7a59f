/* line.h - program output made safe to show, and measured in terminal columns.
 *
 * What a command writes must not steer the terminal: escape sequences, control characters and
 * marks that reorder text are dropped, bytes that are not UTF-8 become U+FFFD. Widths do not
 * depend on the locale. Depends on: util/buf.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

/* Appends the n bytes of one line (no newline inside) as they would be seen: what stands after the
 * last carriage return, tabs as spaces. */
void slip_line_clean(struct slip_buf *out, const char *s, size_t n);
/* Appends them with nothing changed but bytes that are not UTF-8. */
void slip_line_utf8(struct slip_buf *out, const char *s, size_t n);

/* Columns that a clean line takes. */
unsigned slip_line_width(const char *s);
/* Bytes of the longest start of a clean line that takes at most `columns`. */
size_t slip_line_fit(const char *s, unsigned columns);
/* Appends a clean line cut to `columns`, with "..." at its end when something is missing and there
 * is room for it. Returns the columns used. */
unsigned slip_line_cut(struct slip_buf *out, const char *s, unsigned columns);

/* The "[12/318]" of ninja or the "[ 42%]" of CMake's Makefiles at the start of a clean line:
 * appended without its blanks. 1 when there was one. */
int slip_line_progress(struct slip_buf *out, const char *s);
