/* archive.h - an image as one tar that docker, podman, skopeo and containerd all load.
 *
 * What is written is an OCI layout and Docker's manifest.json in one: oci-layout, index.json,
 * manifest.json, then the blobs once each. The bytes depend on the image and its names only.
 * What is read may be that, an oci-archive, or the output of `docker save` of any age, in any
 * compression; the configuration is kept byte for byte. Depends on: archive/, store/, util/.
 */
#pragma once

#include "archive/tar.h"
#include "store/store.h"
#include "util/digest.h"
#include "util/error.h"

/* `names` as in layout.h. Bytes go to `sink`, in order, on this thread. */
int slip_image_archive_write(struct slip_store *store, const struct slip_digest *manifest,
                             const char *const *names, slip_sink_fn *sink, void *user,
                             struct slip_error *err);
/* Takes the image called `tag` (a tag or a whole name; NULL: the only one) into the store. */
int slip_image_archive_import(struct slip_store *store, const char *path, const char *tag,
                              struct slip_digest *ret_manifest, struct slip_error *err);
