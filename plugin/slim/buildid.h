/* buildid.h - the name that a linker gives to what it made: a note that programs, cores and debug
 * files share. Depends on: slim/layout.
 */
#pragma once

#include "slim/layout.h"

#define SLIP_BUILD_ID_MAX 64 /* bytes; linkers write 8 to 20 */

/* The bytes of the note in the file, or NULL. Borrowed; they may be written to. */
unsigned char *slip_build_id_find(const struct slip_layout *layout, size_t *ret_len);

/* Computes it anew from the whole file, in as many bytes as it has. Nothing happens where there is
 * none. */
void slip_build_id_renew(void *elf, size_t len);
