/* use.h - what a living process has looked at, or made, stays until that process ends.
 *
 * Every process that has the store open holds a lock on a file of its own in live/; the file's
 * mtime is when it began. An object's mtime is when it was last used, and using one that was last
 * used before this process began makes it younger than that. So removal only has to leave alone
 * what is younger than the oldest living process: there is no list of leases that could be lost,
 * and a process that dies gives back everything with its lock.
 *
 * Removal looks at the mtime and takes the object away under the exclusive lock of the store;
 * making an object younger happens under the shared one. An object that is not younger by then is
 * gone for whoever comes after, which is a miss. A build that finds everything used already pays
 * one fstatat(2) each. Only for this room. Depends on: util/.
 */
#pragma once

#include "store/store.h"

/* Takes a place in live/, begun at `since` (NULL: now). A full disk is no reason to fail: then only
 * a removal at the same time could do harm. */
int slip_use_begin(struct slip_store *store, const struct timespec *since, struct slip_error *err);
void slip_use_end(struct slip_store *store);

/* 1: `path` below `dirfd` is there, and stays. 0: it is not. -1: errno. */
int slip_use(struct slip_store *store, int dirfd, const char *path);

/* The time before which nothing is in use; taken by a removal, which then may go on for as long as
 * it wants. */
int slip_use_horizon(struct slip_store *store, struct timespec *ret, struct slip_error *err);
/* -1, 0, 1 */
int slip_time_compare(const struct timespec *a, const struct timespec *b);
/* The exclusive lock, for as short a time as can be. */
int slip_use_lock(struct slip_store *store, struct slip_error *err);
void slip_use_unlock(struct slip_store *store);
