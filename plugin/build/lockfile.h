/* lockfile.h - slipway.lock: which digests the image names of a project stand for.
 *
 *   # comment
 *   docker.io/library/debian:12 sha256:<64 hex digits>
 *
 * One name a line, written in full, sorted. The digest is that of what the tag names: an index
 * where there is one, so that a lock serves every platform. Lives beside the sources and is meant
 * to be committed. Depends on: util/.
 */
#pragma once

#include "util/digest.h"
#include "util/error.h"
#include "util/map.h"
#include "util/mem.h"

struct slip_lockfile {
    const char *path;     /* borrowed */
    struct slip_map pins; /* full reference to struct slip_digest *, in the arena */
};

#define SLIP_LOCKFILE_INIT ((struct slip_lockfile){ 0 })

/* `path` and what is read live in the arena. No file is an empty lock; a line that is wrong is an
 * error at its place. 1: there is such a file; 0: there is none. */
int slip_lockfile_read(struct slip_lockfile *lock, struct slip_arena *arena, const char *path,
                       struct slip_error *err);
/* NULL: not pinned. */
const struct slip_digest *slip_lockfile_get(const struct slip_lockfile *lock,
                                            const char *reference);
void slip_lockfile_set(struct slip_lockfile *lock, struct slip_arena *arena, const char *reference,
                       const struct slip_digest *digest);
/* Atomically; an equal file is left alone. */
int slip_lockfile_write(const struct slip_lockfile *lock, struct slip_error *err);
void slip_lockfile_release(struct slip_lockfile *lock);
