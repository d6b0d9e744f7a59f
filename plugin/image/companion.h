/* companion.h - what cosign keeps beside an image: a manifest under a tag made of its digest.
 *
 *   sha256-<hex>.sig   each layer is a signed text, with its signature as an annotation
 *   sha256-<hex>.att   each layer is a DSSE envelope: a signed statement
 *
 * Several may add to one: it is a set of layers, told apart by their digest and annotations, and
 * nothing is ever taken out of it here. The configuration is the one that cosign writes, an image's
 * that lists the layers. Depends on: store/, util/.
 */
#pragma once

#include "image/descriptor.h"

enum slip_companion { SLIP_COMPANION_SIG, SLIP_COMPANION_ATT };
#define SLIP_COMPANIONS 2

#define SLIP_COMPANION_LAYERS 256u /* more of one image are passed over */

/* "sha256-<hex>.sig". Caller frees. */
char *slip_companion_tag(const struct slip_digest *subject, enum slip_companion kind);
/* Whether a tag is one of these, or that of a list of referrers: no name of an image. */
bool slip_companion_is_tag(const char *tag);

/* The layers that the store has of an image's companion, as a manifest has them; new reference to
 * an array, perhaps empty. */
json_t *slip_companion_layers(struct slip_store *store, const struct slip_digest *subject,
                              enum slip_companion kind);
/* Adds layers, whose blobs are in the store. */
int slip_companion_add(struct slip_store *store, const struct slip_digest *subject,
                       enum slip_companion kind, const json_t *layers, struct slip_error *err);
/* 1: *ret is the manifest that the store has. 0: it has none. */
int slip_companion_get(struct slip_store *store, const struct slip_digest *subject,
                       enum slip_companion kind, struct slip_digest *ret);

/* What is found out about one layer: how near it came to what is looked for, with *err saying why
 * not more; or SLIP_LAYER_GOOD. */
#define SLIP_LAYER_GOOD 100
typedef int slip_layer_fn(void *user, const json_t *layer, struct slip_error *err);
/* Looks at the layers that the store has until one is good: 1. 0: none is; *ret_why, a
 * SLIP_EPOLICY, tells of the one that came nearest. -1: there are more than SLIP_COMPANION_LAYERS.
 */
int slip_companion_search(struct slip_store *store, const struct slip_digest *subject,
                          enum slip_companion kind, slip_layer_fn *examine, void *user,
                          struct slip_error *ret_why, struct slip_error *err);

/* Appends to a list of layers what it has not yet; whether anything was new. */
bool slip_companion_merge(json_t *layers, const json_t *more);
/* A manifest with these layers; its configuration is put into the store. NULL with *err. */
json_t *slip_companion_manifest(struct slip_store *store, json_t *layers, struct slip_error *err);
