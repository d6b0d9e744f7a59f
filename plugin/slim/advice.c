#include "slim/advice.h"

#include <fcntl.h>
#include <unistd.h>

#include "slim/lookup.h"
#include "slim/packages.h"
#include "slim/trail.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

static const char *nowhere(const struct slip_world *world)
{
    if (world->options->as_image)
        return "nowhere in the image";
    return world->options->base_root >= 0 ? "neither in the builder nor in the base"
                                          : "nowhere in the builder";
}

/* "the base 'debian:11'", or less when nobody has told its name. */
static char *the_base(const struct slip_world *world)
{
    const char *name = world->options->base_name;

    return name ? slip_xasprintf("the base '%s'", name) : slip_xstrdup("the base");
}

/* The installed file nearest to who asks: that is what the project can change. */
static void blame(const struct slip_process *p, size_t asker)
{
    struct slip_closure *c = p->world->closure;

    while (asker && !slip_map_get(&p->world->installed, p->nodes[asker].member->path))
        asker = p->nodes[asker].parent;
    free(c->culprit);
    c->culprit = slip_xstrdup(p->nodes[asker].member->path);
}

/* " (hello -> libpq.so.5 -> libz.so.1)"; nothing when the program itself asks. */
static char *chain(const struct slip_process *p, size_t asker, const char *soname)
{
    char *text = slip_xasprintf(" -> %s)", soname);

    if (asker == 0) {
        free(text);
        return slip_xstrdup("");
    }
    for (size_t i = asker;; i = p->nodes[i].parent) {
        const char *name = slip_path_base(p->nodes[i].member->path);
        const char *soname_of = i ? p->nodes[i].member->elf.soname : NULL;
        char *longer =
            slip_xasprintf("%s%s%s", i ? " -> " : " (", soname_of ? soname_of : name, text);
        free(text);
        text = longer;
        if (i == 0)
            return text;
    }
}

int slip_advise_interp(const struct slip_process *p, struct slip_error *err)
{
    const struct slip_member *program = p->nodes[0].member;

    blame(p, 0);
    slip_fail(err, SLIP_EINPUT, "%s asks for the loader '%s', which is %s", program->path + 1,
              program->elf.interp, nowhere(p->world));
    return slip_error_hint(err, "it was linked for another system: build it in this toolchain, or "
                                "link it statically");
}

/* Why the loader would pass over what stands at a path; NULL when nothing does. */
static char *flaw(const struct slip_process *p, const char *path)
{
    slip_cleanup(slip_trail_release) struct slip_trail trail = SLIP_TRAIL_INIT;
    const struct slip_elf *like = &p->nodes[0].member->elf;
    int root = p->world->options->root;
    char target[4096];

    if (slip_trail_walk(root, path, &trail) != 1) {
        slip_cleanup(slip_closep) int fd = slip_open_in_root(root, path, O_PATH | O_NOFOLLOW, 0);
        ssize_t n = fd < 0 ? -1 : readlinkat(fd, "", target, sizeof target - 1);
        return n < 0 ? NULL
                     : slip_xasprintf("'%s' is a link to '%.*s', which does not exist", path,
                                      (int)n, target);
    }
    if (!S_ISREG(trail.mode))
        return NULL;
    const struct slip_member *m = slip_world_member(p->world, SLIP_IN_BUILDER, trail.real);
    if (m->is_elf == 0)
        return slip_xasprintf("'%s' is there, but it is no library", path);
    if (m->is_elf < 0 || slip_elf_matches(like, &m->elf))
        return NULL;
    slip_cleanup(slip_freep) char *theirs = slip_loader_kind(&m->elf);
    slip_cleanup(slip_freep) char *ours = slip_loader_kind(like);
    return slip_xasprintf("'%s' is there, but it is %s, and the program is %s", path, theirs, ours);
}

static char *flaw_in(const struct slip_process *p, const struct slip_strv *dirs, const char *name)
{
    char *text = NULL;

    for (size_t i = 0; i < dirs->n && !text; i++) {
        slip_cleanup(slip_freep) char *path = slip_path_join(dirs->v[i], name);
        text = flaw(p, path);
    }
    return text;
}

/* Variants for newer processors are no use to an image that shall run on any. */
static char *only_variants(const struct slip_process *p, const char *name)
{
    for (size_t i = 0; i < p->loader->search.n; i++) {
        slip_cleanup(slip_strv_release) struct slip_strv found = SLIP_STRV_INIT;
        slip_cleanup(slip_freep) char *pattern =
            slip_xasprintf("%s/glibc-hwcaps/*/%s", p->loader->search.v[i], name);
        slip_trail_glob(p->world->options->root, pattern, &found);
        if (found.n)
            return slip_xasprintf("'%s' is only for newer processors, and an image runs on any: "
                                  "install the plain library as well",
                                  found.v[0]);
    }
    return NULL;
}

/* RUNPATH into what exists only while the project is built. */
static char *build_tree(const struct slip_process *p, const struct slip_strv *own)
{
    for (size_t i = 0; i < own->n; i++)
        if (slip_lookup_is_built(p, own->v[i]))
            return slip_xasprintf("its RUNPATH leads into the build tree ('%s'), which no image "
                                  "has: install the library with the project",
                                  own->v[i]);
    return NULL;
}

/* The base has the library, and a C library that the program was not linked for. */
static char *foreign_base(const struct slip_process *p, const char *name)
{
    const struct slip_closure_options *o = p->world->options;
    slip_cleanup(slip_freep) char *interp =
        o->base_root >= 0 && !p->base_loader ? slip_loader_find(o->base_root) : NULL;

    if (!interp || !p->nodes[0].member->elf.interp)
        return NULL;
    const struct slip_loader *theirs =
        slip_world_loader(p->world, SLIP_IN_BASE, interp, &p->nodes[0].member->elf);
    for (size_t i = 0; i < theirs->search.n; i++) {
        slip_cleanup(slip_freep) char *path = slip_path_join(theirs->search.v[i], name);
        slip_cleanup(slip_trail_release) struct slip_trail trail = SLIP_TRAIL_INIT;
        if (slip_trail_walk(o->base_root, path, &trail) != 1)
            continue;
        slip_cleanup(slip_freep) char *base = the_base(p->world);
        return slip_xasprintf("%s has '%s', but for another C library: its loader is '%s', and the "
                              "program asks for '%s'",
                              base, path, interp, p->nodes[0].member->elf.interp);
    }
    return NULL;
}

/* Where people put libraries by hand, and no loader looks. What packages put elsewhere is told by
 * their lists. */
static char *stray(const struct slip_process *p, const char *name)
{
    static const char *const dirs[] = { "/opt/lib",        "/opt/*",       "/opt/*/lib",
                                        "/opt/*/lib64",    "/usr/local/*", "/usr/local/*/lib",
                                        "/usr/local/lib/*" };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(dirs); i++) {
        slip_cleanup(slip_strv_release) struct slip_strv found = SLIP_STRV_INIT;
        slip_cleanup(slip_freep) char *pattern = slip_path_join(dirs[i], name);
        slip_trail_glob(p->world->options->root, pattern, &found);
        if (found.n)
            return slip_xasprintf("'%s' has that name, where no loader looks by itself: link with "
                                  "-Wl,-rpath,%.*s",
                                  found.v[0], (int)(slip_path_base(found.v[0]) - found.v[0] - 1),
                                  found.v[0]);
    }
    return NULL;
}

static char *dead_dirs(const struct slip_process *p, const struct slip_strv *dirs)
{
    slip_cleanup(slip_buf_release) struct slip_buf list = SLIP_BUF_INIT;

    for (size_t i = 0; i < dirs->n; i++) {
        slip_cleanup(slip_trail_release) struct slip_trail trail = SLIP_TRAIL_INIT;
        if (slip_trail_walk(p->world->options->root, dirs->v[i], &trail) != 1)
            slip_buf_printf(&list, "%s'%s'", list.len ? ", " : "", dirs->v[i]);
    }
    return list.len ? slip_xasprintf("its RUNPATH names %s, which does not exist there", list.data)
                    : NULL;
}

/* The first of the reasons that holds: one sentence, or NULL. */
static char *reason(const struct slip_process *p, size_t asker, const char *soname)
{
    slip_cleanup(slip_strv_release) struct slip_strv own = SLIP_STRV_INIT;
    char *text = NULL;

    if (strchr(soname, '/'))
        return slip_xstrdup("it was linked by its path, because the library has no soname: give it "
                            "one (SOVERSION, or -Wl,-soname), and link again");
    slip_lookup_own_dirs(p, asker, &own);
    (void)((text = flaw_in(p, &own, soname)) || (text = flaw_in(p, &p->loader->search, soname)) ||
           (text = build_tree(p, &own)) || (text = only_variants(p, soname)) ||
           (text = foreign_base(p, soname)) || (text = stray(p, soname)));
    return text;
}

/* RUNPATH entries that lead to nothing, and the package that has the library. */
static int advise_package(const struct slip_process *p, size_t asker, const char *soname,
                          struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv own = SLIP_STRV_INIT;
    slip_cleanup(slip_freep) char *package = slip_packages_advice(p->world->options->root, soname);

    slip_lookup_own_dirs(p, asker, &own);
    slip_cleanup(slip_freep) char *dead = dead_dirs(p, &own);
    if (dead)
        return slip_error_hint(err, "%s%s%s", dead, package ? "; else " : "",
                               package ? package : "");
    if (package)
        return slip_error_hint(err, "%s", package);
    return slip_error_hint(err, "install the library in the builder, or install it with the "
                                "project (the DLOPEN list is for what no header names)");
}

int slip_advise_library(const struct slip_process *p, size_t asker, const char *soname,
                        struct slip_error *err)
{
    slip_cleanup(slip_freep) char *why = reason(p, asker, soname);
    slip_cleanup(slip_freep) char *through = chain(p, asker, soname);

    blame(p, asker);
    slip_fail(err, SLIP_EINPUT, "%s needs '%s', which is %s%s", p->nodes[asker].member->path + 1,
              soname, nowhere(p->world), through);
    free(p->world->closure->missing);
    p->world->closure->missing = slip_xstrdup(soname);
    return why ? slip_error_hint(err, "%s", why) : advise_package(p, asker, soname, err);
}

int slip_advise_damage(const struct slip_process *p, size_t asker, const char *soname,
                       struct slip_error *err)
{
    slip_cleanup(slip_freep) char *through = chain(p, asker, soname);

    blame(p, asker);
    return slip_error_context(err, "%s needs '%s'%s", p->nodes[asker].member->path + 1, soname,
                              through);
}

int slip_advise_version(const struct slip_process *p, size_t asker,
                        const struct slip_elf_version *need, size_t library, struct slip_error *err)
{
    const struct slip_node *lib = &p->nodes[library];
    const struct slip_member *m = p->nodes[asker].member;
    const char *newest = slip_elf_newest(&lib->member->elf, need->name);
    bool in_base = lib->where == SLIP_IN_BASE;
    slip_cleanup(slip_freep) char *base = in_base ? the_base(p->world) : NULL;
    slip_cleanup(slip_freep) char *through = chain(p, asker, need->file);

    blame(p, asker);
    if (newest)
        slip_fail(err, SLIP_EINPUT, "%s needs %s of '%s', but '%s'%s%s has nothing newer than %s%s",
                  m->path + 1, need->name, need->file, lib->member->path, base ? " of " : "",
                  base ? base : "", newest, through);
    else
        slip_fail(err, SLIP_EINPUT, "%s needs %s of '%s', which '%s'%s%s does not have%s",
                  m->path + 1, need->name, need->file, lib->member->path, base ? " of " : "",
                  base ? base : "", through);
    if (in_base)
        return slip_error_hint(err, "the base is older than the toolchain: take a newer base, a "
                                    "toolchain made from this base, or BASE scratch");
    return slip_error_hint(err,
                           "it was linked against another '%s' than the one found first: look "
                           "at its RUNPATH and at the builder's ld.so.conf",
                           need->file);
}

int slip_advise_symbol(const struct slip_process *p, size_t asker, const char *symbol,
                       const struct slip_elf_version *version, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *through = chain(p, asker, version->file);

    blame(p, asker);
    slip_fail(err, SLIP_EINPUT, "%s needs the symbol '%s' (%s) of '%s', which has it no more%s",
              p->nodes[asker].member->path + 1, symbol, version->name, version->file, through);
    return slip_error_hint(err,
                           "it was linked against another '%s': build it again in this "
                           "toolchain",
                           version->file);
}
