/* contents.h - what is in an image, read from its layers' blobs: for budgets, inspect, diff and
 * report. Nothing is unpacked or mounted, so every host and every user can ask.
 * Depends on: build/sources, image/, layer/listing.
 */
#pragma once

#include "build/sources.h"
#include "image/image.h"
#include "layer/listing.h"
#include "util/map.h"

struct slip_contents {
    struct slip_image image;
    struct slip_listing *layers; /* owned; image.nlayers of them, lowest first */
    struct slip_seen seen;
    uint64_t bytes; /* of all files in all layers: what docker calls the size of an image */
};

#define SLIP_CONTENTS_INIT ((struct slip_contents){ 0 })

/* `name` (may be NULL) is what the image was located by: layers that the store has not are fetched
 * from there. */
int slip_contents_read(struct slip_sources *sources, const char *name,
                       const struct slip_digest *manifest, struct slip_contents *ret,
                       struct slip_error *err);
void slip_contents_release(struct slip_contents *contents);

/* What a layer holds, of a slim runtime ("programs"); else the instruction that made it; from the
 * history; "" when the history does not say. Borrowed
 * from the image. */
const char *slip_contents_maker(const struct slip_contents *contents, size_t layer);
/* Bytes of all files that are seen. */
uint64_t slip_contents_seen_bytes(const struct slip_contents *contents);
/* Names of packages to their versions ("" when it is not told), from the databases of dpkg and apk
 * in the image, and for what those have not, from the files of `report` (slip_explain(), may be
 * NULL). Free with slip_packages_free(). */
void slip_contents_packages(const struct slip_contents *contents, const json_t *report,
                            struct slip_map *ret);
void slip_packages_free(struct slip_map *packages);
