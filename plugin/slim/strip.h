/* strip.h - an ELF program or library without what the loader never reads.
 *
 * Keeps the segments and the allocated sections byte for byte; drops symbol tables, debug and
 * comment sections, drops RUNPATH entries that `drop_runpath` names, and computes the Build-ID
 * anew from what is left, so that two builds that differ only in debug paths become equal.
 * Relocatable objects, archives and anything that is not ELF come back unchanged.
 * Depends on: util/, libelf (headers only).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

struct slip_strip_options {
    bool keep_symbols; /* only RUNPATH and Build-ID are touched */
    const char *const
        *runpath_prefixes; /* RUNPATH entries at or below these are removed, or NULL */
};

/* 1: *ret (owned by the caller, malloc) holds the stripped file. 0: nothing to strip, use the file
 * itself. -1: cannot. `path` is for messages. */
int slip_strip(const void *elf, size_t len, const char *path,
               const struct slip_strip_options *options, void **ret, size_t *ret_len,
               struct slip_error *err);
