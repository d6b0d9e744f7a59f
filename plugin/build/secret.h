/* secret.h - what steps may use and must not keep: the secrets of a build, and their way out.
 *
 * Values are read once, by commands/, and live in memory until the build is over; they are in no
 * key, record or layer. A step that prints one is a mistake that logs keep for ever, so everything
 * that a step writes passes a veil: the value, and every line of a longer one, comes out as "***",
 * whichever way it was cut into pieces. What is shorter than SLIP_VEIL_MIN bytes passes, as it
 * would be found in everything; so does what the step has encoded, and what stands in the lines of
 * a secret after the first SLIP_VEIL_LINES.
 * Depends on: util/.
 */
#pragma once

#include <stddef.h>

#include "util/buf.h"

#define SLIP_SECRET_LIMIT ((size_t)500 << 10) /* bytes, as BuildKit has it */
#define SLIP_VEIL_MIN ((size_t)4)
#define SLIP_VEIL_LINES 256u

struct slip_secret {
    char *id;    /* owned */
    char *value; /* owned; NUL-terminated, and may hold NULs */
    size_t len;
};

/* A list that a build borrows. */
struct slip_secrets {
    struct slip_secret *v; /* owned */
    size_t n, cap;
};

#define SLIP_SECRETS_INIT ((struct slip_secrets){ 0 })

/* Copies; a later value of the same id replaces the former. */
void slip_secrets_add(struct slip_secrets *list, const char *id, const void *value, size_t len);
/* NULL: it was not given. `list` may be NULL. */
const struct slip_secret *slip_secrets_find(const struct slip_secrets *list, const char *id);
void slip_secrets_release(struct slip_secrets *list); /* overwrites the values */

/* One stream of one step. Life: a list, then put any number of times, flush, release. */
struct slip_veil {
    const struct slip_secrets *secrets; /* borrowed */
    struct slip_buf held;               /* what may be the beginning of a value */
};

/* Appends to `out` what can be shown by now. */
void slip_veil_put(struct slip_veil *veil, const void *p, size_t n, struct slip_buf *out);
/* The rest, at the end of the stream. */
void slip_veil_flush(struct slip_veil *veil, struct slip_buf *out);
void slip_veil_release(struct slip_veil *veil);
