/* blob.h - immutable bytes, named by what they are.
 *
 * A blob is born as a draft: open it, write to it, then commit it or let it go. A draft is an
 * O_TMPFILE file (or a named one in ingest/ where the file system has none), linked under its
 * digest when it is complete, so a reader sees a whole blob or none, whatever happens to the
 * writer. A draft released without a commit leaves nothing: the destructor is the rollback.
 * Depends on: util/.
 */
#pragma once

#include <stdint.h>

#include "store/store.h"
#include "util/digest.h"
#include "util/error.h"

struct slip_draft {
    struct slip_store *store; /* borrowed */
    int fd;                   /* owned; -1 when there is nothing to roll back */
    char name[24];            /* in ingest/; "" for O_TMPFILE */
    uint64_t size;
    struct slip_sha256 sha;
};

#define SLIP_DRAFT_INIT ((struct slip_draft){ .fd = -1 })

int slip_draft_open(struct slip_draft *draft, struct slip_store *store, struct slip_error *err);
int slip_draft_write(struct slip_draft *draft, const void *p, size_t n, struct slip_error *err);
/* Forgets what was written: the next byte is the first. */
int slip_draft_rewind(struct slip_draft *draft, struct slip_error *err);
/* Publishes the draft. Content that the store already holds is success, not an error. When `want`
 * is given and the bytes are not that, SLIP_EINTEGRITY. *ret_digest is set on success only. */
int slip_draft_commit(struct slip_draft *draft, const struct slip_digest *want,
                      struct slip_digest *ret_digest, struct slip_error *err);
void slip_draft_release(struct slip_draft *draft);

/* Whole small blobs in one call. */
int slip_blob_put(struct slip_store *store, const void *p, size_t n, struct slip_digest *ret_digest,
                  struct slip_error *err);
/* Reads `from` to its end into the store; refuses more than `limit` bytes. */
int slip_blob_import(struct slip_store *store, int from, uint64_t limit,
                     const struct slip_digest *want, struct slip_digest *ret_digest,
                     struct slip_error *err);
/* Read-only fd of a blob; *ret_size may be NULL. -1 with *err when the store has it not. */
int slip_blob_open(struct slip_store *store, const struct slip_digest *digest, uint64_t *ret_size,
                   struct slip_error *err);
/* 1: held. 0: not held. -1: cannot tell. */
int slip_blob_has(struct slip_store *store, const struct slip_digest *digest,
                  struct slip_error *err);
