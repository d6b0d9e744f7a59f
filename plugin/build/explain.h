/* explain.h - why each file is in an image, as COPY --installed noted it when it was built, and why
 * the steps ran that ran for it.
 */
#pragma once

#include "store/store.h"
#include "util/digest.h"
#include "util/json.h"

/* New reference, or NULL: the image was not built here. `manifest` is NULL for the last build that
 * ran something, of which only "build" is told.
 *
 *   {"files": [{path, size, class, why, package}],   empty without COPY --installed
 *    "hints": [...],
 *    "build": {file, target, of: number of steps, ran: [{step, why}]}}   absent when unknown */
json_t *slip_explain(struct slip_store *store, const struct slip_digest *manifest,
                     struct slip_error *err);
/* journal.c: where the reasons stand of the build that made this manifest; "": of the last one. */
void slip_journal_key(const char *manifest_hex, char ret_hex[65]);
