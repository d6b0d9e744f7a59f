/* fit.h - a closure that will lie on top of a base, and must not break it.
 *
 * One distribution has /lib as a link to usr/lib, another as a directory. A layer that brings the
 * builder's link would take the base's directory away with all that is in it, and one that brings a
 * directory would take away its link. So what is above a file is the base's business.
 * Depends on: util/.
 */
#pragma once

#include "slim/closure.h"

/* Moves files to where the base's own links lead, drops links to directories where the base has
 * something by that name, and adds links to single files in their stead where they are needed. */
void slip_closure_fit(struct slip_closure *closure, int root, int base_root);
