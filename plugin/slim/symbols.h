/* symbols.h - functions that a project's own files call and no library of the process has.
 *
 * Linkers let shared libraries call what they were not linked with, and lazy binding hides it until
 * the call. Asked of installed files only, in a program whose libraries are all known: a library by
 * itself may rely on the program that will load it, and what stands in a base is not followed.
 * Weak imports may be absent by definition. Depends on: util/.
 */
#pragma once

#include "slim/process.h"

/* An import with a version that nobody defines is an error, as the loader would have it; others
 * become one hint a file, because they may never be called. */
int slip_symbols_check(const struct slip_process *process, struct slip_error *err);
