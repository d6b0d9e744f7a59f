#include "slim/lookup.h"

#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

static void expand(const struct slip_process *p, const struct slip_node *node, const char *path,
                   struct slip_strv *ret)
{
    slip_loader_expand(p->loader, path, node->origin, ret);
}

/* The directories that the files themselves name. glibc: RPATH of who asks and of those who asked
 * for it, each unless it has a RUNPATH; then RUNPATH of who asks. musl makes no difference. */
void slip_lookup_own_dirs(const struct slip_process *p, size_t asker, struct slip_strv *ret)
{
    const struct slip_elf *elf = &p->nodes[asker].member->elf;

    for (size_t i = asker;; i = p->nodes[i].parent) {
        const struct slip_elf *e = &p->nodes[i].member->elf;
        if (p->loader->musl && (e->runpath || e->rpath))
            expand(p, &p->nodes[i], e->runpath ? e->runpath : e->rpath, ret);
        else if (!elf->runpath && !e->runpath && e->rpath)
            expand(p, &p->nodes[i], e->rpath, ret);
        if (p->nodes[i].parent == i)
            break;
    }
    if (!p->loader->musl && elf->runpath)
        expand(p, &p->nodes[asker], elf->runpath, ret);
}

bool slip_lookup_is_built(const struct slip_process *p, const char *path)
{
    const char *const *dirs = p->world->options->build_dirs;

    for (; dirs && *dirs; dirs++) {
        size_t n = strlen(*dirs);
        if (strncmp(path, *dirs, n) == 0 && (!path[n] || path[n] == '/'))
            return true;
    }
    return false;
}

/* One directory. An installed file covers the base's, and the base's the builder's. */
static int try_dir(struct slip_process *p, const char *dir, const char *name, bool builder,
                   bool base, struct slip_found *ret, struct slip_error *err)
{
    slip_cleanup(slip_found_release) struct slip_found found = SLIP_FOUND_INIT;
    slip_cleanup(slip_freep) char *path = slip_path_join(dir, name);
    const struct slip_elf *like = &p->nodes[0].member->elf;
    int rc = 0;

    if (builder && (rc = slip_world_try(p->world, SLIP_IN_BUILDER, path, like, &found, err)) < 0)
        return -1;
    /* What only the build has will not be there at run time. */
    if (rc && !slip_map_get(&p->world->installed, found.trail.real) &&
        (slip_lookup_is_built(p, path) || slip_lookup_is_built(p, found.trail.real))) {
        slip_found_release(&found);
        rc = 0;
    }
    if (base && p->base_loader && !(rc && slip_map_get(&p->world->installed, found.member->path))) {
        int also = slip_world_try(p->world, SLIP_IN_BASE, path, like, ret, err);
        if (also > 0 && slip_map_get(&p->world->refused, ret->member->path)) {
            slip_found_release(ret);
            also = 0;
        }
        if (also)
            return also;
    }
    if (rc) {
        *ret = found;
        found = SLIP_FOUND_INIT;
    }
    return rc;
}

static int try_dirs(struct slip_process *p, const struct slip_strv *dirs, const char *name,
                    bool builder, bool base, struct slip_found *ret, struct slip_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < dirs->n && rc == 0; i++)
        rc = try_dir(p, dirs->v[i], name, builder, base, ret, err);
    return rc;
}

static int try_known(struct slip_process *p, const struct slip_map *known, const char *name,
                     struct slip_found *ret, struct slip_error *err)
{
    const char *path = slip_map_get(known, name);

    return path
               ? slip_world_try(p->world, SLIP_IN_BUILDER, path, &p->nodes[0].member->elf, ret, err)
               : 0;
}

/* No search: the name says where, "$ORIGIN/libx.so" perhaps. */
static int find_path(struct slip_process *p, size_t asker, const char *name, struct slip_found *ret,
                     struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv paths = SLIP_STRV_INIT;

    expand(p, &p->nodes[asker], name, &paths);
    int rc = paths.n == 1 ? try_dir(p, "/", paths.v[0], true, true, ret, err) : 0;
    ret->by_path = rc > 0;
    return rc;
}

/* DF_1_NODEFLIB: the loader passes over its own directories even when ld.so.conf names them. */
static int find_default(struct slip_process *p, bool no_default_dirs, const char *name,
                        struct slip_found *ret, struct slip_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < p->loader->search.n && rc == 0; i++) {
        const char *dir = p->loader->search.v[i];
        if (!no_default_dirs || !slip_strv_has(&p->loader->builtin, dir))
            rc = try_dir(p, dir, name, true, false, ret, err);
    }
    return rc;
}

/* The parts of a C library only fit each other: one that the base lacks may come from a builder of
 * the same version, and of no other. */
static int check_libc(struct slip_process *p, const char *name, const struct slip_found *found,
                      struct slip_error *err)
{
    static const char libc[] = "libc.so.6", version[] = "GLIBC_2.0";
    slip_cleanup(slip_found_release) struct slip_found ours = SLIP_FOUND_INIT;
    slip_cleanup(slip_found_release) struct slip_found theirs = SLIP_FOUND_INIT;

    if (found->where == SLIP_IN_BASE || !p->base_loader || !slip_loader_is_libc(name))
        return 0;
    if (try_dirs(p, &p->base_loader->search, libc, false, true, &theirs, err) <= 0 ||
        find_default(p, false, libc, &ours, err) <= 0)
        return err->msg ? -1 : 0;
    const char *builder = slip_elf_newest(&ours.member->elf, version);
    const char *base = slip_elf_newest(&theirs.member->elf, version);
    if (!builder || !base || strcmp(builder, base) == 0)
        return 0;
    slip_fail(err, SLIP_EINPUT,
              "the base has the C library %s without its part '%s', and the "
              "builder's is of %s",
              base, name, builder);
    return slip_error_hint(err, "take a base with a whole C library, a toolchain made from this "
                                "base, or BASE scratch");
}

int slip_lookup(struct slip_process *p, size_t asker, const char *name, struct slip_found *ret,
                struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv own = SLIP_STRV_INIT;
    const struct slip_elf *elf = &p->nodes[asker].member->elf;
    int rc;

    if (strchr(name, '/'))
        return find_path(p, asker, name, ret, err);
    slip_lookup_own_dirs(p, asker, &own);
    rc = try_dirs(p, &own, name, true, true, ret, err);
    ret->by_runpath = rc > 0;
    /* A library of an image may rely on whoever opens it; a program has nobody else. */
    if (rc == 0 && !(p->world->options->as_image && p->nodes[0].member->elf.interp))
        rc = try_known(p, &p->world->offered, name, ret, err);
    if (rc == 0 && p->base_loader && !elf->no_default_dirs)
        rc = try_dirs(p, &p->base_loader->search, name, false, true, ret, err);
    if (rc == 0)
        rc = find_default(p, elf->no_default_dirs, name, ret, err);
    /* A library by itself may rely on the RPATH of the program that will load it. */
    if (rc == 0 && !p->nodes[0].member->elf.interp) {
        rc = try_known(p, &p->world->seen, name, ret, err);
        ret->by_runpath = rc > 0;
    }
    return rc > 0 && check_libc(p, name, ret, err) < 0 ? -1 : rc;
}
