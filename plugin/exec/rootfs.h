/* rootfs.h - a stack of directories seen as one root file system.
 *
 * Layers are overlayfs layer directories, top first; `upper` takes what is written. With `host`,
 * this machine's own root lies below them: each of its top directories (/usr, /etc, /opt, /var ...;
 * never /home, /root, /tmp, /run, /proc, /sys, /dev, /mnt, /media, /boot) is overlaid by itself,
 * read-only below, because a user namespace may not overlay "/" whole. What is written there stands
 * in `upper` under the same path, as if there had been one overlay.
 * In a user namespace, directories of the host belong to ids that are not mapped, which overlayfs
 * refuses to copy up (EOVERFLOW, "Value too large for defined data type"): a skeleton of the usual
 * directories of the host lies between (exec/skeleton.h). Files of the host can be replaced there,
 * but not changed in place; in tier root they can.
 *
 * A directory of the host that cannot be overlaid (other file systems are mounted below it, in a
 * user namespace, or the store lies there) is shown read-only, without what layers have there.
 *
 * Mounts are made in this process's own mount namespace (tier.h) and options are: userxattr in a
 * user namespace, volatile, redirect_dir, metacopy and index off. No path name is ever spelled in
 * mount options but /proc/self/fd/N. Depends on: util/.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

struct slip_rootfs {
    const int *layers; /* O_PATH or O_DIRECTORY fds, top first; borrowed */
    size_t nlayers;
    int upper;   /* directory fd, or -1: read-only */
    int scratch; /* directory fd on the file system of `upper`: work directories, mount points,
                    skeletons; what is made there is private to one slip_rootfs at a time. Required
                  */
    bool host;
};

#define SLIP_ROOTFS_INIT ((struct slip_rootfs){ .upper = -1, .scratch = -1 })

struct slip_mounted {
    int root;    /* owned: fd of the merged root directory */
    int scratch; /* owned */
    int upper;   /* owned: of a host rootfs, whose unused directories go away again; or -1 */
    char name[24];
};

#define SLIP_MOUNTED_INIT ((struct slip_mounted){ .root = -1, .scratch = -1, .upper = -1 })

/* Mounts it for file operations of this process, through ret->root. */
int slip_rootfs_mount(const struct slip_rootfs *rootfs, struct slip_mounted *ret,
                      struct slip_error *err);
/* Unmounts and removes the mount point and the work directories. Twice is fine. */
void slip_mounted_release(struct slip_mounted *mounted);

/* After a host rootfs was written to: 1 when `path` (absolute) lies in a part of the host that is
 * shown inside, else 0. */
int slip_rootfs_shows_host(const char *path);
