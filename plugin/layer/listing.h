/* listing.h - what is in a layer, and what is seen through a stack of them, without unpacking.
 *
 * A listing is read from a layer's tar, strictly (archive/untar.h): names, modes, owners, sizes,
 * the SHA-256 of each file, and what the layer removes of those below. A stack of listings gives
 * the files that a container sees, and those bytes that lie in the image and are never seen: files
 * that an upper layer overwrites or removes. Nothing is written to disk and nothing is mounted.
 * Depends on: archive/, util/.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/error.h"

struct slip_listed {
    char *path; /* owned: "usr/bin/x"; of a whiteout: what it removes */
    char *text; /* owned: all of a file that was asked for, NUL-terminated; NULL for others */
    char *link; /* owned: target of a symbolic link, or path of the file it is another name of */
    mode_t mode;
    uid_t uid;
    gid_t gid;
    uint64_t size;    /* bytes of the body: 0 for a hard link, as its file has them */
    unsigned layer;   /* which one, from the bottom */
    size_t order;     /* place in its archive */
    char content[65]; /* SHA-256 of a regular file, also of a hard link; "" else */
    bool hardlink, whiteout, opaque;
    bool caps; /* it has file capabilities */
};

struct slip_listing {
    struct slip_listed *v; /* owned; sorted by path */
    size_t n, cap;
    uint64_t bytes; /* sum of sizes */
};

#define SLIP_LISTING_INIT ((struct slip_listing){ 0 })

#define SLIP_LISTING_TEXT_LIMIT ((uint64_t)64 << 20) /* larger files are not kept */

/* `fd` is a layer in any compression, borrowed; `limit` bounds the tar inside. The text of files is
 * kept whose path is one of `keep` (NULL-terminated), or lies below one that ends in '/'. */
int slip_listing_read(int fd, uint64_t limit, unsigned layer, const char *const *keep,
                      struct slip_listing *ret, struct slip_error *err);
void slip_listing_release(struct slip_listing *listing);
/* For qsort() of pointers to them: largest first, then by path. */
int slip_listed_by_size(const void *a, const void *b);

/* A file of a lower layer that is not seen. */
struct slip_hidden {
    const struct slip_listed *file; /* borrowed from its listing */
    unsigned by;                    /* the layer that hides it */
    bool removed;                   /* not overwritten */
};

struct slip_seen {
    const struct slip_listed **files; /* owned array, borrowed entries; sorted by path */
    size_t n;
    struct slip_hidden *hidden; /* owned; regular files with bytes only, largest first */
    size_t nhidden, hidden_cap;
    uint64_t hidden_bytes;
};

#define SLIP_SEEN_INIT ((struct slip_seen){ 0 })

/* `layers` lowest first; they must outlive *ret. */
void slip_listing_stack(const struct slip_listing *layers, size_t n, struct slip_seen *ret);
/* The file seen at a path without a leading '/', or NULL. */
const struct slip_listed *slip_seen_find(const struct slip_seen *seen, const char *path);
void slip_seen_release(struct slip_seen *seen);
