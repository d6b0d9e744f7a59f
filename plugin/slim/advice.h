/* advice.h - what is said when a program cannot be put together: what, why, and the way out.
 * All of them fail. Depends on: util/.
 */
#pragma once

#include "slim/world.h"

int slip_advise_interp(const struct slip_world *world, const struct slip_member *program,
                       struct slip_error *err);
/* `dirs`: where RPATH and RUNPATH led. */
int slip_advise_library(const struct slip_world *world, const struct slip_member *asker,
                        const char *soname, const struct slip_strv *dirs, struct slip_error *err);
int slip_advise_version(const struct slip_member *asker, const struct slip_elf_version *need,
                        const struct slip_member *library, enum slip_where where,
                        struct slip_error *err);
