/* expand.h - the bytes inside a compressed file, piece by piece, on the caller's thread.
 *
 * Private to archive/: inflate.h is what others use, and says what is understood. Whoever asks for
 * more than `limit` bytes, for a window of more than 128 MiB, or for far more than a compressor can
 * honestly save, is refused. Depends on: util/, libdeflate, libzstd, archive/gunzip, libarchive
 * (its filters for the rest).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

#define SLIP_EXPAND_CHUNK ((size_t)1 << 20) /* the most that comes at once */

struct slip_expand; /* opaque */

/* `fd` is borrowed and read from where it stands. A pipe is read to its end before the end is
 * reported, whatever follows the compressed data. NULL on error. */
struct slip_expand *slip_expand_open(int fd, uint64_t limit, struct slip_error *err);
/* Fills `to`, which has room for a chunk; *ret_n is 0 at the end. */
int slip_expand_next(struct slip_expand *expand, char *to, size_t *ret_n, struct slip_error *err);
/* Refuses an archive that becomes `bytes` bytes, when that is far more than what was read so far
 * can honestly be. */
int slip_expand_check(const struct slip_expand *expand, uint64_t bytes, struct slip_error *err);
void slip_expand_free(struct slip_expand *expand); /* NULL is fine */
