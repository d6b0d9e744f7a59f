/* layout_referrers.h - what is attached to an image (referrer.h), in an OCI layout.
 *
 * An entry of index.json each: with its artifactType, or for what accompanies an image the tag that
 * cosign gives it, as `skopeo copy` brings them from a registry. Tools that take "the only image"
 * of a layout (skopeo, podman load) refuse one with such entries unless they are told the tag, so
 * they are written only where somebody asked for them. Depends on: store/, util/.
 */
#pragma once

#include "image/companion.h"
#include "image/referrer.h"

/* Adds to the layout, which has the image already, what the store has attached to `subject`. What
 * else is in the layout stays. */
int slip_layout_attach(struct slip_store *store, const struct slip_digest *subject, const char *dir,
                       struct slip_error *err);
/* Takes what the layout open as `dir` has attached to `subject` into the store. A document that the
 * layout does not hold is passed over; one that is not what its digest says is SLIP_EINTEGRITY. */
int slip_layout_take_attached(struct slip_store *store, int dir, const json_t *index,
                              const struct slip_digest *subject, struct slip_error *err);
/* Whether an entry of index.json is a document about an image, not an image. */
bool slip_layout_is_attached(const json_t *entry);
