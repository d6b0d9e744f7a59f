/* record.h - what a key gave last time, and names for images.
 *
 * A record is a small JSON object under a key (64 hex digits), kept with a checksum of its own: a
 * damaged record is a miss, never an error. Depends on: util/, store/store.
 */
#pragma once

#include "store/store.h"
#include "util/digest.h"
#include "util/json.h"

/* New reference, or NULL for a miss. */
json_t *slip_record_get(struct slip_store *store, const char *key);
int slip_record_put(struct slip_store *store, const char *key, const json_t *value,
                    struct slip_error *err);

/* Names: "repository:tag" (any image reference text) to the digest of a manifest. */
int slip_ref_set(struct slip_store *store, const char *name, const struct slip_digest *manifest,
                 struct slip_error *err);
/* 1 found, 0 not, -1 error. */
int slip_ref_get(struct slip_store *store, const char *name, struct slip_digest *ret,
                 struct slip_error *err);
int slip_ref_remove(struct slip_store *store, const char *name, struct slip_error *err);
/* Every name, sorted. */
int slip_ref_list(struct slip_store *store, struct slip_strv *ret, struct slip_error *err);

/* An exclusive lock on any name (a key being made, a cache mount): fd that holds it, or -1. Waits.
 * The file stays; the kernel lets go when the process dies. */
int slip_store_lock_name(struct slip_store *store, const char *name, struct slip_error *err);
