#include "slim/world.h"

#include <errno.h>
#include <fcntl.h>

#include "slim/hints.h"
#include "slim/plugins.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

static int root_of(const struct slip_world *world, enum slip_where where)
{
    return where == SLIP_IN_BASE ? world->options->base_root : world->options->root;
}

void slip_found_release(struct slip_found *found)
{
    free(found->origin);
    slip_trail_release(&found->trail);
    *found = SLIP_FOUND_INIT;
}

void slip_world_open(struct slip_world *world, const struct slip_closure_options *options,
                     struct slip_closure *closure)
{
    world->options = options;
    world->closure = closure;
}

static void release_members(struct slip_map *members)
{
    for (size_t i = 0; i < members->n; i++) {
        struct slip_member *m = members->entries[i].value;
        slip_elf_release(&m->elf);
        free(m->damage);
        free(m->exports);
        free(m->path);
        free(m);
    }
    slip_map_release(members);
}

static void release_strings(struct slip_map *map)
{
    for (size_t i = 0; i < map->n; i++)
        free(map->entries[i].value);
    slip_map_release(map);
}

void slip_world_release(struct slip_world *world)
{
    release_members(&world->members[SLIP_IN_BUILDER]);
    release_members(&world->members[SLIP_IN_BASE]);
    for (size_t i = 0; i < world->loaders.n; i++)
        slip_loader_release(world->loaders.entries[i].value);
    release_strings(&world->loaders);
    slip_map_release(&world->installed);
    release_strings(&world->offered);
    release_strings(&world->seen);
    slip_map_release(&world->recorded);
    slip_map_release(&world->refused);
}

static bool is_interesting(const char *symbol)
{
    return slip_hint_symbol(symbol) || slip_plugin_symbol(symbol);
}

static void read_member(struct slip_member *m, int root)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_closep) int fd = slip_open_in_root(root, m->path, O_RDONLY | O_NONBLOCK, 0);
    char magic[4];

    if (fd < 0) {
        m->is_elf = -1;
        m->damage = slip_xasprintf("'%s' cannot be read: %s", m->path, strerror(errno));
        return;
    }
    if (pread(fd, magic, sizeof magic, 0) != sizeof magic || memcmp(magic, "\177ELF", 4) != 0)
        return;
    m->is_elf = slip_elf_read(fd, m->path, is_interesting, &m->elf, &err);
    if (m->is_elf < 0)
        m->damage = slip_xstrdup(err.msg);
}

struct slip_member *slip_world_member(struct slip_world *world, enum slip_where where,
                                      const char *real)
{
    struct slip_member *m = slip_map_get(&world->members[where], real);

    if (m)
        return m;
    m = slip_xcalloc(1, sizeof *m);
    m->path = slip_xstrdup(real);
    read_member(m, root_of(world, where));
    slip_map_set(&world->members[where], real, m);
    return m;
}

/* One call where a walk takes one for each directory: most places a loader looks at are empty. */
static bool is_empty_place(int root, const char *path)
{
    slip_cleanup(slip_closep) int fd = slip_open_in_root(root, path, O_PATH, 0);

    return fd < 0 && (errno == ENOENT || errno == ENOTDIR);
}

int slip_world_try(struct slip_world *world, enum slip_where where, const char *path,
                   const struct slip_elf *like, struct slip_found *ret, struct slip_error *err)
{
    slip_cleanup(slip_found_release) struct slip_found found = { .where = where };

    if (is_empty_place(root_of(world, where), path))
        return 0;
    int rc = slip_trail_walk(root_of(world, where), path, &found.trail);
    if (rc < 0)
        return slip_fail_errno(err, "cannot look for '%s'", path);
    if (rc == 0 || !S_ISREG(found.trail.mode))
        return 0;
    found.member = slip_world_member(world, where, found.trail.real);
    if (found.member->is_elf < 0)
        return slip_fail(err, SLIP_EINPUT, "%s", found.member->damage);
    if (!found.member->is_elf || (like && !slip_elf_matches(like, &found.member->elf)))
        return 0;
    size_t dir = (size_t)(slip_path_base(path) - path);
    found.origin = slip_xstrndup(path, dir > 1 ? dir - 1 : 1);
    *ret = found;
    found = SLIP_FOUND_INIT;
    return 1;
}

const struct slip_loader *slip_world_loader(struct slip_world *world, enum slip_where where,
                                            const char *interp, const struct slip_elf *like)
{
    slip_cleanup(slip_freep) char *key = slip_xasprintf(
        "%d %u %u %u %s", where, like->machine, like->bits, like->byte_order, interp ? interp : "");
    struct slip_loader *loader = slip_map_get(&world->loaders, key);

    if (!loader) {
        loader = slip_xcalloc(1, sizeof *loader);
        slip_loader_open(loader, root_of(world, where), interp, like,
                         where == SLIP_IN_BUILDER ? world->options->extra_dirs : NULL,
                         world->options->as_image);
        slip_map_set(&world->loaders, key, loader);
    }
    return loader;
}

static void add_file(struct slip_world *world, const char *path, const char *link, const char *why,
                     const char *soname, bool by_default, bool by_runpath)
{
    struct slip_closure *c = world->closure;

    if (slip_map_get(&world->recorded, path) || slip_map_get(&world->installed, path))
        return;
    slip_map_set(&world->recorded, path, world);
    c->files = slip_xgrow(c->files, c->nfiles, &c->files_cap, sizeof *c->files);
    c->files[c->nfiles++] = (struct slip_needed){
        .path = slip_xstrdup(path),
        .link = link ? slip_xstrdup(link) : NULL,
        .why = slip_xstrdup(why),
        .soname = slip_xstrdup(soname),
        .by_default = by_default,
        .by_runpath = by_runpath,
    };
}

void slip_world_record(struct slip_world *world, const struct slip_trail *trail, const char *why,
                       const char *soname, bool by_default, bool by_runpath)
{
    for (size_t i = 0; i < trail->n; i++)
        add_file(world, trail->links[i].path, trail->links[i].target, why, soname, by_default,
                 by_runpath);
    add_file(world, trail->real, NULL, why, soname, by_default, by_runpath);
}
