/* overlay.h - one overlay mount, spelled so that no path name has to be escaped.
 *
 * Directories are given as fds and named /proc/self/fd/N in the options, which the kernel takes up
 * to one page of: about 200 layers. Options beyond the directories are index, metacopy and
 * redirect_dir off, volatile with an upper, and userxattr in a user namespace (without it such a
 * mount succeeds, and then fails at the first directory that is removed and made again).
 * Depends on: exec/tier, util/.
 */
#pragma once

#include <stddef.h>

#include "util/error.h"

struct slip_overlay {
    const int *lower; /* top first, at least one; borrowed */
    size_t nlower;
    int upper, work; /* -1: read-only, and then at least two lowers */
};

/* Mounts it, without devices, on the directory `name` in `dir`, which must be nobody else's. */
int slip_overlay_mount(const struct slip_overlay *overlay, int dir, const char *name,
                       struct slip_error *err);
/* 1 when a directory hides what lies below it in an overlay of this tier, else 0. O_PATH will do.
 */
int slip_overlay_is_opaque(int dir);
