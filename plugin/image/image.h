/* image.h - one image for one platform: its manifest, its configuration, its layers.
 *
 * Loading checks every byte against its digest and keeps the raw texts: what was not made here is
 * never written anew. Storing writes OCI documents whose keys stand in a fixed order, so that the
 * same image has the same digest. Layers' bytes are not looked at. Depends on: store/, util/.
 */
#pragma once

#include <stdint.h>

#include "store/store.h"
#include "util/digest.h"
#include "util/json.h"

struct slip_image_layer {
    struct slip_digest digest;  /* of the blob */
    struct slip_digest diff_id; /* of the tar inside */
    uint64_t size;              /* of the blob */
    char *media_type;           /* owned; NULL in a spec: OCI, tar+gzip */
};

struct slip_image {
    struct slip_digest manifest_digest, config_digest;
    char *manifest_text;             /* owned; raw bytes */
    char *config_text;               /* owned; raw bytes */
    json_t *config;                  /* owned; the whole document */
    struct slip_image_layer *layers; /* owned; lowest first */
    size_t nlayers;
};

#define SLIP_IMAGE_INIT ((struct slip_image){ 0 })

/* From blobs in the store: OCI or Docker schema 2, a manifest, or an index that has one for linux
 * on this machine. */
int slip_image_load(struct slip_store *store, const struct slip_digest *manifest,
                    struct slip_image *ret, struct slip_error *err);
void slip_image_release(struct slip_image *image);

struct slip_image_spec {
    const struct slip_image_layer *layers; /* borrowed; lowest first */
    size_t nlayers;
    json_t *config;           /* borrowed; the object "config" (Env, Entrypoint, ...) or NULL */
    json_t *history;          /* borrowed; an array, or NULL */
    const char *author;       /* or NULL */
    const char *architecture; /* NULL: this machine's, with its variant */
    const char *os;           /* NULL: linux */
    const char *variant;      /* or NULL */
    int64_t created;          /* seconds since 1970 */
    json_t *annotations;      /* borrowed; of the manifest, or NULL */
};

/* Writes configuration and manifest into the store. */
int slip_image_store(struct slip_store *store, const struct slip_image_spec *spec,
                     struct slip_digest *ret_manifest, struct slip_error *err);
/* The same for a configuration that is in the store already, and is kept byte for byte. */
int slip_image_store_manifest(struct slip_store *store, const struct slip_digest *config,
                              uint64_t config_size, const struct slip_image_spec *spec,
                              struct slip_digest *ret_manifest, struct slip_error *err);
