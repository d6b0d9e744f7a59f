/* waste.h - bytes that an image has and nobody sees, and bytes that it has twice.
 *
 * Hidden are files that an upper layer overwrites or removes: they are stored and pulled all the
 * same. Twice is what several files hold that are no hard links. Depends on: build/contents.
 */
#pragma once

#include "build/contents.h"

struct slip_twins {
    const struct slip_listed **files; /* borrowed from the list below; sorted by path */
    size_t n;
    uint64_t bytes; /* that one file for all of them would save */
};

struct slip_waste {
    const struct slip_listed **list; /* owned */
    struct slip_twins *twins;        /* owned; what saves most first */
    size_t ntwins, cap;
    uint64_t twin_bytes;
};

#define SLIP_WASTE_INIT ((struct slip_waste){ 0 })

/* `contents` must outlive *ret. */
void slip_waste_find(const struct slip_contents *contents, struct slip_waste *ret);
void slip_waste_release(struct slip_waste *waste);
/* Hidden bytes of one layer. */
uint64_t slip_waste_of_layer(const struct slip_contents *contents, size_t layer);
/* How much of the image is seen: 100 when nothing is hidden. */
double slip_waste_efficiency(const struct slip_contents *contents);
