/* notes.h - what notes in an ELF file say about where it comes from: its Build-ID, and the package
 * it was built for (`.note.package`, https://systemd.io/ELF_PACKAGE_METADATA/).
 *
 * Read from the program headers, so a stripped file is understood. Not trusted. Depends on: util/.
 */
#pragma once

#include <stddef.h>

#include "slim/package.h"

struct slip_notes {
    char *build_id;              /* owned: hex digits, or NULL */
    struct slip_package package; /* name NULL: no note, or one that says no more than a name */
    struct slip_distro distro;   /* that it was built for; nothing in it when not said */
};

#define SLIP_NOTES_INIT ((struct slip_notes){ 0 })

/* `elf` is not written to. Anything that is no ELF program or library has no notes. */
void slip_notes_read(const void *elf, size_t len, struct slip_notes *ret);
void slip_notes_release(struct slip_notes *notes);
