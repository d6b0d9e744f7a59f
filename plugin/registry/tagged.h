/* tagged.h - a document under a tag that several may write: read, add to, write back, read again.
 * Only for this room. Depends on: registry/upload, store/.
 */
#pragma once

#include "registry/upload.h"
#include "util/json.h"

/* An upload (slip_upload_init()) that only reads: with no store, and a token only to pull. */
int slip_tagged_reader(struct slip_upload *up, struct slip_registry *registry,
                       const struct slip_reference *ref, struct slip_error *err);

/* GET of a path below /v2/ or of a whole URL; any status is an answer. */
int slip_tagged_ask(struct slip_upload *up, const char *path, const char *url,
                    struct slip_answer *ret, struct slip_error *err);
int slip_tagged_refused(struct slip_upload *up, const char *what, const struct slip_answer *answer,
                        struct slip_error *err);
/* 1: what the tag stands for now. 0: nothing. -1. */
int slip_tagged_read(struct slip_upload *up, const char *tag, struct slip_answer *answer,
                     json_t **ret, struct slip_error *err);

/* What the document should be (*ret, new reference) given what it is (NULL: there is none); *ret
 * stays NULL when it need not change. */
typedef int slip_tagged_fn(void *user, const json_t *there, json_t **ret, struct slip_error *err);

/* Until `change` has nothing left to change in what the tag stands for. */
int slip_tagged_update(struct slip_upload *up, const char *tag, const char *media_type,
                       slip_tagged_fn *change, void *user, struct slip_error *err);
