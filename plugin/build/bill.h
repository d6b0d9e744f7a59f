/* bill.h - the bill of materials of an image in the store: what its slim steps noted when it was
 * built here, and what its root file system holds. Works for any image; of one that was not built
 * here, static archives cannot be told. Depends on: build/container, image/bill, slim/.
 */
#pragma once

#include "build/sources.h"
#include "image/bill.h"
#include "util/events.h"

/* New reference (image/bill.h), or NULL. `name` (may be NULL) is what the image is called by, for
 * one that does not say itself. Enters a tier; made once, then kept in the store. */
json_t *slip_bill(struct slip_sources *sources, const struct slip_digest *manifest,
                  const char *name, struct slip_events *events, struct slip_error *err);
