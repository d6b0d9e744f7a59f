/* advice.h - what is said when a program cannot be put together: what, why, and the way out.
 *
 * All of them fail, and leave in closure->culprit the installed file that it is about.
 * Depends on: util/.
 */
#pragma once

#include "slim/process.h"

int slip_advise_interp(const struct slip_process *process, struct slip_error *err);
/* Node `asker` wants `soname`, which no place has that its loader would look at. */
int slip_advise_library(const struct slip_process *process, size_t asker, const char *soname,
                        struct slip_error *err);
/* The same for a file that was found, and cannot be read: *err says why. */
int slip_advise_damage(const struct slip_process *process, size_t asker, const char *soname,
                       struct slip_error *err);
/* Node `asker` wants a symbol, with a version, that no library of the process has. */
int slip_advise_symbol(const struct slip_process *process, size_t asker, const char *symbol,
                       const struct slip_elf_version *version, struct slip_error *err);
/* Node `asker` wants a version that node `library` does not have. */
int slip_advise_version(const struct slip_process *process, size_t asker,
                        const struct slip_elf_version *need, size_t library,
                        struct slip_error *err);
