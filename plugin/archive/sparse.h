/* sparse.h - where the bytes of a sparse file belong, as GNU tar says it in any of its four ways.
 *
 * Old headers (type S and the blocks that continue it), pax 0.0 and 0.1 (records), pax 1.0 (text in
 * front of the body); see "Storing Sparse Files" in GNU tar's manual. A map is believed only when
 * its pieces are in order, apart, within the file, and hold as many bytes as are stored.
 * Depends on: util/.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

#define SLIP_SPARSE_PIECES 65536u /* the most that are taken */

struct slip_sparse {
    struct slip_piece {
        uint64_t at, len;
    } * pieces; /* owned */
    size_t n, cap;
    uint64_t stored; /* sum of the lengths */

    uint64_t size, where; /* of the file, and in it */
    size_t next;          /* piece */
    uint64_t in_piece;    /* bytes of the one before it, still to come */
};

#define SLIP_SPARSE_INIT ((struct slip_sparse){ 0 })

/* Adds a piece behind the others. */
int slip_sparse_add(struct slip_sparse *map, uint64_t at, uint64_t len, struct slip_error *err);
/* Adds "at,len,at,len..." (pax 0.1). */
int slip_sparse_add_list(struct slip_sparse *map, const char *list, struct slip_error *err);

/* The text of pax 1.0, "<count>\n<at>\n<len>\n...", as it comes in blocks. Starts zeroed. */
struct slip_sparse_text {
    uint64_t value, count, seen, at;
    bool digits;
};

/* 1: that was the last block. 0: there are more. -1. */
int slip_sparse_add_text(struct slip_sparse *map, struct slip_sparse_text *text, const char *block,
                         size_t n, struct slip_error *err);

/* The map is complete: of a file of `size` bytes, of which `stored` are in the archive. */
int slip_sparse_begin(struct slip_sparse *map, uint64_t size, uint64_t stored,
                      struct slip_error *err);
/* Then, until both say 0: how many bytes of nothing come next, and after them, how many of the
 * archive. What was stored is taken in any number of steps. */
uint64_t slip_sparse_hole(struct slip_sparse *map);
uint64_t slip_sparse_left(const struct slip_sparse *map);
void slip_sparse_take(struct slip_sparse *map, uint64_t n);

void slip_sparse_clear(struct slip_sparse *map); /* keeps the memory */
void slip_sparse_release(struct slip_sparse *map);
