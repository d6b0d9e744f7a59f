/* scan.h - what is in a directory of the user's, by content, without reading it twice.
 *
 * A scan lists regular files, links and directories in byte order with their SHA-256. A stat cache
 * in the store (inode, ctime, mtime, size, to the nanosecond) spares reading what did not change;
 * entries younger than the cache's own write are read again, as git does with its racy entries.
 * Depends on: plan/ignore, store/, util/.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "build/makings.h"
#include "plan/ignore.h"
#include "store/store.h"
#include "util/buf.h"
#include "util/digest.h"

struct slip_scanned {
    char *path;  /* owned; relative, "" never appears */
    char *link;  /* owned; target of a symbolic link */
    mode_t mode; /* type and permissions as they are; in a git work tree, slip_git_mode() of it */
    uid_t uid;
    gid_t gid;
    dev_t dev;
    ino_t ino;
    nlink_t nlink;
    uint64_t size;
    int64_t mtime_ns, ctime_ns;
    struct slip_digest digest; /* regular files */
};

struct slip_scan {
    char *root; /* owned, absolute path */
    int fd;     /* owned */
    struct slip_scanned *entries;
    size_t n, cap;
    struct slip_strv hidden; /* owned: with list_hidden, what the rules leave out; a directory of
                                which nothing is left stands for all that is in it */
    char rules[16];          /* the front of a digest of the ignore rules; "" without any */
    bool in_git;             /* within a git work tree */
};

#define SLIP_SCAN_INIT ((struct slip_scan){ .fd = -1 })

struct slip_scan_options {
    const char *const *ignore; /* lines of the ignore file; NULL: none */
    bool list_hidden;
    bool skip_build_trees; /* leave out directories that hold a CMakeCache.txt, and .git */
};

int slip_scan_directory(struct slip_scan *scan, struct slip_store *store, const char *path,
                        const struct slip_scan_options *options, struct slip_error *err);
const struct slip_scanned *slip_scan_find(const struct slip_scan *scan, const char *path);
/* Is it in the scan, or something below it? A directory that is left out may hold what is not. ""
 * is always there. */
bool slip_scan_holds(const struct slip_scan *scan, const char *path);
/* Adds names (from `under` on), types, links and contents of everything at or below `under` ("" for
 * all) to a key, and the modes: all permissions, or only whether it is executable. Never times. */
void slip_scan_made_of(const struct slip_scan *scan, const char *under, bool all_modes,
                       struct slip_makings *m);
void slip_scan_release(struct slip_scan *scan);
