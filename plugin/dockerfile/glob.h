/* glob.h - the patterns within ${...}: '*', '?' and escapes, no brackets.
 * In a pattern a backslash goes before '*', '?', '\', '}' or '/'; before anything else it is an
 * error. Time is at most pattern times text squared. Depends on: util/buf. Private to dockerfile/.
 */
#pragma once

#include <stdbool.h>

#include "util/buf.h"

/* Appends `text` without its shortest or longest match of the pattern at the front, or at the end.
 * -1: bad pattern. */
int slip_glob_trim(const char *pattern, const char *text, bool at_end, bool longest,
                   struct slip_buf *out);
/* Appends `text` with the first match, or all, replaced; the longest at the leftmost place. An
 * empty match is none. -1: bad pattern. */
int slip_glob_replace(const char *pattern, const char *text, const char *with, bool all,
                      struct slip_buf *out);
