/* stream.h - a tree becomes a layer: tar, SHA-256, compression on several threads, SHA-256.
 *
 * The bytes depend on the tree, the compression and its level, and on nothing else: not on the
 * number of threads, the clock or the locale. One pass: every file is read once. gzip layers are
 * written as independent members of 1 MiB of tar each (RFC 1952 allows members to follow each
 * other), which is what lets threads share the work. Depends on: archive/, util/.
 */
#pragma once

#include <stdint.h>

#include "layer/tree.h"
#include "util/digest.h"

enum slip_compression { SLIP_GZIP, SLIP_ZSTD, SLIP_UNCOMPRESSED };

struct slip_layer_info {
    struct slip_digest diff_id; /* of the tar */
    struct slip_digest digest;  /* of the bytes written */
    uint64_t size;              /* bytes written */
    uint64_t tar_size;
};

/* Where bytes go: 0, or -1 with *err. */
typedef int slip_sink_fn(void *user, const void *p, size_t n, struct slip_error *err);

/* level 0: the default of the compression (gzip 6, zstd 3). threads 0: one per CPU.
 * `tree` must have been finished. */
int slip_layer_write(const struct slip_tree *tree, enum slip_compression compression, int level,
                     unsigned threads, slip_sink_fn *sink, void *user, struct slip_layer_info *ret,
                     struct slip_error *err);
