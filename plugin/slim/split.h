/* split.h - from an ELF program or library, the file that a debugger reads beside it.
 *
 * It has the sections of the original under the same numbers: symbol tables and debug sections with
 * their bytes, compressed ones as they are; what is loaded only by name, address and size
 * (SHT_NOBITS), but for notes. It carries the Build-ID of the program as it stands in the image,
 * which strip.h computes anew: by it debuggers find the one from the other. There is no link by
 * name and checksum (.gnu_debuglink), as that would change the program with every change of its
 * debug information.
 *
 * Own code, not objcopy or eu-strip of the stage: a stage need not have them, those of one machine
 * do not read files of another, and none of them writes another Build-ID.
 *
 *   /usr/lib/debug/.build-id/01/23456789abcdef.debug      Build-ID 0123456789abcdef
 *
 * Depends on: slim/layout, slim/buildid, util/.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "slim/buildid.h"
#include "util/error.h"

struct slip_split {
    void *data; /* owned */
    size_t len;
    char id[2 * SLIP_BUILD_ID_MAX + 1]; /* Build-ID, in hex */
    bool lines;                         /* has DWARF, not only names of functions */
    char *shared;                       /* owned: the file of dwz(1) that its DWARF refers to; a
                                           path, perhaps relative to the original; or NULL */
    char shared_id[2 * SLIP_BUILD_ID_MAX + 1];
};

#define SLIP_SPLIT_INIT ((struct slip_split){ 0 })

enum slip_split_result {
    SLIP_SPLIT_DONE = 1,
    SLIP_SPLIT_NOTHING = 0, /* not a program or library, or nothing in it for a debugger */
    SLIP_SPLIT_NO_ID = 2,   /* there is, but no Build-ID to find it by */
};

/* `elf` is what the linker made, `program` what became of it in the image; either may be the other.
 * An answer of enum slip_split_result, or -1. `path` is for messages. */
int slip_split(const void *elf, size_t len, const void *program, size_t program_len,
               const char *path, struct slip_split *ret, struct slip_error *err);
void slip_split_release(struct slip_split *split);

/* usr/lib/debug/.build-id/01/23456789abcdef.debug; caller frees. */
char *slip_split_path(const char *id);
