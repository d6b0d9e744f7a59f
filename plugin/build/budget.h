/* budget.h - what an image may cost, and what may not be in it: [budget] of a recipe.
 *
 *   size     bytes of all files in all layers, uncompressed: what docker calls the image's size. A
 *            file that an upper layer hides is still pulled, so it counts
 *   files    files, links and devices that are seen; directories do not count
 *   layers   those of the base image included
 *   forbid   patterns and words. A pattern with a '/' is one of paths (`**` is any number of
 *            directories; what is below a directory that matches is meant, too; /bin/sh is also
 *            found where /bin is a link to /usr/bin); one without is one of names. Words:
 *            setuid, setgid, capabilities (files that give privileges), world-writable (files, and
 *            directories that are not sticky), shell (a shell, or busybox, in a bin directory)
 *
 * Depends on: build/contents, build/explain, plan/ignore.
 */
#pragma once

#include "build/contents.h"
#include "util/buf.h"

struct slip_budget {
    uint64_t size; /* 0: any; likewise below */
    uint64_t files, layers;
    struct slip_strv forbid; /* owned */
    /* Where each is written, for errors; none when it is not from a file. */
    struct slip_span size_at, files_at, layers_at;
    struct slip_span *forbid_at; /* owned; one for each of forbid, or NULL */
};

#define SLIP_BUDGET_INIT ((struct slip_budget){ 0 })

bool slip_budget_is_empty(const struct slip_budget *budget);
void slip_budget_release(struct slip_budget *budget);

/* 0 when the image keeps to it; SLIP_EPOLICY that says what is too much, the largest files or the
 * first that is forbidden, and why they are there. A manifest that kept to it once is not read
 * again. `name` as in slip_contents_read(). */
int slip_budget_check(struct slip_sources *sources, const char *name,
                      const struct slip_digest *manifest, const struct slip_budget *budget,
                      struct slip_error *err);
/* The same for contents that were read; `report` (slip_explain(), may be NULL) says why. */
int slip_budget_judge(const struct slip_contents *contents, const struct slip_budget *budget,
                      const json_t *report, struct slip_error *err);
