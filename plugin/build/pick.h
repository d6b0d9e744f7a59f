/* pick.h - which files the sources of a COPY name: Go's filepath.Match per component, links at the
 * top followed, `..` and a leading '/' clamped to the root. Depends on: plan/match, build/scan.
 */
#pragma once

#include "build/builder.h"

/* Adds what COPY from a context would read to a key; a source that matches nothing is an error. */
int slip_pick_key(struct slip_builder *b, const struct slip_copy *copy, struct slip_makings *m,
                  struct slip_error *err);
/* Paths (relative, clean, "" for the root) in `root` that `pattern` names, sorted. With `scan`,
 * only what the scan holds counts (its ignore rules did their work). */
int slip_pick(int root, const struct slip_scan *scan, const char *pattern, struct slip_strv *ret,
              struct slip_error *err);
