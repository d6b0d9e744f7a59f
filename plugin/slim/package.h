/* package.h - a package of a distribution, as its database tells it, and its name for the world.
 * Depends on: util/json, util/map.
 */
#pragma once

#include "util/json.h"
#include "util/map.h"

struct slip_package {
    const char *type;              /* static: "deb", "apk", "rpm" */
    char *name, *version;          /* owned; never NULL */
    char *arch;                    /* owned: as the distribution says it ("amd64"), or NULL */
    char *source, *source_version; /* owned: what it was built from; never NULL */
    char *maintainer, *homepage;   /* owned, or NULL */
    char *licence;                 /* owned: SPDX expression, or NULL while unknown */
};

/* Packages by name; several architectures of one may be there. */
struct slip_packages {
    struct slip_package *v; /* owned */
    size_t n, cap;
    struct slip_map by_name; /* "name" and "name:arch" to index + 1 */
};

#define SLIP_PACKAGES_INIT ((struct slip_packages){ 0 })

/* Takes over what `package` owns; without a source it is its own. One that is there already, name
 * and architecture, stays as it is. */
void slip_packages_add(struct slip_packages *list, struct slip_package *package);
/* NULL when there is none. `arch` NULL: the first one of that name. Borrowed. */
struct slip_package *slip_packages_find(const struct slip_packages *list, const char *name,
                                        const char *arch);
void slip_package_release(struct slip_package *package);
void slip_packages_release(struct slip_packages *list);

/* What a root says of itself in os-release(5). */
struct slip_distro {
    char *id, *version_id,
        *name; /* owned: "debian", "12", "Debian GNU/Linux"; NULL when not said */
};

#define SLIP_DISTRO_INIT ((struct slip_distro){ 0 })

void slip_distro_read(int root, struct slip_distro *ret);
void slip_distro_release(struct slip_distro *distro);

/* "pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?arch=amd64&distro=debian-12": a package URL (ECMA-427; in
 * it ':' stands for itself). Owned. */
char *slip_package_purl(const struct slip_package *package, const struct slip_distro *distro);
/* The same for the source package: no architecture but "source". Owned. */
char *slip_package_source_purl(const struct slip_package *package,
                               const struct slip_distro *distro);
/* Appends `text` as a part of a package URL. */
void slip_purl_put(struct slip_buf *out, const char *text);

/* A row of a bill (bill.h). New reference. */
json_t *slip_package_json(const struct slip_package *package, const struct slip_distro *distro);
