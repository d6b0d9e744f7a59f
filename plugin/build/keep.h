/* keep.h - directories that outlive a build: cache mounts, and the build directories of generated
 * stages (ids that begin with "build:").
 *
 * A cache is known by its id, the owner and mode it was asked for, and the content it began with.
 * Of several steps that want one at the same time, in whatever builds, those that share it have it
 * together; one that wants it locked waits; and whoever finds it taken otherwise has another one
 * of the same name, which the next finds again.
 *
 * A build directory is only good for the root file system and the sources it was made with: its
 * name depends on the identity of the step's root, and it remembers the content of the sources.
 * When a source changed but its time did not move forward (make and ninja would miss it), or the
 * machine stopped while the directory was in use, it is emptied. A source that changed under an
 * overlay is uncovered, so that the command sees the new one.
 *
 *   mounts/<id>/fs    what is mounted
 *   mounts/<id>/id    its id, for people
 *   mounts/<id>/new   one that is being filled; litter when nobody is
 *
 * Life: name; open; fill (a new cache) or prepare (a build directory); (run); close; release.
 * Depends on: build/copytree, build/scan, store/.
 */
#pragma once

#include "build/builder.h"

struct slip_keep {
    char name[65]; /* "": it is none */
    bool build;
    int lock; /* owned */
    int dir;  /* owned: mounts/<id> */
    int fs;   /* owned: mounts/<id>/fs, what is mounted or lies above the sources */
};

#define SLIP_KEEP_INIT ((struct slip_keep){ .lock = -1, .dir = -1, .fs = -1 })

int slip_keep_name(struct slip_keep *keep, struct slip_builder *b, const struct slip_step *step,
                   const struct slip_run_mount *mount, struct slip_error *err);
/* Locks and opens it; may wait, until the build is cancelled. */
int slip_keep_open(struct slip_keep *keep, struct slip_builder *b,
                   const struct slip_run_mount *mount, struct slip_error *err);
/* The same one for a second mount of the step. */
int slip_keep_share(struct slip_keep *keep, const struct slip_keep *from, struct slip_error *err);
/* Opens a cache that earlier steps have made. 1, or 0 when it has to be filled. */
int slip_keep_is_filled(struct slip_keep *keep);
/* Makes a cache when it is not there, with the files of the directory `input` (-1: empty). */
int slip_keep_fill(struct slip_keep *keep, struct slip_builder *b,
                   const struct slip_run_mount *mount, int input, struct slip_error *err);
int slip_keep_prepare(struct slip_keep *keep, struct slip_builder *b, const struct slip_step *step,
                      const struct slip_run_mount *mount, struct slip_error *err);
/* Remembers the sources after the command ended (well or not). */
int slip_keep_close(struct slip_keep *keep, struct slip_builder *b, const struct slip_step *step,
                    struct slip_error *err);
void slip_keep_release(struct slip_keep *keep);
