/* copytree.h - files of one root into another, as COPY does it.
 *
 * Both sides are directory fds and no path leaves them; directories merge, anything else replaces
 * what is there; hard links inside one copy stay hard links; owners first, then capabilities, then
 * mode, then times. Depends on: build/mode, layer/owner, util/.
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "util/error.h"
#include "util/map.h"
#include "util/root.h"

struct slip_copy_tree {
    int from;           /* root of the source side */
    const char *source; /* path in it; a directory gives its content, "" is the root */
    int to;             /* root of the destination side */
    const char *dest;   /* path in it: directory to fill, or name of the file */
    bool set_owner;     /* uid and gid for everything; else as the source has them */
    uid_t uid;
    gid_t gid;
    const char *chmod; /* octal or symbolic; NULL: as the source */
    bool git_modes;    /* modes of the source are those of a checkout (slip_git_mode()) */
    bool emulated;     /* owners stand in user.containers.override_stat on both sides */
    bool xattrs;       /* copy extended attributes too */
    /* false: leave this path of the source side (relative to `from`) out. NULL: all. */
    int (*keep)(void *user, const char *path, bool is_dir);
    void *user;
};

int slip_copy_tree(const struct slip_copy_tree *copy, struct slip_error *err);
/* The directories above copy->source from byte `kept` of that path on, below `dest`, with what the
 * source's have; those that are there stay as they are. A source that is a directory is made too.
 */
int slip_copy_parents(const struct slip_copy_tree *copy, size_t kept, struct slip_error *err);

/* What directories are like that have to be made on the way to the destination: they belong to the
 * owner of --chown, else to root. */
struct slip_new_dir slip_copy_new_dir(const struct slip_copy_tree *copy);

/* The owner a file has for the image: emulated or real. */
void slip_owner_of(int fd, const struct stat *st, bool emulated, uid_t *uid, gid_t *gid);
