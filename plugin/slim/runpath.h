/* runpath.h - takes directories out of RPATH and RUNPATH, in place.
 *
 * The text of a removed directory is zeroed, so that no build path stays in the file. The linker
 * lets names share their ends ("/build/foo" may also be where the symbol "foo" is spelled); what
 * others use is never touched. Depends on: slim/layout.
 */
#pragma once

#include "slim/layout.h"
#include "util/error.h"

/* Removes the entries at or below any of `prefixes` (NULL-terminated), and the whole tag when none
 * is left. 1: changed. 0: nothing to do. -1: cannot. */
int slip_runpath_remove(const struct slip_layout *layout, const char *const *prefixes,
                        const char *path, struct slip_error *err);
