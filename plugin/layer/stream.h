/* stream.h - a tree becomes a layer: tar, SHA-256, compression on several threads, SHA-256.
 *
 * The bytes depend on the tree, the compression and its level, and on nothing else: not on the
 * number of threads, the clock or the locale. One pass: every file is read once. gzip layers are
 * written as independent members of 1 MiB of tar each (RFC 1952 allows members to follow each
 * other), which is what lets threads share the work. The sink is called by one thread at a time,
 * which need not be the caller's. Depends on: archive/, util/.
 */
#pragma once

#include <stdint.h>

#include "archive/pack.h" /* enum slip_compression, slip_sink_fn */
#include "layer/tree.h"
#include "util/digest.h"

struct slip_layer_info {
    struct slip_digest diff_id; /* of the tar */
    struct slip_digest digest;  /* of the bytes written */
    uint64_t size;              /* bytes written */
    uint64_t tar_size;
};

/* level 0: the default (archive/pack.h). threads 0: one per CPU.
 * `tree` must have been finished. */
int slip_layer_write(const struct slip_tree *tree, enum slip_compression compression, int level,
                     unsigned threads, slip_sink_fn *sink, void *user, struct slip_layer_info *ret,
                     struct slip_error *err);
