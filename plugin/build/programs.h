/* programs.h - the programs in a root file system: what a link check begins with.
 * Depends on: slim/closure, util/.
 */
#pragma once

#include "util/buf.h"
#include "util/error.h"

struct slip_programs {
    struct slip_strv all;     /* owned: ELF files and scripts, absolute, in order */
    struct slip_strv scripts; /* owned: those that begin with "#!", are executable, and lie where
                                 programs do: in a bin, sbin or libexec directory */
};

#define SLIP_PROGRAMS_INIT ((struct slip_programs){ 0 })

int slip_programs_list(int root, struct slip_programs *ret, struct slip_error *err);
void slip_programs_release(struct slip_programs *programs);
