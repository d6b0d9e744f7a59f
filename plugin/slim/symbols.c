#include "slim/symbols.h"

#include <fcntl.h>

#include "slim/advice.h"
#include "slim/hints.h"
#include "util/fs.h"
#include "util/mem.h"

#define NAMES_SHOWN 5

struct exports {
    uint64_t *v; /* owned */
    size_t n, cap;
};

/* FNV-1a. Two names with one hash would hide a missing symbol, and never invent one. */
static uint64_t hash_of(const char *name)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 0x100000001b3u;
    return h;
}

static int by_hash(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static void note_export(void *user, const struct slip_elf_symbol *symbol)
{
    struct exports *e = user;

    if (!symbol->defined)
        return;
    e->v = slip_xgrow(e->v, e->n, &e->cap, sizeof *e->v);
    e->v[e->n++] = hash_of(symbol->name);
}

static int each_symbol(const struct slip_process *p, const char *path, slip_elf_each_fn *each,
                       void *user, struct slip_error *err)
{
    slip_cleanup(slip_closep) int fd =
        slip_open_in_root(p->world->options->root, path, O_RDONLY | O_NONBLOCK, 0);

    if (fd < 0)
        return slip_fail_errno(err, "cannot read '%s'", path);
    return slip_elf_each_symbol(fd, path, each, user, err);
}

/* 1: the file at a node defines the name. Its symbols are read when it is first asked. */
static int defines(const struct slip_process *p, size_t node, uint64_t hash, struct slip_error *err)
{
    struct slip_member *m =
        slip_world_member(p->world, SLIP_IN_BUILDER, p->nodes[node].member->path);

    if (!m->exports) {
        struct exports e = { slip_xmalloc(sizeof *e.v), 0, 1 };
        int rc = each_symbol(p, m->path, note_export, &e, err);
        qsort(e.v, e.n, sizeof *e.v, by_hash);
        m->exports = e.v;
        m->nexports = e.n;
        if (rc < 0)
            return -1;
    }
    return m->nexports && bsearch(&hash, m->exports, m->nexports, sizeof hash, by_hash);
}

struct imports {
    const struct slip_process *p;
    struct slip_error *err;
    bool failed;
    struct slip_buf names; /* those without a version that nobody defines */
    size_t n;
    char *symbol;                    /* owned: the first one with a version; NULL: none */
    struct slip_elf_version version; /* its; strings owned */
};

/* The library that a version names is asked first: most others are never opened. */
static int is_exported(const struct slip_process *p, const struct slip_elf_symbol *symbol,
                       struct slip_error *err)
{
    uint64_t hash = hash_of(symbol->name);
    uintptr_t first =
        symbol->version ? (uintptr_t)slip_map_get(&p->names, symbol->version->file) : 0;
    int rc = first ? defines(p, first - 1, hash, err) : 0;

    for (size_t i = 0; rc == 0 && i < p->n; i++)
        rc = defines(p, i, hash, err);
    return rc;
}

static void note_import(void *user, const struct slip_elf_symbol *symbol)
{
    struct imports *in = user;

    if (symbol->defined || symbol->weak || in->failed)
        return;
    int rc = is_exported(in->p, symbol, in->err);
    in->failed = rc < 0;
    if (rc)
        return;
    if (!symbol->version) {
        if (in->n++ < NAMES_SHOWN)
            slip_buf_printf(&in->names, "%s%s", in->names.len ? ", " : "", symbol->name);
    } else if (!in->symbol && !symbol->version->weak) {
        in->symbol = slip_xstrdup(symbol->name);
        in->version.file = slip_xstrdup(symbol->version->file);
        in->version.name = slip_xstrdup(symbol->version->name);
    }
}

static void imports_release(struct imports *in)
{
    slip_buf_release(&in->names);
    free(in->symbol);
    free(in->version.file);
    free(in->version.name);
}

static int check_file(const struct slip_process *p, size_t node, struct slip_error *err)
{
    slip_cleanup(imports_release) struct imports in = { .p = p, .err = err };
    const char *path = p->nodes[node].member->path;

    if (each_symbol(p, path, note_import, &in, err) < 0 || in.failed)
        return -1;
    if (in.symbol)
        return slip_advise_symbol(p, node, in.symbol, &in.version, err);
    if (in.n)
        slip_hint_add(p->world->closure, path, "symbols",
                      "uses %s%s, which no library that it is linked with has, and fails when it "
                      "gets there: link with -Wl,--no-undefined to see what is missing, or "
                      "ACKNOWLEDGE symbols",
                      in.names.data, in.n > NAMES_SHOWN ? " and more" : "");
    return 0;
}

int slip_symbols_check(const struct slip_process *p, struct slip_error *err)
{
    if (!p->nodes[0].member->elf.interp)
        return 0;
    for (size_t i = 0; i < p->n; i++)
        if (p->nodes[i].where == SLIP_IN_BASE)
            return 0;
    for (size_t i = 0; i < p->n; i++)
        if (slip_map_get(&p->world->installed, p->nodes[i].member->path) &&
            check_file(p, i, err) < 0)
            return -1;
    return 0;
}
