/* match.h - file name patterns of COPY and ADD sources, as Go's filepath.Match has them.
 *
 *   *  any text without '/'     ?  one character, not '/'     [a-z] [^a-z]  one of a set
 *   \c the character c          anything else is itself
 * Characters are UTF-8; a byte that is not counts as one. Depends on: libc.
 */
#pragma once

#include <stdbool.h>

/* 1: the whole name matches. 0: it does not. -1: the pattern is malformed (a set that is not
 * closed, a lone backslash at the end). */
int slip_match(const char *pattern, const char *name);
/* Is there anything in it but plain characters? */
bool slip_match_is_pattern(const char *text);
