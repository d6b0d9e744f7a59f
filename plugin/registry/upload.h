/* upload.h - one blob or manifest to a repository (distribution specification, "Push").
 * Only for this room. Depends on: registry/request, store/.
 */
#pragma once

#include "image/reference.h"
#include "registry/request.h"
#include "store/blob.h"

enum slip_sent { SLIP_SENT_PRESENT, SLIP_SENT_MOUNTED, SLIP_SENT_UPLOADED };

struct slip_upload {
    struct slip_registry *registry;
    struct slip_store *store;
    const struct slip_reference *to;
    const struct slip_host *host;
    char *scope; /* owned */
};

int slip_upload_init(struct slip_upload *up, struct slip_registry *registry,
                     struct slip_store *store, const struct slip_reference *to,
                     struct slip_error *err);
void slip_upload_release(struct slip_upload *up);

/* The digest that a tag (or digest) has there. 1; 0: nothing; -1. */
int slip_upload_resolve(struct slip_upload *up, const char *which, struct slip_digest *ret,
                        struct slip_error *err);
/* 1: the repository has the blob now, *ret says since when. 0: it must be uploaded. `origins` are
 * repositories ("host/path") that are known to have it. */
int slip_upload_offer(struct slip_upload *up, const struct slip_digest *blob,
                      const struct slip_strv *origins, enum slip_sent *ret, struct slip_error *err);
/* From the store: in one piece, else in chunks. */
int slip_upload_blob(struct slip_upload *up, const struct slip_digest *blob, uint64_t size,
                     struct slip_error *err);
/* With `if_match` (an ETag; or NULL) only while that is what stands there: 1 when it is not. */
int slip_upload_manifest(struct slip_upload *up, const struct slip_digest *manifest,
                         const char *media_type, const char *as, const char *if_match,
                         struct slip_error *err);
