/* owner.h - the owner that a file would have, kept in an extended attribute.
 *
 * user.containers.override_stat = "uid:gid:mode[:char-MAJOR-MINOR|:block-MAJOR-MINOR]", as podman
 * and fuse-overlayfs write it: decimal, mode in octal. The mode is what it was when the owner was
 * set and is there for them: the inode's own mode counts, because chmod(2) is not emulated. A
 * device is an empty regular file with its type in the attribute. 0:0 of anything but a device is
 * no attribute at all. The kernel keeps user.* attributes of regular files and directories only, so
 * symbolic links, FIFOs and sockets are always 0:0. Depends on: libc.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#define SLIP_OWNER_XATTR "user.containers.override_stat"

struct slip_emulated {
    unsigned uid, gid;
    mode_t type; /* S_IFCHR or S_IFBLK for a device that is emulated, else 0 */
    dev_t rdev;
};

/* 1: there is one. 0: there is none (0:0). `path` may be a link of /proc/self/fd. */
int slip_emulated_get(const char *path, bool follow, struct slip_emulated *ret);
/* Sets or removes it. 0, or -1 with errno. */
int slip_emulated_set(const char *path, const struct slip_emulated *owner, mode_t mode);
int slip_emulated_set_fd(int fd, const struct slip_emulated *owner, mode_t mode);
