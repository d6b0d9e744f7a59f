#include "slim/database.h"

#include "slim/apk.h"
#include "slim/dpkg.h"
#include "slim/licence.h"
#include "slim/packages.h"
#include "util/fs.h"
#include "util/mem.h"

void slip_database_open(struct slip_database *db, int root)
{
    static const char *const rpm[] = { "/var/lib/rpm/rpmdb.sqlite", "/var/lib/rpm/Packages",
                                       "/var/lib/rpm/Packages.db", "/usr/lib/sysimage/rpm" };
    struct stat st;

    db->root = root;
    slip_distro_read(root, &db->distro);
    slip_dpkg_read(root, &db->packages);
    slip_apk_read(root, &db->packages, NULL, NULL);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(rpm); i++)
        db->has_rpm |= slip_lstat_in_root(root, rpm[i], &st) == 0;
}

void slip_database_release(struct slip_database *db)
{
    slip_packages_release(&db->packages);
    slip_distro_release(&db->distro);
}

struct search {
    struct slip_database *db;
    struct slip_map paths; /* to themselves */
    struct slip_map *ret;
};

static void on_owner(void *user, void *value, const char *name, const char *arch)
{
    const struct search *s = user;
    struct slip_package *package = slip_packages_find(&s->db->packages, name, arch);

    if (package && !slip_map_get(s->ret, value))
        slip_map_set(s->ret, value, package);
}

static void on_apk_file(void *user, const char *path, const char *name)
{
    const struct search *s = user;
    void *value = slip_map_get(&s->paths, path);

    if (value)
        on_owner(user, value, name, NULL);
}

void slip_database_owners(struct slip_database *db, const struct slip_strv *paths,
                          struct slip_map *ret)
{
    struct search s = { .db = db, .ret = ret };
    slip_cleanup(slip_packages_release) struct slip_packages again = SLIP_PACKAGES_INIT;

    for (size_t i = 0; i < paths->n; i++)
        slip_map_set(&s.paths, paths->v[i], paths->v[i]);
    slip_packages_owners(db->root, &s.paths, on_owner, &s);
    slip_dpkg_listed(db->root, &s.paths, on_owner, &s);
    slip_apk_read(db->root, &again, on_apk_file, &s);
    slip_map_release(&s.paths);
}

void slip_database_licence(const struct slip_database *db, struct slip_package *package)
{
    if (!package->licence && strcmp(package->type, "deb") == 0)
        package->licence = slip_licence_of_package(db->root, package->name);
}
