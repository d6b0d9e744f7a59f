/* push.h - images go out.
 *
 * The tag is asked for first: when it stands for this manifest already, nothing else is sent. Else
 * each blob is asked for (HEAD), then mounted from a repository of the same registry that is known
 * to have it (origin.h), then uploaded: in one PUT, or in chunks where the registry wants that.
 * Blobs go side by side, then manifests from the inside out, last the tag. A blob that the store
 * lacks (the layer of a base that was never unpacked) is fetched from its origin on the way.
 * An image index goes with all the manifests that the store has. Depends on: image/, store/, util/.
 */
#pragma once

#include "image/reference.h"
#include "registry/client.h"
#include "store/store.h"
#include "util/digest.h"

struct slip_push_counts {
    unsigned present, mounted, uploaded; /* blobs and manifests */
    uint64_t bytes;                      /* uploaded */
};

/* `to` has a tag, or the digest of `manifest` alone. *ret may be NULL. */
int slip_registry_push(struct slip_registry *registry, struct slip_store *store,
                       const struct slip_digest *manifest, const struct slip_reference *to,
                       struct slip_push_counts *ret, struct slip_error *err);
