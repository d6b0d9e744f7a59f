/* pick.h - which files the sources of a COPY name: Go's filepath.Match per component, links at the
 * top followed, `..` and a leading '/' clamped to the root. A source of COPY --parents is
 * "base/./rest": the rest may hold "**" too, as in an ignore file.
 * Depends on: plan/match, plan/ignore, build/scan.
 */
#pragma once

#include "build/builder.h"

struct slip_picked {
    char *path;  /* owned; relative to the root, clean, "" for the root itself */
    size_t kept; /* --parents: what follows path[kept] is the place below the destination */
    bool by_wildcard;
};

struct slip_picks {
    struct slip_picked *v; /* sorted within each source */
    size_t n, cap;
};

#define SLIP_PICKS_INIT ((struct slip_picks){ 0 })

/* What the sources of a copy name in `root`. With `scan` only what the scan holds counts (its
 * ignore rules did their work). A source without wildcards that is not there is an error, unless
 * the copy is optional. */
int slip_pick(int root, const struct slip_scan *scan, const struct slip_copy *copy,
              struct slip_picks *ret, struct slip_error *err);
/* Adds what COPY from a context would read to a key. */
int slip_pick_key(struct slip_builder *b, const struct slip_copy *copy, struct slip_makings *m,
                  struct slip_error *err);
void slip_picks_release(struct slip_picks *picks);
