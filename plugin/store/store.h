/* store.h - blobs, snapshots, records and names, shared by all builds of one user.
 *
 *   <store>/format              "slipway-store 1"
 *   <store>/unsynced            there since a snapshot was published and not marked (snapshot.h)
 *   <store>/lock                flock: for moments, when something begins to be used or is removed
 *   <store>/live/               one file, locked, for each process that has the store open (use.h)
 *   <store>/blobs/sha256/<hex>  immutable content, mode 0444 (blob.h)
 *   <store>/ingest/             drafts of blobs, records and refs, locked by their writer
 *   <store>/snapshots/<id>/     layer directories; fs/ is the content (snapshot.h)
 *   <store>/records/<xx>/<key>  what a step gave (record.h)
 *   <store>/refs/               names of images (record.h)
 *   <store>/mounts/<id>/        cache mounts and persistent build directories
 *   <store>/logs/               full logs of steps
 *   <store>/run/                work of running builds, one directory each, locked while in use
 *   <store>/locks/              one file for each name that is locked (record.h)
 *
 * A crash at any moment leaves a valid store: everything is made aside and published by one
 * rename or link; what a killed build left in ingest/, run/ and locks/ is removed by the next one
 * that begins a session. There is no repair step.
 *
 * What a power loss leaves: a blob is on disk before it has its name, and its name is on disk
 * before a ref that points to it; records and snapshots are caches that may be missing, but a
 * record that is there is whole (checksum) and a snapshot that may not be is not used
 * (snapshot.h). The store belongs to one user: directories are 0700 and a store that another user
 * owns is refused.
 *
 * After slip_store_open() every function of this room may be called from several threads; a draft
 * or a snapshot under construction belongs to one thread at a time. Depends on: util/.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "util/error.h"

struct slip_store {
    char *path; /* owned, absolute */
    int root;   /* owned: fd of the store directory */
    int lock;   /* owned */
    int blobs, ingest, snapshots, records, refs, mounts, logs, run, locks, live; /* owned fds */
    int alive; /* owned: fd of live/<own>, with its flock; -1 on a full disk */
    char alive_name[24];
    struct timespec since; /* when this process began to use the store */
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
                          .locks = -1,     \
                          .live = -1,      \
                          .alive = -1,     \
                          .session = -1 })

/* Opens or creates the store at `path` (created with parents). What is found in it from then on
 * stays until it is closed, whatever others remove (gc.h). Cheap: no directory is listed, unless
 * there is no store yet: then a directory that holds anything else is refused. */
int slip_store_open(struct slip_store *store, const char *path, struct slip_error *err);
/* The directory of this process in run/ (fd, borrowed), locked; made at the first call, which also
 * sweeps the litter of dead builds. What cannot be removed (files of ids that this process has not)
 * stays for a later sweep. -1 on error. */
int slip_store_session(struct slip_store *store, struct slip_error *err);
/* Opens it anew, in another mount namespace say, without letting go of what was found. */
int slip_store_reopen(struct slip_store *store, struct slip_error *err);
/* Removes the session directory and closes everything. Twice is fine. */
void slip_store_close(struct slip_store *store);

/* The directory mounts/<id> (64 hex digits), made when it is not there; fd, or -1. */
int slip_store_mount(struct slip_store *store, const char *id, struct slip_error *err);

/* Makes all that was published so far survive a power loss, and marks the snapshots among it as
 * trustworthy after one (snapshot.h). One syncfs(2), which waits for everything that anybody wrote
 * to that file system; nothing when there is nothing to mark. */
int slip_store_sync(struct slip_store *store, struct slip_error *err);
/* The same, but only when it should cost next to nothing: the snapshots have been there for a
 * minute, so that the kernel has written them by itself, and little else waits to be written.
 * Every session begins with it. */
void slip_store_sync_aged(struct slip_store *store);

/* Checks every blob against its name, every record's checksum, every snapshot against its seal,
 * every ref for what it points to, and that nothing else lies among them. Cache mounts, logs and
 * scans of directories have nothing to be checked against. Snapshots can only be read in the tier
 * that made them. Calls `bad(user, what)` for each finding. Number of findings, or -1. */
int slip_store_verify(struct slip_store *store, void (*bad)(void *user, const char *what),
                      void *user, struct slip_error *err);

/* What a file or directory takes on disk, all below it included; a file with several names counts a
 * part of it under each. Best effort: what vanishes meanwhile counts nothing. */
uint64_t slip_disk_bytes(int dirfd, const char *name);
