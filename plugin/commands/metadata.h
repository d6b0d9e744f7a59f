/* metadata.h - the file of `build --metadata-file`, with the keys that buildx writes.
 *
 *   containerimage.digest          of the manifest
 *   containerimage.config.digest   what docker calls the image's ID
 *   containerimage.descriptor      {mediaType, digest, size} of the manifest
 *   image.name                     all names in full, with commas between; absent without any
 */
#pragma once

#include "store/store.h"
#include "util/buf.h"
#include "util/digest.h"
#include "util/error.h"

int slip_metadata_write(const char *path, struct slip_store *store,
                        const struct slip_digest *manifest, const struct slip_strv *names,
                        struct slip_error *err);
