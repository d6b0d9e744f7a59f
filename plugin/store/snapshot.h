/* snapshot.h - layer directories of builder stages and of unpacked images.
 *
 * A snapshot is made in the session directory, filled, and published under its id by one rename;
 * published ones are never written again. An id is a key: 64 hex digits. Two builds that make the
 * same one: the first wins, the second's copy goes.
 *
 *   <id>/fs/    the layer directory, mode 0755 unless its maker says otherwise
 *   <id>/work/  overlay's scratch, only in a draft: removed before publishing
 *   <id>/meta   the boot during which it was published, or that it is known to be on disk; and a
 *               digest of all that is in fs/ (seal.h)
 *
 * A snapshot is a cache, and fsync of each of its files would cost more than making it again. So
 * nothing is synced when it is published; a later session does it for all of them, once the kernel
 * has written them anyway (slip_store_sync_aged()). Until then a snapshot counts only as long as
 * the machine has not been booted anew: killing a build at any moment is safe, and a power loss
 * costs at most making the latest snapshots again. One that does not
 * count is answered as not there, and is replaced by the next that is published under its id.
 * Depends on: util/, store/store.
 */
#pragma once

#include "store/store.h"

struct slip_snapshot {
    struct slip_store *store; /* borrowed */
    int dir;                  /* owned: fd of the draft directory; -1: nothing to roll back */
    int fs;                   /* owned: fd of its fs/ */
    char name[24];            /* in the session directory */
};

#define SLIP_SNAPSHOT_INIT ((struct slip_snapshot){ .dir = -1, .fs = -1 })

int slip_snapshot_begin(struct slip_snapshot *snapshot, struct slip_store *store,
                        struct slip_error *err);
/* Closes both fds. Nothing may be mounted on or from the draft any more. */
int slip_snapshot_commit(struct slip_snapshot *snapshot, const char *id, struct slip_error *err);
/* Removes the draft unless it was committed. Twice is fine. */
void slip_snapshot_release(struct slip_snapshot *snapshot);

/* O_DIRECTORY fd of the published snapshot's fs/, or -1 with errno ENOENT left in err->sys_errno.
 */
int slip_snapshot_open(struct slip_store *store, const char *id, struct slip_error *err);
int slip_snapshot_has(struct slip_store *store, const char *id); /* 1 or 0 */
/* Reads all of it: 0 when it is what was published; SLIP_EINTEGRITY. Its files must be readable: in
 * the tier that made it. */
int slip_snapshot_verify(struct slip_store *store, const char *id, struct slip_error *err);
