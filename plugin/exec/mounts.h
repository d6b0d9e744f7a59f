/* mounts.h - what a sandbox sees besides its root: /proc, /dev, masks, and everything mounted in.
 *
 * Runs in PID 1 of the sandbox, in its own mount namespace. Nothing is mounted by a path of the
 * image: trees are made detached and moved onto fds that were looked up beneath the root.
 * Depends on: util/.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

/* A detached mount, and where it goes. */
struct slip_piece {
    int tree;     /* owned: open_tree(2) or fsmount(2) */
    bool is_dir;  /* what to make when the target is missing */
    char *target; /* owned; absolute, clean */
};

/* Makes `root` (a detached tree) the root of this process and mounts everything. Without a network
 * of its own (`sysfs` false) /sys stays empty. */
int slip_mounts_enter(int root, const struct slip_piece *pieces, size_t npieces, bool sysfs,
                      struct slip_error *err);
