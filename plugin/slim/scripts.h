/* scripts.h - installed scripts, and whether what `#!` names will be there to run them.
 * Depends on: util/.
 */
#pragma once

#include "slim/world.h"

/* Adds a hint when the root at `path` is a script whose interpreter is neither installed with it
 * nor in the base. */
void slip_script_check(struct slip_world *world, const char *path);
