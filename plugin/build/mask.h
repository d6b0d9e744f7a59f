/* mask.h - hides from a mounted context what the ignore file leaves out.
 *
 * The mask is the upper directory of an overlay whose lower one is the context: a whiteout stands
 * for each file or directory that is hidden, and the directories on the way to it look like those
 * of the context. Depends on: build/scan, util/.
 */
#pragma once

#include "build/scan.h"

/* Fills the empty directory `dir`. */
int slip_mask_fill(int dir, const struct slip_scan *scan, struct slip_error *err);
