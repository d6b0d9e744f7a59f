/* ustar.h - the 512 bytes that stand before every entry, as POSIX.1-1988 laid them out.
 * Depends on: util/.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

#define SLIP_TAR_BLOCK 512

struct slip_ustar {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], chksum[8];
    char typeflag;
    char linkname[100], magic[6], version[2], uname[32], gname[32];
    char devmajor[8], devminor[8], prefix[155], unused[12];
};

/* What GNU tar puts behind devminor, and the blocks that continue it (type S). */
struct slip_gnu_piece {
    char at[12], len[12];
};

struct slip_gnu_sparse {
    char before[345], atime[12], ctime[12], offset[12], longnames[4], unused;
    struct slip_gnu_piece pieces[4];
    char more, size[12], after[17];
};

struct slip_gnu_pieces {
    struct slip_gnu_piece pieces[21];
    char more, after[7];
};

_Static_assert(sizeof(struct slip_gnu_sparse) == SLIP_TAR_BLOCK, "a header is one block");
_Static_assert(sizeof(struct slip_gnu_pieces) == SLIP_TAR_BLOCK, "a header is one block");
_Static_assert(sizeof(struct slip_ustar) == SLIP_TAR_BLOCK, "a header is one block");

/* A field: octal digits between spaces and NULs, or base 256 when its first bit is set (GNU). What
 * is no number, or not within the bounds, is an error that names it as `what`. */
int slip_ustar_number(const char *field, size_t width, const char *what, int64_t min, int64_t max,
                      int64_t *ret, struct slip_error *err);
int slip_ustar_check(const struct slip_ustar *header, struct slip_error *err); /* its checksum */
