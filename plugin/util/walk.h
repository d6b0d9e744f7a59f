/* walk.h - every file beneath a root, in bytewise order of names. Depends on: util/fs.
 */
#pragma once

#include <sys/stat.h>

#include "util/error.h"

/* One object: `name` in the directory fd `dir`, at `path`, which is absolute within the root; a
 * directory comes before what is in it. Links are not followed. Not 0 ends the walk. */
typedef int slip_walk_fn(void *user, int dir, const char *name, const char *path,
                         const struct stat *st, struct slip_error *err);

/* 0, or what `each` returned, or -1. Mount points are entered. */
int slip_walk(int root, slip_walk_fn *each, void *user, struct slip_error *err);
