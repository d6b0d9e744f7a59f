/* tar.h - one tar entry, and bytes that depend on it and on nothing else.
 *
 * The writer makes POSIX ustar, with a pax header only where ustar cannot say it: long names and
 * links, ids above 2097151, sizes from 8 GiB, times before 1970, extended attributes (as
 * SCHILY.xattr.*, which every container tool reads). No user or group names, whole seconds, no
 * access or change times, pax records in byte order: the same entry gives the same bytes anywhere.
 *
 * A writer begins an entry, takes exactly `size` bytes of body, and goes on; finish ends the
 * archive. It holds no more than one header. Depends on: util/.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/buf.h"
#include "util/error.h"

/* Where bytes go: 0, or -1 with *err. */
typedef int slip_sink_fn(void *user, const void *p, size_t n, struct slip_error *err);

struct slip_tar_xattr {
    const char *name;  /* borrowed */
    const char *value; /* borrowed */
    size_t len;
};

struct slip_tar_entry {
    const char *path; /* borrowed */
    const char *link; /* borrowed: target of a symbolic or hard link, else NULL */
    bool hardlink;    /* to `link`; it has no body, whatever the size says */
    mode_t mode;      /* type and permissions */
    uid_t uid;
    gid_t gid;
    int64_t mtime; /* seconds */
    uint64_t size; /* of the body; regular files only */
    bool sparse;   /* it has holes (when reading; the writer makes none) */
    dev_t rdev;
    const struct slip_tar_xattr *xattrs; /* borrowed; written in this order */
    size_t nxattrs;
};

struct slip_tar {
    slip_sink_fn *sink;
    void *user;    /* borrowed */
    uint64_t left; /* of the body that was begun */
    unsigned pad;  /* zeros due after it */
    struct slip_buf head;
};

#define SLIP_TAR_INIT(to, with) ((struct slip_tar){ .sink = (to), .user = (with) })

/* Directories get their trailing slash here. An entry that tar cannot express is an error. */
int slip_tar_begin(struct slip_tar *tar, const struct slip_tar_entry *entry,
                   struct slip_error *err);
int slip_tar_body(struct slip_tar *tar, const void *p, size_t n, struct slip_error *err);
/* The same for n bytes that have reached the sink by another way. */
int slip_tar_passed(struct slip_tar *tar, size_t n, struct slip_error *err);
/* The two zero blocks that end an archive. */
int slip_tar_finish(struct slip_tar *tar, struct slip_error *err);
void slip_tar_release(struct slip_tar *tar);
