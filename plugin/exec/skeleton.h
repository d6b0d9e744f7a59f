/* skeleton.h - the usual directories of the host, owned by us, so that they can be copied up.
 *
 * overlayfs copies a directory up before it puts anything into it, and cannot when the owner is not
 * mapped in this user namespace. A layer of empty directories with the host's modes above the
 * host's own solves that for every directory it holds. All directories of a host would cost more
 * than most steps: the rules in skeleton.c say how deep each prefix goes. Below that depth nothing
 * can be put into a directory of the host, or removed from it: "Value too large for defined data
 * type" (EOVERFLOW). New directories are not concerned. The way out for the user is another prefix
 * than /usr, a base image instead of the host, or root.
 * The host is read once per process. Thread-safe. Depends on: util/.
 */
#pragma once

#include "util/error.h"

/* Fills the empty directory `to` for the host's /<top>. */
int slip_skeleton_make(const char *top, int to, struct slip_error *err);
