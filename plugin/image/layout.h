/* layout.h - an image as a directory that every tool reads: the OCI image layout.
 *
 *   <dir>/oci-layout            {"imageLayoutVersion":"1.0.0"}
 *   <dir>/index.json            one entry for each name of the image
 *   <dir>/blobs/sha256/<hex>    hard links into the store where possible, else reflinks or copies
 *
 * A reader sees the old image or the new one: blobs come first, index.json is renamed last, and
 * only then blobs that it does not reach go. A crash leaves the old image and some blobs more.
 * Depends on: store/, util/.
 */
#pragma once

#include "store/store.h"
#include "util/digest.h"
#include "util/error.h"

/* `names` ("app", "app:1", "ghcr.io/a/b:1") ends with NULL; NULL or none: an image without a name.
 * Makes `dir` with its parents; what is there and is no layout is refused. An index.json that would
 * not change is left alone. */
int slip_layout_write(struct slip_store *store, const struct slip_digest *manifest,
                      const char *const *names, const char *dir, struct slip_error *err);
/* Copies the image called `tag` (a tag or a whole name; NULL: the only one) into the store,
 * checking sizes and digests on the way, and what is attached to it (layout_referrers.h). Of an
 * index, the platforms that are there. */
int slip_layout_import(struct slip_store *store, const char *dir, const char *tag,
                       struct slip_digest *ret_manifest, struct slip_error *err);
