/* trail.h - a path followed inside a root, with every symbolic link met on the way.
 *
 * An image that shall have the shape of its builder needs the links as well as the file: with a
 * merged /usr, /lib64/ld-linux-x86-64.so.2 is three links and one file. Nothing outside the root
 * is ever seen. Depends on: util/.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "util/buf.h"

struct slip_trail {
    char *real; /* owned: absolute, free of links */
    mode_t mode;
    struct slip_trail_link {
        char *path;   /* owned: where the link itself stands, free of links above it */
        char *target; /* owned: as it is written */
    } * links;        /* in the order they were met */
    size_t n, cap;
};

#define SLIP_TRAIL_INIT ((struct slip_trail){ 0 })

/* 1: *ret leads to something that exists. 0: nothing there, or links that never end. -1: errno. */
int slip_trail_walk(int root, const char *path, struct slip_trail *ret);
void slip_trail_release(struct slip_trail *trail);

/* The paths in `root` that match an absolute shell pattern, sorted; no match adds nothing. */
void slip_trail_glob(int root, const char *pattern, struct slip_strv *ret);

/* The first `limit` bytes of a regular file in `root`. 1, or 0 when there is no such file. */
int slip_trail_read(int root, const char *path, size_t limit, struct slip_buf *ret);
