/* dpkg.h - Debian's package database, as dpkg keeps it and as distroless images carry it.
 *
 *   /var/lib/dpkg/status               deb822 paragraphs; only what is installed counts
 *   /var/lib/dpkg/info/PKG[:ARCH].list the paths of a package
 *   /var/lib/dpkg/status.d/PKG         one paragraph; `PKG.md5sums` beside it lists its files
 *
 * The texts are not trusted: they come from images. Depends on: slim/package, util/.
 */
#pragma once

#include "slim/package.h"
#include "slim/packages.h"

/* Adds the packages of a status text. One whose Status does not say "installed" is left out, and so
 * are damaged paragraphs. */
void slip_dpkg_parse(const char *text, size_t len, struct slip_packages *ret);
/* Adds what the database of a root has. No database: nothing is added. */
void slip_dpkg_read(int root, struct slip_packages *ret);

/* For every key of `wanted` (an absolute path free of links) that is in a list of status.d, calls
 * `found`. For dpkg's own lists see slim/packages.h. */
void slip_dpkg_listed(int root, const struct slip_map *wanted, slip_owner_fn *found, void *user);

/* The paragraph that status.d keeps of a package. */
void slip_dpkg_paragraph(const struct slip_package *package, struct slip_buf *out);

/* Appends the lines of a package's md5sums (dpkg's own) that are about `paths`, sorted, each with
 * the path as it is given: "<32 hex digits>  usr/lib/x". */
void slip_dpkg_sums(int root, const struct slip_package *package, const struct slip_strv *paths,
                    struct slip_buf *out);
