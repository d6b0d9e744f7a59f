/* ar.h - static libraries: System V's archive format with GNU's long names, its symbol index of 32
 * and 64 bits, and thin archives, whose members are files beside it.
 *
 *   "!<arch>\n" or "!<thin>\n", then members, each a header of 60 bytes and its content, padded to
 *   two bytes: "/" or "/SYM64/" is the index (big-endian count, offsets of members, names), "//"
 *   the names that do not fit a header ("/12" is the one at byte 12, up to "/\n").
 *
 * Read by pread, index and names at once, members when they are asked for. Not trusted: every size
 * is checked against the file's. Life: open; ask; release. Depends on: util/.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/error.h"

struct slip_ar {
    int fd; /* borrowed */
    uint64_t size;
    bool thin, wide; /* wide: an index of 64 bits */
    uint64_t first;  /* where the members begin that are neither index nor names */
    struct slip_buf index, names;
};

#define SLIP_AR_INIT ((struct slip_ar){ .fd = -1 })

struct slip_ar_member {
    char *name;        /* owned; in a thin archive a path, relative to the archive's directory */
    uint64_t at, size; /* where its content stands; `at` is 0 in a thin archive */
    uint64_t next;     /* offset of the header after it */
};

#define SLIP_AR_MEMBER_INIT ((struct slip_ar_member){ 0 })

/* 1: an archive. 0: something else. -1: damaged. `path` is for messages. */
int slip_ar_open(struct slip_ar *ar, int fd, const char *path, struct slip_error *err);
/* The member whose header stands at `offset`, which ar->first is for the first. 1, 0 at the end,
 * -1 when there is none that lies in the file. */
int slip_ar_member(const struct slip_ar *ar, uint64_t offset, struct slip_ar_member *ret,
                   struct slip_error *err);
/* Calls `each` for every symbol of the index, in its order, with the offset of the member that
 * defines it. Number of symbols; 0 without an index; -1 when it is damaged. */
int slip_ar_symbols(const struct slip_ar *ar,
                    void (*each)(void *user, const char *name, uint64_t member), void *user,
                    struct slip_error *err);
void slip_ar_member_release(struct slip_ar_member *member);
void slip_ar_release(struct slip_ar *ar);
