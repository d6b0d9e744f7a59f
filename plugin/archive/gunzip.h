/* gunzip.h - gzip members of any size, in pieces, checksums checked (RFC 1952).
 *
 * By ISA-L where the build has it, which is twice as fast, else by zlib.
 * Depends on: util/, ISA-L or zlib.
 */
#pragma once

#include <stddef.h>

#include "util/error.h"

struct slip_gunzip; /* opaque */

struct slip_gunzip *slip_gunzip_new(void);
/* Inflates from *in to *out as far as both last; what was used of them is taken off. 1: the member
 * is over, and the next call begins another. 0: give it more. -1: the data is damaged. */
int slip_gunzip_step(struct slip_gunzip *gunzip, const char **in, size_t *in_n, char **out,
                     size_t *out_n, struct slip_error *err);
void slip_gunzip_free(struct slip_gunzip *gunzip); /* NULL is fine */
