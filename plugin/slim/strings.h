/* strings.h - what a program's own texts give away: names of libraries, helpers and users.
 *
 * A text is what stands between two zero bytes of the file. Depends on: util/.
 */
#pragma once

#include "slim/elf.h"

#define SLIP_STRINGS_MOST 8 /* of each kind */

enum slip_strings_kind {
    SLIP_STRINGS_LIBRARIES,    /* names of libraries that NEEDED does not list */
    SLIP_STRINGS_PROGRAMS,     /* absolute paths of programs that are there in the root */
    SLIP_STRINGS_USERS,        /* users that services run as: the usual ones, those that packages
                                  made in the builder, and the program's own name */
    SLIP_STRINGS_CERTIFICATES, /* places where distributions keep certificates */
    SLIP_STRINGS_KINDS
};

/* Reads the file at `path` in `root` once, for all kinds that are wanted (bits, 1 << kind), and
 * appends to ret[kind], in the order of the file. A file that cannot be read has no texts. */
void slip_strings_find(int root, const char *path, const struct slip_elf *elf, unsigned kinds,
                       struct slip_strv ret[SLIP_STRINGS_KINDS]);
