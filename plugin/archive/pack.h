/* pack.h - bytes become compressed bytes and two digests, on several threads, in order.
 *
 * What is put in is cut into blocks of 1 MiB; each becomes a gzip member or a zstd frame of its
 * own, so the result does not depend on how many threads share the work, nor on the sizes in which
 * the bytes came. One thread hashes what comes in, one hashes what goes out and feeds the sink, in
 * order. Memory is bounded: two blocks for each compressor and a few more. No thread is started for
 * input of one block, or when one thread is asked for.
 *
 * Open, write (or fill the room), finish; release gives up whatever is still under way. The sink
 * is called by one thread at a time, which need not be the caller's. Depends on: util/, libdeflate,
 * zstd, threads.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "archive/tar.h"
#include "util/digest.h"
#include "util/error.h"

#define SLIP_PACK_BLOCK ((size_t)1 << 20)

enum slip_compression { SLIP_GZIP, SLIP_ZSTD, SLIP_UNCOMPRESSED };

struct slip_packed {
    struct slip_digest in, out;
    uint64_t in_size, out_size;
};

struct slip_packer; /* opaque: it is shared with threads and must not move */

/* level 0: the default, gzip 2 and zstd 3: smaller than what the usual builders of images make, in
 * a fraction of the time. threads 0: one per CPU. NULL on error. */
struct slip_packer *slip_packer_open(enum slip_compression compression, int level, unsigned threads,
                                     slip_sink_fn *sink, void *user, struct slip_error *err);
/* A slip_sink_fn: `packer` is a struct slip_packer. */
int slip_packer_write(void *packer, const void *p, size_t n, struct slip_error *err);
/* Room for at least one byte, to be filled by the caller, who then says how much was used. NULL on
 * error. */
char *slip_packer_room(struct slip_packer *packer, size_t *ret_n, struct slip_error *err);
void slip_packer_used(struct slip_packer *packer, size_t n);
int slip_packer_finish(struct slip_packer *packer, struct slip_packed *ret, struct slip_error *err);
void slip_packer_free(struct slip_packer *packer); /* NULL is fine */

static inline void slip_packer_freep(struct slip_packer **packer)
{
    slip_packer_free(*packer);
}
