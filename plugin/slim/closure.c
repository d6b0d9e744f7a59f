#include "slim/closure.h"

#include <errno.h>
#include <fcntl.h>

#include "slim/asked.h"
#include "slim/fit.h"
#include "slim/hints.h"
#include "slim/packages.h"
#include "slim/plugins.h"
#include "slim/process.h"
#include "slim/scripts.h"
#include "slim/symbols.h"
#include "slim/world.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

/* The roots that are ELF files, by real path, in the order they came. */
struct roots {
    struct slip_member **v; /* owned array, borrowed members */
    size_t n, cap;
    struct slip_strv links; /* roots that are links: looked at when all roots are known */
};

static void roots_release(struct roots *roots)
{
    free(roots->v);
    slip_strv_release(&roots->links);
}

static void add_root(struct roots *roots, struct slip_member *member)
{
    for (size_t i = 0; i < roots->n; i++)
        if (roots->v[i] == member)
            return;
    roots->v = slip_xgrow(roots->v, roots->n, &roots->cap, sizeof *roots->v);
    roots->v[roots->n++] = member;
}

static void offer(struct slip_world *w, const char *name, const char *path)
{
    if (name && *name && !slip_map_get(&w->offered, name))
        slip_map_set(&w->offered, name, slip_xstrdup(path));
}

/* 0, or -1. A root that is gone, or a directory, is nobody's business here. */
static int examine(struct slip_world *w, struct roots *roots, const char *path,
                   struct slip_error *err)
{
    slip_cleanup(slip_trail_release) struct slip_trail trail = SLIP_TRAIL_INIT;
    struct stat st;

    int rc = slip_trail_walk(w->options->root, path, &trail);
    if (rc < 0)
        return slip_fail_errno(err, "cannot look at '%s'", path);
    if (rc == 0 || !S_ISREG(trail.mode) || slip_lstat_in_root(w->options->root, path, &st) < 0)
        return 0;
    struct slip_member *m = slip_world_member(w, SLIP_IN_BUILDER, trail.real);
    slip_map_set(&w->installed, path, m);
    if (m->is_elf > 0 && !m->elf.interp)
        offer(w, slip_path_base(path), path);
    if (S_ISLNK(st.st_mode)) {
        slip_strv_add(&roots->links, path);
        return 0;
    }
    slip_map_set(&w->installed, trail.real, m);
    if (m->is_elf < 0)
        slip_hint_add(w->closure, path, "damaged", "%s", m->damage);
    if (m->is_elf > 0) {
        add_root(roots, m);
        if (!m->elf.interp)
            offer(w, m->elf.soname, path);
    }
    return 0;
}

/* A link that was installed may lead to a program or library that was not. */
static void follow_links(struct slip_world *w, struct roots *roots)
{
    for (size_t i = 0; i < roots->links.n; i++) {
        slip_cleanup(slip_trail_release) struct slip_trail trail = SLIP_TRAIL_INIT;
        const char *path = roots->links.v[i];
        if (slip_trail_walk(w->options->root, path, &trail) != 1 ||
            slip_map_get(&w->installed, trail.real))
            continue;
        struct slip_member *m = slip_world_member(w, SLIP_IN_BUILDER, trail.real);
        if (m->is_elf <= 0)
            continue;
        slip_world_record(w, &trail, path, slip_path_base(trail.real), false, false);
        add_root(roots, m);
    }
}

static void hint_process(const struct slip_process *p, const struct slip_member *main)
{
    struct slip_world *w = p->world;

    if (w->options->as_image)
        return;
    slip_hints_of(w->closure, w->options->root, main->path, &main->elf,
                  w->options->dlopen && w->options->dlopen[0]);
    slip_plugins_hint(p);
    for (size_t i = 1; i < p->n; i++)
        slip_hints_of_library(w->closure, main->path, slip_path_base(p->nodes[i].member->path),
                              &p->nodes[i].member->elf);
}

/* 1: something of the base was refused, so that it has to be put together once more. */
static int try_together(struct slip_world *w, struct slip_member *main, bool with_list,
                        struct slip_error *err)
{
    slip_cleanup(slip_process_release) struct slip_process p = SLIP_PROCESS_INIT;

    main->done = true;
    if (slip_process_open(&p, w, main, err) < 0 || slip_process_run(&p, err) < 0 ||
        (with_list && slip_asked_load(&p, err) < 0))
        return -1;
    int rc = slip_process_check(&p, err);
    if (rc)
        return rc;
    if (slip_symbols_check(&p, err) < 0)
        return -1;
    if (slip_map_get(&w->installed, main->path))
        hint_process(&p, main);
    return 0;
}

static int put_together(struct slip_world *w, struct slip_member *main, bool with_list,
                        struct slip_error *err)
{
    int rc;

    do
        rc = try_together(w, main, with_list, err);
    while (rc > 0);
    return rc;
}

/* Whoever would open the libraries of the dlopen list: the first program, else the first library,
 * else, when only scripts were installed, the loader itself. */
static struct slip_member *host_of_list(struct slip_world *w, const struct roots *roots)
{
    for (size_t i = 0; i < roots->n; i++)
        if (roots->v[i]->elf.interp)
            return roots->v[i];
    if (roots->n)
        return roots->v[0];
    slip_cleanup(slip_freep) char *interp = slip_loader_find(w->options->root);
    slip_cleanup(slip_trail_release) struct slip_trail trail = SLIP_TRAIL_INIT;
    if (!interp || slip_trail_walk(w->options->root, interp, &trail) != 1)
        return NULL;
    struct slip_member *m = slip_world_member(w, SLIP_IN_BUILDER, trail.real);
    if (m->is_elf <= 0)
        return NULL;
    slip_world_record(w, &trail, interp, "interpreter", true, false);
    return m;
}

/* Programs first: they say where the libraries beside them come from. */
static int compute(struct slip_world *w, const struct roots *roots, struct slip_error *err)
{
    bool list = w->options->dlopen && w->options->dlopen[0];
    struct slip_member *host = list ? host_of_list(w, roots) : NULL;

    if (list && !host)
        return slip_fail(err, SLIP_EINPUT,
                         "the dlopen list names '%s', but the builder has no dynamic loader",
                         w->options->dlopen[0]);
    for (size_t i = 0; i < roots->n; i++)
        if (roots->v[i]->elf.interp && put_together(w, roots->v[i], roots->v[i] == host, err) < 0)
            return -1;
    for (size_t i = 0; i < roots->n; i++)
        if (!roots->v[i]->done && put_together(w, roots->v[i], roots->v[i] == host, err) < 0)
            return -1;
    return host && !host->done ? put_together(w, host, true, err) : 0;
}

static void set_package(void *user, void *value, const char *package, const char *arch)
{
    char **to = value;

    (void)user;
    (void)arch;
    if (!*to)
        *to = slip_xstrdup(package);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct slip_needed *)a)->path, ((const struct slip_needed *)b)->path);
}

static int by_path_and_need(const void *a, const void *b)
{
    const struct slip_hint *x = a, *y = b;
    int order = strcmp(x->path, y->path);

    return order ? order : strcmp(x->need, y->need);
}

/* Directories, and links to them, stand in the lists of every package that has something below. */
static bool is_directory(int root, const char *path)
{
    slip_cleanup(slip_trail_release) struct slip_trail trail = SLIP_TRAIL_INIT;

    return slip_trail_walk(root, path, &trail) == 1 && S_ISDIR(trail.mode);
}

static void finish(struct slip_closure *c, int root, int base_root)
{
    slip_cleanup(slip_map_release) struct slip_map wanted = SLIP_MAP_INIT;

    for (size_t i = 0; i < c->nfiles; i++)
        if (!c->files[i].link || !is_directory(root, c->files[i].path))
            slip_map_set(&wanted, c->files[i].path, &c->files[i].package);
    slip_packages_owners(root, &wanted, set_package, NULL);
    if (base_root >= 0)
        slip_closure_fit(c, root, base_root);
    if (c->nfiles)
        qsort(c->files, c->nfiles, sizeof *c->files, by_path);
    if (c->nhints)
        qsort(c->hints, c->nhints, sizeof *c->hints, by_path_and_need);
    slip_strv_sort(&c->wanted);
}

int slip_closure_compute(struct slip_closure *closure, const struct slip_strv *roots,
                         const struct slip_closure_options *options, struct slip_error *err)
{
    slip_cleanup(slip_world_release) struct slip_world world = { 0 };
    slip_cleanup(roots_release) struct roots found = { 0 };

    slip_world_open(&world, options, closure);
    for (size_t i = 0; i < roots->n; i++)
        if (examine(&world, &found, roots->v[i], err) < 0)
            return -1;
    follow_links(&world, &found);
    if (compute(&world, &found, err) < 0)
        return -1;
    for (size_t i = 0; i < roots->n; i++)
        slip_script_check(&world, roots->v[i]);
    finish(closure, options->root, options->base_root);
    return 0;
}

static const struct slip_needed *find_file(const struct slip_closure *closure, const char *path)
{
    const struct slip_needed key = { .path = (char *)(uintptr_t)path };

    return closure->nfiles
               ? bsearch(&key, closure->files, closure->nfiles, sizeof *closure->files, by_path)
               : NULL;
}

char *slip_closure_chain(const struct slip_closure *closure, const char *path)
{
    const struct slip_needed *file = find_file(closure, path);
    char *chain = NULL;

    for (size_t i = 0; file && i <= closure->nfiles; i++) {
        bool named =
            strcmp(file->soname, "interpreter") != 0 && strcmp(file->soname, "dlopen") != 0;
        const char *name = named ? file->soname : slip_path_base(file->path);
        const struct slip_needed *why = find_file(closure, file->why);
        char *longer = chain ? slip_xasprintf("%s -> %s", name, chain) : slip_xstrdup(name);
        free(chain);
        chain = longer;
        if (!why) {
            longer = slip_xasprintf("%s -> %s", slip_path_base(file->why), chain);
            free(chain);
            chain = longer;
        }
        file = why;
    }
    return chain;
}

int slip_closure_wants(const struct slip_closure *closure, const char *soname, const char *path)
{
    slip_cleanup(slip_freep) char *text = slip_xasprintf("%s %s", soname, path);

    return slip_strv_has(&closure->wanted, text);
}

void slip_needed_release(struct slip_needed *needed)
{
    free(needed->path);
    free(needed->source);
    free(needed->link);
    free(needed->why);
    free(needed->soname);
    free(needed->package);
}

void slip_closure_release(struct slip_closure *closure)
{
    for (size_t i = 0; i < closure->nfiles; i++)
        slip_needed_release(&closure->files[i]);
    free(closure->files);
    for (size_t i = 0; i < closure->nhints; i++)
        slip_hint_release(&closure->hints[i]);
    free(closure->hints);
    slip_strv_release(&closure->wanted);
    free(closure->culprit);
    free(closure->missing);
    free(closure->loader_dir);
    *closure = SLIP_CLOSURE_INIT;
}

int slip_is_elf(int root, const char *path)
{
    slip_cleanup(slip_closep) int fd = slip_open_in_root(root, path, O_RDONLY | O_NONBLOCK, 0);
    struct stat st;
    char magic[4];

    if (fd < 0 || fstat(fd, &st) < 0)
        return -1;
    if (!S_ISREG(st.st_mode))
        return 0;
    ssize_t n = pread(fd, magic, sizeof magic, 0);
    if (n < 0)
        return -1;
    return n == sizeof magic && memcmp(magic, "\177ELF", sizeof magic) == 0;
}
