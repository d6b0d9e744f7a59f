/* sweep.h - what a command makes of mount points that were not there before.
 *
 * They come from a layer at the bottom and stay out of the upper directory, unless the command
 * changes their owner or mode, which copies them up: `chown -R` of a home directory with a cache
 * somewhere in it. Then they are removed, as long as nothing was put into them.
 * Depends on: exec/sandbox, util/fs.
 */
#pragma once

#include "exec/sandbox.h"

/* After the root was unmounted. */
void slip_sweep_stubs(const struct slip_sandbox *spec);
