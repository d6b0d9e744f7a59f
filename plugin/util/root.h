/* root.h - directories beneath a root whose paths hold symbolic links, or are not there yet.
 *
 * Nothing leaves the root: absolute links and ".." count from it, as after a chroot.
 * Depends on: util/fs.
 */
#pragma once

#include "util/fs.h"

/* What slip_mkdirs_in_root() makes of a new directory: 0755, with this owner and time. NULL for it
 * means root's, now. */
struct slip_new_dir {
    uid_t uid;
    gid_t gid;
    int64_t mtime; /* seconds; -1: now */
    /* In place of fchown(2), where owners are kept elsewhere; 0, or -1 with errno. NULL: fchown. */
    int (*own)(int fd, uid_t uid, gid_t gid);
};

/* mkdir -p inside a root; returns an O_PATH|O_DIRECTORY fd of the last one, or -1. Those that are
 * there already stay as they are. */
int slip_mkdirs_in_root(int root, const char *path, const struct slip_new_dir *how,
                        struct slip_error *err);
/* Where a path leads when every symbolic link in it is followed, the last one too, and those that
 * lead to nothing: absolute, clean, without links as far as it exists. NULL with errno (ELOOP after
 * 255 links). Caller frees. */
char *slip_follow_in_root(int root, const char *path);
