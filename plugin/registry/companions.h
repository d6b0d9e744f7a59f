/* companions.h - signatures and signed statements of an image (image/companion.h), in the
 * repository where it is. A tag that others write too is added to as referrers.h says.
 * Depends on: image/, store/, util/.
 */
#pragma once

#include "image/companion.h"
#include "registry/push.h"

/* Brings what the repository of `ref` has of one kind into the store, added to what is there. More
 * than SLIP_COMPANION_LAYERS, or layers larger than `limit` bytes, are an error. */
int slip_registry_fetch_companion(struct slip_registry *registry, const struct slip_reference *ref,
                                  const struct slip_digest *subject, enum slip_companion kind,
                                  uint64_t limit, struct slip_store *store, struct slip_error *err);
/* Sends what the store has, of all kinds. Adds to *counts. */
int slip_registry_push_companions(struct slip_registry *registry, struct slip_store *store,
                                  const struct slip_digest *subject,
                                  const struct slip_reference *to, struct slip_push_counts *counts,
                                  struct slip_error *err);
