/* side.h - the same work for several things, some at a time.
 * Depends on: util/.
 */
#pragma once

#include <stddef.h>

#include "util/error.h"

#define SLIP_SIDE_BY_SIDE 4u /* at once: layers that are downloaded and unpacked */

/* Calls work(user, i) for each i < n, in order of i, on up to SLIP_SIDE_BY_SIDE threads. After a
 * failure nothing new is begun; *err is that of the first that failed. */
int slip_side_by_side(size_t n, int (*work)(void *user, size_t i, struct slip_error *err),
                      void *user, struct slip_error *err);
