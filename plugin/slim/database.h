/* database.h - which packages a root holds, and which of them owns a file: dpkg's, distroless',
 * apk's.
 *
 * An rpm database is not read (it is SQLite or older); that it is there is said, so that a bill can
 * say what it does not know. Packages of rpm are known by the notes in their programs
 * (slim/notes.h). Life: open, ask, release. Depends on: util/.
 */
#pragma once

#include <stdbool.h>

#include "slim/package.h"

struct slip_database {
    int root; /* borrowed */
    struct slip_packages packages;
    struct slip_distro distro;
    bool has_rpm; /* there is one, unread */
};

#define SLIP_DATABASE_INIT ((struct slip_database){ .root = -1 })

void slip_database_open(struct slip_database *db, int root);
void slip_database_release(struct slip_database *db);

/* The packages that own files (absolute paths free of links): path to struct slip_package *,
 * borrowed from `db`. What nobody owns is not in it. */
void slip_database_owners(struct slip_database *db, const struct slip_strv *paths,
                          struct slip_map *ret);
/* package->licence from its copyright file, unless it is known already. */
void slip_database_licence(const struct slip_database *db, struct slip_package *package);
