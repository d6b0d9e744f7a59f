/* owner.h - who owns a file that this process cannot give away (tier single).
 *
 * Where one id is mapped, chown(2) to another is impossible, and so is mknod(2) of devices. The
 * owner, the mode and the type stand in the extended attribute user.containers.override_stat as
 * "uid:gid:mode[:type-major-minor]" (mode in octal), as podman and fuse-overlayfs keep them.
 * Symbolic links and pipes cannot have such an attribute: theirs are lost. Depends on: util/.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#define SLIP_OWNER_XATTR "user.containers.override_stat"

struct slip_owner {
    uid_t uid;
    gid_t gid;
    mode_t mode; /* permissions, and the type when it is a device */
    dev_t rdev;
};

/* Sets the attribute on an open file. 0, or -1 with errno. */
int slip_owner_set(int fd, const struct slip_owner *owner);
/* The owner of an open file alone; its mode stays. In the place of fchown(2). */
int slip_owner_give(int fd, uid_t uid, gid_t gid);
/* 1: *ret holds what the attribute says. 0: there is none, or none that can be understood. */
int slip_owner_parse(const char *value, size_t len, struct slip_owner *ret);
