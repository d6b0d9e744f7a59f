/* explain.h - why each file is in an image, as COPY --installed noted it when it was built. */
#pragma once

#include "store/store.h"
#include "util/digest.h"
#include "util/json.h"

/* {"files": [{path, size, class, why, package}], "hints": [...]}; new reference, or NULL: the image
 * was not built here, or from a Dockerfile without COPY --installed. */
json_t *slip_explain(struct slip_store *store, const struct slip_digest *manifest,
                     struct slip_error *err);
