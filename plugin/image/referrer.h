/* referrer.h - documents about an image (a bill of materials, where it came from), beside it.
 *
 * A document is the one layer of a manifest that names the image as its `subject` and the kind of
 * document as its `artifactType` (image-spec 1.1, "Guidelines for Artifact Usage"). The image knows
 * nothing of it, and keeps its digest. Whatever keeps the image in the store keeps them too.
 *
 * A list of referrers is what an index has under "manifests": descriptors with their artifactType
 * and annotations. Depends on: store/, util/.
 */
#pragma once

#include "image/descriptor.h"

#define SLIP_OCI_EMPTY "application/vnd.oci.empty.v1+json"
#define SLIP_ANNOTATION_PREDICATE "in-toto.io/predicate-type" /* as BuildKit has it */
#define SLIP_ANNOTATION_TITLE "org.opencontainers.image.title"
#define SLIP_REFERRER_LIMIT ((uint64_t)256 << 20) /* bytes of one document */
#define SLIP_REFERRERS_MAX 1000u /* of one image; what comes after is passed over */

struct slip_referrer_spec {
    const struct slip_digest *subject; /* a manifest or an index in the store */
    const char *artifact_type;         /* what kind of document */
    const char *media_type;            /* of its bytes; NULL: the same */
    const char *title;                 /* a name for the file, or NULL */
    const char *predicate;             /* of a statement: what it is about; or NULL */
    bool replaces; /* takes the place of those of the same type and predicate in the store */
    const void *bytes;
    size_t len;
};

/* Puts the document and its manifest into the store and attaches it. The same document twice is one
 * referrer. */
int slip_referrer_store(struct slip_store *store, const struct slip_referrer_spec *spec,
                        struct slip_digest *ret, struct slip_error *err);
/* Attaches a manifest that is in the store; one that has another subject is SLIP_EINPUT. */
int slip_referrer_add(struct slip_store *store, const struct slip_digest *subject,
                      const struct slip_digest *referrer, struct slip_error *err);

/* What the store has attached to an image, in the order in which it came. New reference to an
 * array, perhaps empty. */
json_t *slip_referrers_list(struct slip_store *store, const struct slip_digest *subject);
/* Its descriptor, as a list has it; new reference, NULL with *err. */
json_t *slip_referrer_descriptor(struct slip_store *store, const struct slip_digest *referrer,
                                 struct slip_error *err);
/* Appends to a list what it has not yet, by digest, but of `more` no more than SLIP_REFERRERS_MAX;
 * whether anything was new. */
bool slip_referrers_merge(json_t *list, const json_t *more);
/* The document itself, of at most `limit` bytes. It and its manifest must be in the store. */
int slip_referrer_text(struct slip_store *store, const struct slip_digest *referrer, uint64_t limit,
                       struct slip_buf *ret, struct slip_error *err);
