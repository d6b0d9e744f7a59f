/* record.h - what a key gave last time, names for images, and locks.
 *
 * A record is a small JSON value under a key (64 hex digits), kept with a checksum of its own: a
 * damaged record is a miss, never an error. It promises nothing about the blobs and snapshots it
 * names: after a power loss they may be gone, so ask for them before relying on it.
 *
 *   <store>/records/<xx>/<key>   SHA-256 of the rest, newline, compact JSON, newline; its mtime is
 *                                when a process last began to use it
 *   <store>/refs/<escaped name>  "sha256:<hex>", newline, the name as it is, newline
 *
 * Depends on: util/, store/store.
 */
#pragma once

#include "store/store.h"
#include "util/buf.h"
#include "util/digest.h"
#include "util/json.h"

#define SLIP_RECORD_LIMIT ((size_t)64 << 20) /* bytes; what is larger is damaged */
#define SLIP_REF_LIMIT ((size_t)64 << 10)

/* New reference, or NULL for a miss. */
json_t *slip_record_get(struct slip_store *store, const char *key);
/* Replaces what the key gave before. */
int slip_record_put(struct slip_store *store, const char *key, const json_t *value,
                    struct slip_error *err);

/* The value in the text of a record's file (new reference); NULL when it is damaged. */
json_t *slip_record_parse(const struct slip_buf *text);

/* Names: "repository:tag" (any text that is not empty) to the digest of a manifest. When it
 * returns, the name and all blobs committed before are on disk; a name that already stands for
 * this digest is left alone. */
int slip_ref_set(struct slip_store *store, const char *name, const struct slip_digest *manifest,
                 struct slip_error *err);
/* 1 found, 0 not, -1 error. */
int slip_ref_get(struct slip_store *store, const char *name, struct slip_digest *ret,
                 struct slip_error *err);
/* A name that is not there is success. */
int slip_ref_remove(struct slip_store *store, const char *name, struct slip_error *err);
/* Every name, sorted. */
int slip_ref_list(struct slip_store *store, struct slip_strv *ret, struct slip_error *err);

/* The digest and the name (caller frees) in the text of a ref's file; -1 when it is damaged. */
int slip_ref_parse(const struct slip_buf *text, struct slip_digest *ret, char **ret_name);

/* An exclusive lock on any name (a key being made, a cache mount): fd that holds it, or -1. Waits.
 * Closing the fd lets go, as does the kernel when the process dies; the file may stay. */
int slip_store_lock_name(struct slip_store *store, const char *name, struct slip_error *err);
/* The same without waiting: 1 and *ret_fd, or 0 when somebody else has it. Several may have it
 * `shared`. */
int slip_store_try_lock_name(struct slip_store *store, const char *name, bool shared, int *ret_fd,
                             struct slip_error *err);
