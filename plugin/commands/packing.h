/* packing.h - in which compression the layers of an image are made, and who said so.
 *
 * `-o ...,compression=zstd,compression-level=9` and the recipe's `compression =` both say it; the
 * command line wins. All outputs of a build are one image, so they cannot differ. Layers of a base
 * image stay as they are. Depends on: build/.
 */
#pragma once

#include <stdbool.h>

#include "build/build.h"
#include "util/error.h"

struct slip_packing {
    bool has_compression, has_level;
    enum slip_compression compression;
    int level; /* 0: the default of the compression */
};

/* gzip, zstd, none, and uncompressed, which is what buildx calls the last. Said before and
 * differently: an error. */
int slip_packing_say(struct slip_packing *packing, const char *compression, struct slip_error *err);
int slip_packing_say_level(struct slip_packing *packing, const char *level, struct slip_error *err);
/* That the compression has such a level. */
int slip_packing_check(const struct slip_packing *packing, struct slip_error *err);
