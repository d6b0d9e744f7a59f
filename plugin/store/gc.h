/* gc.h - what nobody needs any more goes: mark and sweep, beside running builds.
 *
 * Kept is, with all that it leads to (a record to the blobs and snapshots it names, a manifest to
 * its configuration and layers):
 *   - every name of an image, unless `all`;
 *   - what a living process uses (use.h);
 *   - what was used in the last `keep_seconds`, the latest first, as long as all that is kept fits
 *     into `keep_bytes`.
 * Links are found by looking: any text in a record or a small JSON blob that is a digest or an id
 * keeps what has that name, so that this room need not know what other rooms write.
 * Removal goes from what refers to what is referred to; a crash leaves a valid store.
 * Depends on: util/, store/use.
 */
#pragma once

#include "store/store.h"

#define SLIP_KEEP_ALL UINT64_MAX

struct slip_gc_options {
    bool all;
    uint64_t keep_bytes;  /* allocated on disk; SLIP_KEEP_ALL: no limit */
    int64_t keep_seconds; /* < 0: for ever */
    bool dry_run;
};

enum slip_gc_kind {
    SLIP_GC_NAME,
    SLIP_GC_RECORD,
    SLIP_GC_SNAPSHOT,
    SLIP_GC_MOUNT,
    SLIP_GC_BLOB,
    SLIP_GC_LOG,
    SLIP_GC_SCAN,
    SLIP_GC_KINDS,
};

struct slip_gc_result {
    struct {
        uint64_t n, bytes;
    } removed[SLIP_GC_KINDS];
};

/* The process must have entered the tier that snapshots were made in: their files belong to ids
 * that exist nowhere else. What cannot be removed stays, and is SLIP_ESYSTEM at the end. */
int slip_store_gc(struct slip_store *store, const struct slip_gc_options *options,
                  struct slip_gc_result *ret, struct slip_error *err);

/* One object, for `cache du -v`: calls back for each, the least recently used first. */
struct slip_gc_object {
    enum slip_gc_kind kind;
    const char *name; /* in its directory of the store */
    uint64_t bytes;
    int64_t used; /* seconds since 1970 */
    bool needed;  /* by a name or a living process: no removal but that of all takes it */
};
int slip_store_objects(struct slip_store *store,
                       void (*each)(void *user, const struct slip_gc_object *object), void *user,
                       struct slip_error *err);
