/* epoch.h - the one time that an image knows: SOURCE_DATE_EPOCH, else the time of the commit that
 * `dir` (may be NULL) is checked out at, else `otherwise` (0: 1970). */
#pragma once

#include <stdint.h>

#include "util/error.h"

int slip_epoch_find(const char *dir, int64_t otherwise, int64_t *ret, struct slip_error *err);
