/* origin.h - which repositories are known to have a blob.
 *
 * Kept as records of the store: forgetting one costs an upload that could have been a mount, or a
 * question to the user. The latest eight repositories of a blob are kept. Depends on: store/,
 * util/.
 */
#pragma once

#include "store/store.h"
#include "util/digest.h"
#include "util/str.h"

/* `repository` is "<registry>/<path>", as slip_reference has them. */
int slip_origin_add(struct slip_store *store, const struct slip_digest *blob,
                    const char *repository, struct slip_error *err);
/* The latest first; none is success. */
int slip_origin_list(struct slip_store *store, const struct slip_digest *blob,
                     struct slip_strv *ret, struct slip_error *err);
