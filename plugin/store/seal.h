/* seal.h - one digest for all there is in a directory: names, types, modes, owners, attributes,
 * links and every byte; not times. Only for this room. Depends on: util/.
 */
#pragma once

#include "util/digest.h"
#include "util/error.h"

/* `dir` is read to its last file; nothing may write to it meanwhile. */
int slip_seal(int dir, struct slip_digest *ret, struct slip_error *err);
