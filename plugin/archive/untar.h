/* untar.h - the entries of a tar that nobody vouches for, read strictly.
 *
 * Reads ustar, pax, GNU long names, GNU sparse files and old tar in any compression (inflate.h).
 * What another reader might see differently is refused, so that no scanner can be shown one archive
 * and a builder another: bad checksums, numbers that are none, NUL in a pax value, sizes that
 * disagree, unknown types, global headers that name things, maps of sparse files that do not add
 * up, links with a body. Names are given as they stand; what they may do is the caller's business
 * (layer/apply).
 *
 * Open, then next and data until next says 0; drain reads to the very end, so that bytes after the
 * end-of-archive mark count too. Depends on: util/, archive/inflate.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "archive/tar.h"
#include "util/digest.h"
#include "util/error.h"

struct slip_untar; /* opaque */

/* `fd` is borrowed. At most `limit` bytes of tar are read, and hashed if `hash`. NULL on error. */
struct slip_untar *slip_untar_open(int fd, uint64_t limit, bool hash, struct slip_error *err);
/* 1: *ret is the next entry, borrowed until the next call. 0: the end. -1: error. A body not read
 * is skipped. */
int slip_untar_next(struct slip_untar *untar, struct slip_tar_entry *ret, struct slip_error *err);
/* 1: the next piece of the body, borrowed until the next call; NULL for a hole of *ret_n bytes in a
 * sparse file. 0: the body is over. -1: error. */
int slip_untar_data(struct slip_untar *untar, const char **ret_p, size_t *ret_n,
                    struct slip_error *err);
/* After next said 0: reads what is left. *ret (may be NULL; needs `hash`) gets the SHA-256 of the
 * whole uncompressed stream. `bytes`, the sizes of all files, holes and all, are refused when they
 * are far more than this archive can honestly be. */
int slip_untar_drain(struct slip_untar *untar, uint64_t bytes, struct slip_digest *ret,
                     struct slip_error *err);
void slip_untar_free(struct slip_untar *untar); /* NULL is fine */

static inline void slip_untar_freep(struct slip_untar **untar)
{
    slip_untar_free(*untar);
}
