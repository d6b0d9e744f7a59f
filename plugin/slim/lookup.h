/* lookup.h - where the loader of a process finds a library: RPATH and RUNPATH, what is installed,
 * the base, ld.so.conf and its own directories, in that order. Depends on: util/.
 */
#pragma once

#include "slim/process.h"

/* 1: node `asker` would get *ret for `name`, a soname or a path. 0: nothing. */
int slip_lookup(struct slip_process *process, size_t asker, const char *name,
                struct slip_found *ret, struct slip_error *err);
/* Appends the directories in which a file's own RPATH or RUNPATH has the loader look. */
void slip_lookup_own_dirs(const struct slip_process *process, size_t asker, struct slip_strv *ret);
/* `path` lies in one of options->build_dirs. */
bool slip_lookup_is_built(const struct slip_process *process, const char *path);
