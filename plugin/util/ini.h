/* ini.h - INI text, one thing at a time, each with its place: nothing is cut, nothing is lost.
 *
 * inih does the reading, through a reader of ours that knows where each line stands. inih's traps
 * are closed: a `;` in a value is text, lines have no length limit, an indented line that starts
 * with `#` or `;` is text, an over-long section name is an error, and so is everything else that
 * inih would pass over in silence (text behind `]`, `key: value`, an indented line with no key
 * above it). A byte order mark and CRLF are fine. Comments are lines whose first character is `#`
 * or `;`.
 *
 * inih's switches are global variables: one thread at a time. Depends on: inih, util/.
 */
#pragma once

#include "util/error.h"

enum slip_ini_kind {
    SLIP_INI_SECTION, /* [section] */
    SLIP_INI_KEY,     /* key = value */
    SLIP_INI_MORE,    /* an indented line: more of the value before it */
};

struct slip_ini_item {
    enum slip_ini_kind kind;
    struct slip_span section; /* what stands in the brackets, trimmed; src NULL: before any */
    struct slip_span key;     /* the key, or the one above a MORE line */
    struct slip_span value;   /* this line's text, trimmed at both ends; may be empty */
    unsigned blank_lines;     /* MORE: empty lines between it and the one before */
};

/* Returns 0, or -1 with *err filled, which ends the parse. */
typedef int slip_ini_fn(void *user, const struct slip_ini_item *item, struct slip_error *err);

/* The longest section name that inih keeps whole. */
#define SLIP_INI_SECTION_MAX 49

int slip_ini_parse(const struct slip_source *src, slip_ini_fn *each, void *user,
                   struct slip_error *err);
