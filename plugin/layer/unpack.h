/* unpack.h - the work of one slip_apply(): where entries go, and what is still to be done.
 *
 * Private to layer/: apply.c walks the archive, place.c finds and makes directories and clears
 * what is in the way, mark.c does whiteouts, meta.c owners, modes, attributes and times.
 * Nobody else writes below the root meanwhile; even then, a directory fd can become stale but
 * never points outside, for every one was opened with RESOLVE_IN_ROOT. Depends on: archive/, util/.
 */
#pragma once

#include <sys/stat.h>

#include "archive/tar.h"
#include "layer/apply.h"
#include "util/buf.h"
#include "util/map.h"

#define SLIP_UNPACK_DIRS 64u

struct slip_unpack_dir {
    char *path; /* owned; metadata that waits for the end */
    mode_t mode;
    uid_t uid;
    gid_t gid;
    int64_t mtime;
};

struct slip_unpack {
    int root;                                 /* borrowed */
    const struct slip_apply_options *options; /* borrowed */
    struct slip_buf path;                     /* the current entry's, clean; "" is the root */
    struct slip_buf link;                     /* the current hard link's target, clean */
    char shown[256]; /* the name as the archive has it, fit for a terminal */

    struct {
        char *path; /* owned; NULL: free */
        int fd;
    } cache[SLIP_UNPACK_DIRS];
    bool stale; /* something was removed or replaced: forget the cache before its next use */

    /* Only without `overlay`: paths of this archive and their parents, and by inode the directories
     * in which nothing else is left. */
    struct slip_map made, purged;
    struct slip_unpack_dir *later; /* owned; in the order of the archive */
    size_t nlater, later_cap;
    uint64_t bytes, entries;
    size_t remembered; /* bytes of paths that are kept, at most */
};

/* "'<name in the archive>' <why>", SLIP_EINPUT. Returns -1. */
int slip_unpack_refuse(const struct slip_unpack *u, const char *why, struct slip_error *err);
/* "cannot <what> '<name in the archive>'", with errno. Returns -1. */
int slip_unpack_fail(const struct slip_unpack *u, const char *what, struct slip_error *err);

/* One more entry, or directory that an entry implies: both are limited together. */
int slip_unpack_count(struct slip_unpack *u, struct slip_error *err);
/* `path` will be kept until the end, in memory that is limited. */
int slip_unpack_remember(struct slip_unpack *u, const char *path, struct slip_error *err);
/* Splits `name` and joins it again without "." and empty parts; ".." and names too long or too deep
 * are refused. "" is the root. */
int slip_unpack_clean(const struct slip_unpack *u, const char *name, struct slip_buf *ret,
                      struct slip_error *err);
/* The directory `path`, made with its parents when it is not there. Borrowed until the next call.
 */
int slip_unpack_parent(struct slip_unpack *u, const char *path, struct slip_error *err);
/* Removes `name`, whatever it is. 1 when it was there and hid nothing below it (a file, a link, a
 * whiteout), 0 otherwise, -1. */
int slip_unpack_clear(struct slip_unpack *u, int parent, const char *name, struct slip_error *err);
/* Makes the directory `name`, or takes the one that is there; what else is there goes. 1: it is cut
 * off from the layers below, 0: it is not, -1. */
int slip_unpack_mkdir(struct slip_unpack *u, int parent, const char *name, struct slip_error *err);
/* The archive itself says what directory `name` is: nothing is owed for it (debts.h). */
int slip_unpack_own(struct slip_unpack *u, int parent, const char *name, struct slip_error *err);
/* Remembers that the archive has `path`. */
void slip_unpack_note(struct slip_unpack *u, const char *path);
void slip_unpack_release_places(struct slip_unpack *u);

/* Hides what the layers below have in directory `name` of `parent` ("." for itself). */
int slip_unpack_set_opaque(const struct slip_unpack *u, int parent, const char *name,
                           struct slip_error *err);
bool slip_unpack_is_opaque(int dir); /* O_PATH will do */
bool slip_unpack_is_whiteout(const struct stat *st);
/* Hides what the layers below have in an open directory, and drops the whiteouts in it, which
 * overlayfs would show there. */
int slip_unpack_make_opaque(const struct slip_apply_options *options, int dir,
                            struct slip_error *err);
/* The entry is `.wh.<something>` in `parent`. */
int slip_unpack_mark(struct slip_unpack *u, int parent, const char *name, const char *dir,
                     struct slip_error *err);

/* Owner, mode, attributes, time of a file or directory just made, in the order that loses none. */
int slip_unpack_meta(const struct slip_unpack *u, int fd, const struct slip_tar_entry *e,
                     struct slip_error *err);
/* The same for a link, pipe or device. */
int slip_unpack_meta_at(const struct slip_unpack *u, int parent, const char *name,
                        const struct slip_tar_entry *e, struct slip_error *err);
/* Attributes of a directory now, the rest when everything is in it. */
int slip_unpack_meta_later(struct slip_unpack *u, int parent, const char *name,
                           const struct slip_tar_entry *e, struct slip_error *err);
int slip_unpack_meta_finish(struct slip_unpack *u, struct slip_error *err);
