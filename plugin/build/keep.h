/* keep.h - directories that outlive a build: cache mounts, and the build directories of generated
 * stages (ids that begin with "build:").
 *
 * A build directory is only good for the root file system and the sources it was made with: its
 * name depends on the identity of the step's root, and it remembers the content of the sources.
 * When a source changed but its time did not move forward (make and ninja would miss it), or the
 * machine stopped while the directory was in use, it is emptied. A source that changed under an
 * overlay is uncovered, so that the command sees the new one.
 * Depends on: build/scan, store/.
 */
#pragma once

#include "build/builder.h"

struct slip_keep {
    int lock; /* owned */
    int dir;  /* owned: mounts/<id> */
    int fs;   /* owned: mounts/<id>/fs, what is mounted or lies above the sources */
    bool build;
};

#define SLIP_KEEP_INIT ((struct slip_keep){ .lock = -1, .dir = -1, .fs = -1 })

/* Opens (and locks, when the mount's sharing or kind asks for it) the directory of a cache mount.
 */
int slip_keep_open(struct slip_keep *keep, struct slip_builder *b, const struct slip_step *step,
                   const struct slip_run_mount *mount, struct slip_error *err);
/* Remembers the sources after the command ended (well or not). */
int slip_keep_close(struct slip_keep *keep, struct slip_builder *b, const struct slip_step *step,
                    struct slip_error *err);
void slip_keep_release(struct slip_keep *keep);
