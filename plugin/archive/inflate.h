/* inflate.h - the bytes inside a compressed file, whatever compressed it.
 *
 * gzip (any number of members), zstd, xz, bzip2, lzma, lz4 and compress are told by their first
 * bytes; anything else is taken as it is. Large files and pipes are inflated on a thread of their
 * own, a few blocks ahead of the reader, and hashed on another; that takes 8 MiB (and the window of
 * a zstd frame that asks for one). A pipe is read to its end, whatever follows the archive. Bytes
 * after a complete gzip member that begin no other are ignored, as gzip does. Input that unpacks to
 * more than 1 GiB and 200 times its size is refused. Depends on: util/, archive/expand.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/digest.h"
#include "util/error.h"

struct slip_inflate; /* opaque: it is shared with a thread and must not move */

/* `fd` is borrowed, read from where it stands, and must stay open. More than `limit` bytes inside
 * are an error. With `hash` they are also hashed as they come. */
struct slip_inflate *slip_inflate_open(int fd, uint64_t limit, bool hash, struct slip_error *err);
/* 1: *ret_p points at *ret_n (> 0) bytes, valid until the next call. 0: the end. -1: error. */
int slip_inflate_next(struct slip_inflate *inflate, const char **ret_p, size_t *ret_n,
                      struct slip_error *err);
/* With `hash`, and after next said 0: the SHA-256 of everything. */
void slip_inflate_finish(struct slip_inflate *inflate, struct slip_digest *ret);
/* After next said 0: refuses an archive of this size that holes make `bytes` bytes, by the same
 * rule as all others. */
int slip_inflate_check(const struct slip_inflate *inflate, uint64_t bytes, struct slip_error *err);
void slip_inflate_free(struct slip_inflate *inflate); /* NULL is fine */

static inline void slip_inflate_freep(struct slip_inflate **inflate)
{
    slip_inflate_free(*inflate);
}

/* The SHA-256 of what is inside. */
int slip_inflate_digest(int fd, uint64_t limit, struct slip_digest *ret, struct slip_error *err);
