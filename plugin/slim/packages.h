/* packages.h - which Debian package a file belongs to, from dpkg's own database in a root.
 *
 * A root without dpkg has no answers, which is not an error. Depends on: util/.
 */
#pragma once

#include "util/map.h"

/* A file belongs to a package; `arch` is NULL where the database does not say which one. */
typedef void slip_owner_fn(void *user, void *value, const char *package, const char *arch);

/* For every key of `wanted` (an absolute path free of links) that a package owns, calls `found`
 * with the key's value. With a merged /usr, "/lib/x" in dpkg's lists is "/usr/lib/x" here. Reads
 * the lists once. */
void slip_packages_owners(int root, const struct slip_map *wanted, slip_owner_fn *found,
                          void *user);

/* What to do about a library that is nowhere: one sentence, owned; NULL when nothing is known. */
char *slip_packages_advice(int root, const char *soname);
