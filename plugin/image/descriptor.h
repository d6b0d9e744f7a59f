/* descriptor.h - "these bytes, this many, of this type", and the walk from one to all it needs.
 *
 * Manifests and indexes are read from the store by digest, checked against it, and told apart by
 * their own media type or, when they have none, by what they hold; something that is both is
 * refused (CVE-2021-41190). OCI and Docker schema 2 are understood. Depends on: store/, util/.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/blob.h"
#include "util/json.h"

#define SLIP_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define SLIP_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define SLIP_OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define SLIP_OCI_LAYER "application/vnd.oci.image.layer.v1.tar"
#define SLIP_OCI_LAYER_GZIP "application/vnd.oci.image.layer.v1.tar+gzip"
#define SLIP_OCI_LAYER_ZSTD "application/vnd.oci.image.layer.v1.tar+zstd"

#define SLIP_MANIFEST_LIMIT ((uint64_t)4 << 20)
#define SLIP_CONFIG_LIMIT ((uint64_t)8 << 20)

struct slip_descriptor {
    struct slip_digest digest;
    uint64_t size;
    const char *media_type; /* borrowed from the document; never NULL */
};

int slip_descriptor_parse(const json_t *json, struct slip_descriptor *ret, struct slip_error *err);
/* {"mediaType", "digest", "size"}; new reference. */
json_t *slip_descriptor_json(const char *media_type, const struct slip_digest *digest,
                             uint64_t size);
/* The OCI name of a layer's type ("…docker.image.rootfs.diff.tar.gzip" becomes "…tar+gzip"). */
const char *slip_layer_oci_type(const char *media_type);

/* Reads a blob of at most `limit` bytes and checks that it is what its digest says. */
int slip_blob_text(struct slip_store *store, const struct slip_digest *digest, uint64_t limit,
                   struct slip_buf *ret, struct slip_error *err);

struct slip_document {
    struct slip_buf text;   /* raw bytes */
    json_t *json;           /* owned */
    bool is_index;          /* else an image manifest */
    const char *media_type; /* borrowed from `json`, or a constant */
};

#define SLIP_DOCUMENT_INIT ((struct slip_document){ 0 })

/* Loads a manifest or an index. */
int slip_document_load(struct slip_document *doc, struct slip_store *store,
                       const struct slip_digest *digest, struct slip_error *err);
void slip_document_release(struct slip_document *doc);

/* "amd64", "arm64", ... of this machine, and its variant ("v7") or NULL, as images name them. */
const char *slip_this_architecture(const char **ret_variant);
/* The entry of an index that fits linux on this machine. */
int slip_index_pick(const json_t *index, struct slip_descriptor *ret, struct slip_error *err);

/* Calls `each` for everything that `root` needs, children before what refers to them, each once:
 * layers, config, manifest, then the index. `root` must be in the store; an index's manifests that
 * are not are passed over with `partial`, and are an error without. */
int slip_document_walk(struct slip_store *store, const struct slip_digest *root, bool partial,
                       int (*each)(void *user, const struct slip_descriptor *d,
                                   struct slip_error *err),
                       void *user, struct slip_error *err);
