/* skeleton.h - the usual directories of the host, owned by us, so that they can be copied up.
 *
 * overlayfs copies a directory up before it puts anything into it, and cannot when the owner is not
 * mapped in this user namespace. A layer of empty directories with the host's modes and times
 * above the host's own solves that for every directory it holds. Copying all directories of
 * a host would cost more than most steps: the rules in skeleton.c name how deep each prefix goes.
 * Below that, new directories can be made only where their parent is in the skeleton.
 * Depends on: exec/stack, util/.
 */
#pragma once

#include "util/error.h"

/* Fills the empty directory `to` for the host's /<top>. */
int slip_skeleton_make(const char *top, int to, struct slip_error *err);
