/* pull.h - images come in: names to digests, manifests and blobs into the store.
 *
 * Nothing is believed before it is checked: a document is hashed before it is parsed, a blob while
 * it streams into its draft (store/blob.h); too long, too short or not what the digest says is
 * SLIP_EINTEGRITY after one more try from the start, and nothing of it is kept. OCI and Docker
 * schema 2 documents are taken as they are, byte for byte; schema 1 is an error that says what to
 * do. Mirrors of the host (hosts.h) are asked first; they are trusted with digests only if the
 * answer is one, as the host itself is. Depends on: image/, store/, util/.
 */
#pragma once

#include "image/reference.h"
#include "registry/client.h"
#include "store/blob.h"
#include "store/store.h"

/* Takes the documents of an image into the store: the manifest, or the index and the manifest for
 * this machine's platform in it, and the configuration; no layers. What the store has is not asked
 * for again. `want` (NULL: what the tag says now) is the digest of the manifest or index, and so is
 * *ret. Remembers where the layers can be had (origin.h). */
int slip_registry_fetch_image(struct slip_registry *registry, const struct slip_reference *ref,
                              const struct slip_digest *want, struct slip_store *store,
                              struct slip_digest *ret, struct slip_error *err);

/* Takes one blob of `ref`'s repository into the store, unless it is there. When `tee` is not -1,
 * the bytes are also written to that fd (a pipe, owned by the caller) as they come, each once, in
 * order, before it is known whether they are right: use nothing made of them unless this returns
 * 0. A reader that goes away (EPIPE) does not stop the download. A blob that is there already is
 * written to `tee` from the store. `size` is what the descriptor says. */
int slip_registry_fetch_blob(struct slip_registry *registry, const struct slip_reference *ref,
                             const struct slip_digest *digest, uint64_t size,
                             struct slip_store *store, int tee, struct slip_error *err);
