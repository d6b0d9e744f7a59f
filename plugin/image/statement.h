/* statement.h - signed statements about an image: its provenance, its bill of materials.
 *
 * A statement is an in-toto one (v1): what it is about (subject: the digest of the manifest), of
 * what kind it is (predicateType) and what it says (predicate). It is signed with its type as DSSE
 * has it, and the envelope is a layer of the companion that cosign calls `.att` (companion.h), so
 * that `cosign verify-attestation` reads it. Bills of materials, which are no statements, are
 * wrapped in one. As in signature.h the signature is checked before what it signs is parsed.
 * Depends on: store/, util/.
 */
#pragma once

#include "image/companion.h"
#include "util/pem.h"

#define SLIP_IN_TOTO "application/vnd.in-toto+json"
#define SLIP_STATEMENT "https://in-toto.io/Statement/v1"
#define SLIP_SLSA_PROVENANCE "https://slsa.dev/provenance/v1"
#define SLIP_STATEMENT_LIMIT ((uint64_t)64 << 20) /* bytes of an envelope */

/* The predicateType of "provenance", "spdx" or "cyclonedx"; any other text is one itself. */
const char *slip_predicate_type(const char *name);

/* Signs every statement and bill of materials that the store has attached to `manifest`, but for
 * those that it has a signature of by this key. The number of those that were there; -1. */
int slip_statements_sign(struct slip_store *store, const struct slip_digest *manifest,
                         const struct slip_pem *key, struct slip_error *err);
/* Looks for a statement of this kind about `manifest`, signed by `key`, among those in the store.
 * 1: *ret is its text. 0: none; *ret_why, a SLIP_EPOLICY, tells of the one that came nearest. -1.
 */
int slip_statement_find(struct slip_store *store, const struct slip_digest *manifest,
                        const char *predicate_type, const struct slip_pem *key,
                        struct slip_buf *ret, struct slip_error *ret_why, struct slip_error *err);

/* What DSSE signs of a body: its pre-authentication encoding. Appends. */
void slip_dsse_encode(const char *type, const void *body, size_t n, struct slip_buf *ret);
/* The body of an envelope (JSON) that `key` signed as `type`: 1; 0 when it did not. */
int slip_dsse_open(const char *envelope, size_t n, const char *type, const struct slip_pem *key,
                   struct slip_buf *ret);
