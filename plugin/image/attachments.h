/* attachments.h - the record of what is attached to an image (referrer.h, companion.h). Its key is
 * the digest of the image, so that whatever keeps the image also keeps what is attached to it
 * (store/gc.h). Only for this room.
 */
#pragma once

#include "store/store.h"
#include "util/digest.h"
#include "util/json.h"

/* New reference to an object, perhaps empty. */
json_t *slip_attachments_get(struct slip_store *store, const struct slip_digest *subject);
/* fd of a lock for reading it and putting it back; -1. */
int slip_attachments_lock(struct slip_store *store, const struct slip_digest *subject,
                          struct slip_error *err);
int slip_attachments_put(struct slip_store *store, const struct slip_digest *subject,
                         const json_t *record, struct slip_error *err);
