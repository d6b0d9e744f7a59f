#include "slim/fit.h"

#include "slim/trail.h"
#include "util/fs.h"
#include "util/mem.h"

struct dropped {
    char *link, *real; /* owned: /lib, and /usr/lib where it led in the builder */
};

struct fit {
    struct slip_closure *closure;
    int root, base;
    struct dropped *dropped; /* owned */
    size_t n, cap;
};

static void fit_release(struct fit *f)
{
    for (size_t i = 0; i < f->n; i++) {
        free(f->dropped[i].link);
        free(f->dropped[i].real);
    }
    free(f->dropped);
}

/* Where a path's directory lies in the base, as far as the base has it. Owned. */
static char *in_base(const struct fit *f, const char *path)
{
    for (const char *slash = strrchr(path, '/'); slash > path;) {
        slip_cleanup(slip_trail_release) struct slip_trail trail = SLIP_TRAIL_INIT;
        slip_cleanup(slip_freep) char *dir = slip_xstrndup(path, (size_t)(slash - path));
        if (slip_trail_walk(f->base, dir, &trail) == 1 && S_ISDIR(trail.mode))
            return slip_path_join(trail.real, slash + 1);
        do
            slash--;
        while (slash > path && *slash != '/');
    }
    return slip_xstrdup(path);
}

/* The builder's link to a directory, where the base has a directory: the base's stays. */
static bool drop(struct fit *f, const struct slip_needed *n)
{
    slip_cleanup(slip_trail_release) struct slip_trail theirs = SLIP_TRAIL_INIT;
    slip_cleanup(slip_trail_release) struct slip_trail ours = SLIP_TRAIL_INIT;

    if (!n->link || slip_trail_walk(f->base, n->path, &theirs) != 1 || !S_ISDIR(theirs.mode) ||
        slip_trail_walk(f->root, n->path, &ours) != 1 || !S_ISDIR(ours.mode))
        return false;
    if (strcmp(theirs.real, ours.real) != 0) {
        f->dropped = slip_xgrow(f->dropped, f->n, &f->cap, sizeof *f->dropped);
        f->dropped[f->n++] = (struct dropped){ slip_xstrdup(n->path), slip_xstrdup(ours.real) };
    }
    return true;
}

/* Takes the dropped links out, and moves the rest. */
static void move(struct fit *f)
{
    struct slip_closure *c = f->closure;
    size_t kept = 0;

    for (size_t i = 0; i < c->nfiles; i++) {
        struct slip_needed n = c->files[i];
        if (drop(f, &n)) {
            slip_needed_release(&n);
            continue;
        }
        char *path = in_base(f, n.path);
        if (strcmp(path, n.path) != 0) {
            n.source = n.path;
            n.path = path;
        } else {
            free(path);
        }
        c->files[kept++] = n;
    }
    c->nfiles = kept;
}

static bool has_file(const struct slip_closure *c, const char *path)
{
    for (size_t i = 0; i < c->nfiles; i++)
        if (strcmp(c->files[i].path, path) == 0)
            return true;
    return false;
}

/* /lib64/ld.so for /usr/lib64/ld.so: programs and links go on finding it by its old name. */
static void alias(struct fit *f, size_t file, const struct dropped *d)
{
    struct slip_closure *c = f->closure;
    const char *real = c->files[file].source ? c->files[file].source : c->files[file].path;
    slip_cleanup(slip_trail_release) struct slip_trail there = SLIP_TRAIL_INIT;
    size_t n = strlen(d->real);

    if (strncmp(real, d->real, n) != 0 || real[n] != '/')
        return;
    slip_cleanup(slip_freep) char *name = slip_xasprintf("%s%s", d->link, real + n);
    slip_cleanup(slip_freep) char *path = in_base(f, name);
    if (slip_trail_walk(f->base, name, &there) == 1 || has_file(c, path))
        return;
    c->files = slip_xgrow(c->files, c->nfiles, &c->files_cap, sizeof *c->files);
    const struct slip_needed *of = &c->files[file];
    c->files[c->nfiles++] = (struct slip_needed){
        .path = SLIP_TAKE_PTR(path),
        .link = slip_xstrdup(of->path),
        .why = slip_xstrdup(of->why),
        .soname = slip_xstrdup(of->soname),
        .package = of->package ? slip_xstrdup(of->package) : NULL,
        .by_default = true,
    };
}

/* Reasons are told by path. */
static void rename_reasons(struct slip_closure *c)
{
    for (size_t i = 0; i < c->nfiles; i++)
        for (size_t k = 0; c->files[i].source && k < c->nfiles; k++)
            if (strcmp(c->files[k].why, c->files[i].source) == 0) {
                free(c->files[k].why);
                c->files[k].why = slip_xstrdup(c->files[i].path);
            }
}

void slip_closure_fit(struct slip_closure *closure, int root, int base_root)
{
    slip_cleanup(
        fit_release) struct fit f = { .closure = closure, .root = root, .base = base_root };

    move(&f);
    for (size_t i = 0, n = closure->nfiles; i < n; i++)
        for (size_t k = 0; k < f.n; k++)
            alias(&f, i, &f.dropped[k]);
    rename_reasons(closure);
}
