#include "slim/process.h"

#include "slim/advice.h"
#include "slim/hints.h"
#include "slim/lookup.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

static char *dir_of(const char *path)
{
    size_t n = (size_t)(slip_path_base(path) - path);

    return slip_xstrndup(path, n > 1 ? n - 1 : 1);
}

static bool is_loaded(const struct slip_process *p, const char *name)
{
    return slip_map_get(&p->names, name);
}

static void set_name(struct slip_process *p, const char *name, size_t node)
{
    if (name && *name && !is_loaded(p, name))
        slip_map_set(&p->names, name, (void *)(uintptr_t)(node + 1));
}

/* Takes over `origin`. */
static size_t add_node(struct slip_process *p, const struct slip_member *member,
                       enum slip_where where, char *origin, size_t parent, const char *name)
{
    p->nodes = slip_xgrow(p->nodes, p->n, &p->cap, sizeof *p->nodes);
    p->nodes[p->n] = (struct slip_node){ member, where, origin, parent, false };
    set_name(p, name, p->n);
    set_name(p, member->elf.soname, p->n);
    return p->n++;
}

/* The loader that will run in the image. */
static const struct slip_loader *final_loader(const struct slip_process *p)
{
    return p->base_loader ? p->base_loader : p->loader;
}

/* It looks there by itself. Compared by real path: /lib/x is /usr/lib/x when merged. */
static bool is_builtin(const struct slip_process *p, const char *dir)
{
    slip_cleanup(slip_trail_release) struct slip_trail trail = SLIP_TRAIL_INIT;

    if (slip_strv_has(&final_loader(p)->builtin, dir))
        return true;
    return slip_trail_walk(p->world->options->root, dir, &trail) == 1 &&
           slip_strv_has(&p->builtin, trail.real);
}

static void note_builtin(struct slip_process *p)
{
    const struct slip_closure_options *o = p->world->options;
    const struct slip_loader *loader = final_loader(p);

    for (size_t i = 0; i < loader->builtin.n; i++) {
        slip_cleanup(slip_trail_release) struct slip_trail trail = SLIP_TRAIL_INIT;
        if (slip_trail_walk(p->base_loader ? o->base_root : o->root, loader->builtin.v[i],
                            &trail) == 1)
            slip_strv_add(&p->builtin, trail.real);
    }
    if (!p->world->closure->loader_dir)
        p->world->closure->loader_dir = slip_xstrdup(loader->builtin.v[loader->builtin.n - 1]);
}

/* An installed library that only the builder's configuration leads to. */
static void want(struct slip_process *p, const struct slip_found *found, const char *name)
{
    slip_cleanup(slip_trail_release) struct slip_trail dir = SLIP_TRAIL_INIT;
    struct slip_world *w = p->world;

    if (!slip_map_get(&w->installed, found->trail.real) ||
        slip_trail_walk(w->options->root, found->origin, &dir) != 1)
        return;
    slip_cleanup(slip_freep) char *path = slip_path_join(dir.real, name);
    if (!slip_closure_wants(w->closure, name, path))
        slip_strv_addf(&w->closure->wanted, "%s %s", name, path);
}

static void record(struct slip_process *p, const struct slip_found *found, const char *why,
                   const char *name)
{
    bool by_default = found->by_path || is_builtin(p, found->origin);

    if (!slip_map_get(&p->world->seen, name))
        slip_map_set(&p->world->seen, name, slip_xstrdup(found->trail.real));
    if (found->where == SLIP_IN_BASE)
        return;
    slip_world_record(p->world, &found->trail, why, name, by_default, found->by_runpath);
    if (!by_default && !found->by_runpath)
        want(p, found, name);
}

static int open_interp(struct slip_process *p, const struct slip_member *main,
                       struct slip_error *err)
{
    slip_cleanup(slip_found_release) struct slip_found found = SLIP_FOUND_INIT;
    const char *interp = main->elf.interp;
    struct slip_world *w = p->world;
    int rc = 0;

    if (w->options->base_root >= 0)
        rc = slip_world_try(w, SLIP_IN_BASE, interp, &main->elf, &found, err);
    if (rc > 0)
        p->base_loader = slip_world_loader(w, SLIP_IN_BASE, interp, &main->elf);
    if (rc == 0)
        rc = slip_world_try(w, SLIP_IN_BUILDER, interp, &main->elf, &found, err);
    if (rc < 0)
        return -1;
    if (rc == 0)
        return slip_advise_interp(p, err);
    found.by_path = true;
    record(p, &found, main->path, "interpreter");
    size_t node = add_node(p, found.member, found.where, SLIP_TAKE_PTR(found.origin), 0,
                           slip_path_base(interp));
    p->nodes[node].interp = true;
    return 0;
}

int slip_process_open(struct slip_process *process, struct slip_world *world,
                      struct slip_member *main, struct slip_error *err)
{
    const struct slip_elf *elf = &main->elf;

    process->world = world;
    process->loader = slip_world_loader(world, SLIP_IN_BUILDER, elf->interp, elf);
    add_node(process, main, SLIP_IN_BUILDER, dir_of(main->path), 0, slip_path_base(main->path));
    if (elf->interp) {
        if (open_interp(process, main, err) < 0)
            return -1;
    } else if (world->options->base_root >= 0) {
        process->base_loader = slip_world_loader(world, SLIP_IN_BASE, NULL, elf);
        if (!process->base_loader->interp)
            process->base_loader = NULL;
    }
    if (elf->interp || elf->needed.n)
        note_builtin(process);
    return 0;
}

static void adopt(struct slip_process *p, struct slip_found *found, size_t asker, const char *name,
                  const char *label)
{
    record(p, found, p->nodes[asker].member->path, label);
    add_node(p, found->member, found->where, SLIP_TAKE_PTR(found->origin), asker,
             slip_path_base(name));
}

int slip_process_load(struct slip_process *process, size_t asker, const char *name,
                      const char *label, struct slip_error *err)
{
    slip_cleanup(slip_found_release) struct slip_found found = SLIP_FOUND_INIT;

    if (slip_loader_contains(process->loader, name))
        return 1;
    int rc = slip_lookup(process, asker, name, &found, err);
    if (rc > 0)
        adopt(process, &found, asker, name, label);
    return rc;
}

static int load_needed(struct slip_process *p, size_t asker, struct slip_error *err)
{
    const struct slip_elf *elf = &p->nodes[asker].member->elf;

    for (size_t i = 0; i < elf->needed.n; i++) {
        const char *name = elf->needed.v[i];
        int rc = is_loaded(p, name) ? 1 : slip_process_load(p, asker, name, name, err);
        if (rc < 0)
            return slip_advise_damage(p, asker, name, err);
        if (rc == 0)
            return slip_advise_library(p, asker, name, err);
    }
    return 0;
}

/* What the loader takes when it is there, and does without otherwise. */
static int load_optional(struct slip_process *p, size_t asker, struct slip_error *err)
{
    const struct slip_strv *lists = &p->nodes[asker].member->elf.optional;

    for (size_t i = 0; i < lists->n; i++) {
        slip_cleanup(slip_freep) char *names = slip_xstrdup(lists->v[i]);
        char *save = NULL;
        for (char *name = strtok_r(names, ":", &save); name; name = strtok_r(NULL, ":", &save))
            if (!is_loaded(p, name) && slip_process_load(p, asker, name, name, err) < 0)
                return -1;
    }
    return 0;
}

/* What its .note.dlopen says it cannot do without: any one name of each entry. */
static int load_required(struct slip_process *p, size_t asker, struct slip_error *err)
{
    const struct slip_elf *elf = &p->nodes[asker].member->elf;

    for (size_t i = 0; i < elf->ndlopens; i++) {
        const struct slip_strv *names = &elf->dlopens[i].sonames;
        int rc = strcmp(elf->dlopens[i].priority, "required") == 0 ? 0 : 1;
        for (size_t n = 0; n < names->n && rc == 0; n++)
            rc = is_loaded(p, names->v[n])
                     ? 1
                     : slip_process_load(p, asker, names->v[n], "dlopen", err);
        if (rc < 0)
            return -1;
        if (rc == 0)
            return slip_advise_library(p, asker, names->v[0], err);
    }
    return 0;
}

/* Since 2.34 the C library has the name services "files" and "dns" within itself. */
static bool has_old_nss(const struct slip_process *p)
{
    uintptr_t libc = (uintptr_t)slip_map_get(&p->names, "libc.so.6");
    bool old = false;

    if (libc) {
        const struct slip_elf *elf = &p->nodes[libc - 1].member->elf;
        return elf->defines.n && !slip_elf_defines(elf, "GLIBC_2.34");
    }
    return slip_hint_static_nss(&p->nodes[0].member->elf, &old) && old;
}

static int load_hidden(struct slip_process *p, size_t asker, bool old_nss, struct slip_error *err)
{
    const char *name;

    if (p->loader->musl || p->nodes[asker].where == SLIP_IN_BASE)
        return 0;
    for (size_t i = 0; (name = slip_hint_hidden_library(&p->nodes[asker].member->elf, old_nss, i));
         i++)
        if (!is_loaded(p, name) && slip_process_load(p, asker, name, "dlopen", err) < 0)
            return -1;
    return 0;
}

int slip_process_run(struct slip_process *process, struct slip_error *err)
{
    do {
        for (; process->next < process->n; process->next++) {
            const struct slip_node *node = &process->nodes[process->next];
            if (node->where == SLIP_IN_BASE || node->interp)
                continue;
            if (load_needed(process, process->next, err) < 0 ||
                load_optional(process, process->next, err) < 0 ||
                load_required(process, process->next, err) < 0)
                return -1;
        }
        bool old_nss = has_old_nss(process);
        for (; process->hidden < process->next; process->hidden++)
            if (load_hidden(process, process->hidden, old_nss, err) < 0)
                return -1;
    } while (process->next < process->n);
    return 0;
}

/* A library of the base that is too old may give way to the builder's; its C library never does. */
static int replace(struct slip_process *p, size_t asker, const struct slip_elf_version *need,
                   const struct slip_node *old, struct slip_error *err)
{
    slip_cleanup(slip_found_release) struct slip_found found = SLIP_FOUND_INIT;
    struct slip_world *w = p->world;

    if (old->where != SLIP_IN_BASE || slip_loader_is_libc(need->file))
        return 0;
    slip_map_set(&w->refused, old->member->path, w);
    int rc = slip_lookup(p, asker, need->file, &found, err);
    if (rc <= 0 || !slip_elf_defines(&found.member->elf, need->name))
        return rc < 0 ? -1 : 0;
    slip_hint_add(w->closure, p->nodes[0].member->path, need->file,
                  "needs %s of %s, which the base's '%s' has not: the builder's takes its place",
                  need->name, need->file, old->member->path);
    return 1;
}

/* musl takes no notice of versions. */
int slip_process_check(struct slip_process *process, struct slip_error *err)
{
    for (size_t i = 0; i < process->n && !process->loader->musl; i++) {
        const struct slip_member *m = process->nodes[i].member;
        for (size_t v = 0; v < m->elf.nversions; v++) {
            const struct slip_elf_version *need = &m->elf.versions[v];
            uintptr_t at = (uintptr_t)slip_map_get(&process->names, need->file);
            if (!at || need->weak)
                continue;
            const struct slip_node *lib = &process->nodes[at - 1];
            /* A library without any versions satisfies all, says the loader. */
            if (!lib->member->elf.defines.n || slip_elf_defines(&lib->member->elf, need->name))
                continue;
            int rc = replace(process, i, need, lib, err);
            return rc ? rc : slip_advise_version(process, i, need, at - 1, err);
        }
    }
    return 0;
}

void slip_process_release(struct slip_process *process)
{
    for (size_t i = 0; i < process->n; i++)
        free(process->nodes[i].origin);
    free(process->nodes);
    slip_strv_release(&process->builtin);
    slip_map_release(&process->names);
    *process = SLIP_PROCESS_INIT;
}
