/* ustar.h - the 512 bytes that stand before every entry, as POSIX.1-1988 laid them out.
 * Depends on: libc.
 */
#pragma once

#define SLIP_TAR_BLOCK 512

struct slip_ustar {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], chksum[8];
    char typeflag;
    char linkname[100], magic[6], version[2], uname[32], gname[32];
    char devmajor[8], devminor[8], prefix[155], unused[12];
};

_Static_assert(sizeof(struct slip_ustar) == SLIP_TAR_BLOCK, "a header is one block");
