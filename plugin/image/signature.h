/* signature.h - images that are signed, as cosign signs them, and what says so is checked.
 *
 * What is signed is a text of Red Hat's "simple signing" form, which names the image by the digest
 * of its manifest and by the repository it was signed as. The text is a layer of the image's
 * companion (companion.h); its signature, base64, is that layer's annotation.
 *
 * Whatever is read is from outside: sizes are checked before anything is loaded, the signature is
 * checked over the bytes as they are, and only then are they parsed. Depends on: store/, util/.
 */
#pragma once

#include "image/companion.h"
#include "util/pem.h"

#define SLIP_SIMPLE_SIGNING "application/vnd.dev.cosign.simplesigning.v1+json"
#define SLIP_PAYLOAD_LIMIT ((uint64_t)64 << 10)

/* Signs `manifest` as `identity` ("ghcr.io/a/b"; may be ""), unless the store has a signature of
 * that by this key. */
int slip_signature_make(struct slip_store *store, const struct slip_digest *manifest,
                        const char *identity, const struct slip_pem *key, struct slip_error *err);

/* Looks for a signature of `manifest` by `key` among the signatures in the store. `identity` is
 * what the image must have been signed as; NULL: anything. 1: there is one, *ret_identity (caller
 * frees) is what it was signed as. 0: none; *ret_why, a SLIP_EPOLICY, tells of the one that came
 * nearest. -1. */
int slip_signature_find(struct slip_store *store, const struct slip_digest *manifest,
                        const char *identity, const struct slip_pem *key, char **ret_identity,
                        struct slip_error *ret_why, struct slip_error *err);

/* The text that is signed. Caller frees. */
char *slip_payload_text(const struct slip_digest *manifest, const char *identity);
/* What such a text says: 0, or -1 with SLIP_EPOLICY when it does not sign `manifest`. */
int slip_payload_check(const char *text, size_t n, const struct slip_digest *manifest,
                       char **ret_identity, struct slip_error *err);
