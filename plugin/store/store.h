/* store.h - blobs, snapshots, records and names, shared by all builds of one user.
 *
 *   <store>/format              "slipway-store 1"
 *   <store>/lock                flock: builds hold it shared, removal exclusive
 *   <store>/blobs/sha256/<hex>  immutable content, mode 0444 (blob.h)
 *   <store>/ingest/             drafts; anything older than its writer is litter
 *   <store>/snapshots/<id>/     layer directories; fs/ is the content (snapshot.h)
 *   <store>/records/<xx>/<key>  what a step gave (record.h)
 *   <store>/refs/               names of images (ref.h)
 *   <store>/mounts/<id>/        cache mounts and persistent build directories
 *   <store>/logs/               full logs of steps
 *   <store>/run/                work of running builds, one directory each, locked while in use
 *
 * A crash at any moment leaves a valid store: everything is made aside and published by one
 * rename or link; what a killed build left in ingest/ and run/ is removed by the next that opens
 * the store and can take its lock. Directory: mode 0700. Depends on: util/.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

struct slip_store {
    char *path; /* owned, absolute */
    int root;   /* owned: fd of the store directory */
    int lock;   /* owned: fd that holds the shared lock */
    int blobs, ingest, snapshots, records, refs, mounts, logs, run; /* owned fds */
    int session; /* owned: fd of run/<own>, with its flock; -1 until slip_store_session() */
    char session_name[24];
};

#define SLIP_STORE_INIT                    \
    ((struct slip_store){ .root = -1,      \
                          .lock = -1,      \
                          .blobs = -1,     \
                          .ingest = -1,    \
                          .snapshots = -1, \
                          .records = -1,   \
                          .refs = -1,      \
                          .mounts = -1,    \
                          .logs = -1,      \
                          .run = -1,       \
                          .session = -1 })

/* Opens or creates the store at `path` (created with parents) and takes the shared lock. Cheap: no
 * directory is listed. */
int slip_store_open(struct slip_store *store, const char *path, struct slip_error *err);
/* The directory of this process in run/ (fd, borrowed), locked; made at the first call, which also
 * sweeps the litter of dead builds. -1 on error. */
int slip_store_session(struct slip_store *store, struct slip_error *err);
/* Removes the session directory and closes everything. Twice is fine. */
void slip_store_close(struct slip_store *store);

/* Checks every blob against its name, every record's checksum, every snapshot and ref for what it
 * points to. Calls `bad(user, what)` for each finding. Number of findings, or -1. */
int slip_store_verify(struct slip_store *store, void (*bad)(void *user, const char *what),
                      void *user, struct slip_error *err);

struct slip_store_usage {
    uint64_t blobs, blob_bytes, snapshots, snapshot_bytes, records, mounts, mount_bytes, log_bytes;
};
int slip_store_usage(struct slip_store *store, struct slip_store_usage *ret,
                     struct slip_error *err);
