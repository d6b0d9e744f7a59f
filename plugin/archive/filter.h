/* filter.h - bytes that were compressed in a rarer way: xz, lzma, bzip2, lz4, compress; what is
 * none of them comes out as it is. By libarchive, which is loaded when one is met: with all that it
 * brings along, it would double the time of every start. Depends on: util/, libarchive.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "util/error.h"

struct slip_filter; /* opaque */

/* Gives the next compressed bytes, valid until the next call; *ret_n 0 at the end. -1: errno. */
typedef int slip_filter_feed(void *user, const void **ret_p, size_t *ret_n);

struct slip_filter *slip_filter_new(slip_filter_feed *feed, void *user, struct slip_error *err);
/* Up to `n` bytes; 0 at the end. -1: the data is damaged. */
ssize_t slip_filter_read(struct slip_filter *filter, void *to, size_t n, struct slip_error *err);
void slip_filter_free(struct slip_filter *filter); /* NULL is fine */
