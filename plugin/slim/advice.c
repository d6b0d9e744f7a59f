#include "slim/advice.h"

#include "slim/packages.h"
#include "slim/trail.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

static const char *nowhere(const struct slip_world *world)
{
    return world->options->base_root >= 0 ? "neither in the builder nor in the base"
                                          : "nowhere in the builder";
}

int slip_advise_interp(const struct slip_world *world, const struct slip_member *program,
                       struct slip_error *err)
{
    slip_fail(err, SLIP_EINPUT, "%s asks for the loader '%s', which is %s", program->path + 1,
              program->elf.interp, nowhere(world));
    return slip_error_hint(err, "it was linked for another system: build it in this toolchain, or "
                                "link it statically");
}

/* RUNPATH entries that lead to nothing: the usual reason, and seldom seen. */
static char *dead_dirs(const struct slip_world *world, const struct slip_strv *dirs)
{
    struct slip_buf list = SLIP_BUF_INIT;

    for (size_t i = 0; i < dirs->n; i++) {
        slip_cleanup(slip_trail_release) struct slip_trail trail = SLIP_TRAIL_INIT;
        if (slip_trail_walk(world->options->root, dirs->v[i], &trail) != 1)
            slip_buf_printf(&list, "%s'%s'", list.len ? ", " : "", dirs->v[i]);
    }
    return slip_buf_take(&list);
}

int slip_advise_library(const struct slip_world *world, const struct slip_member *asker,
                        const char *soname, const struct slip_strv *dirs, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *dead = dead_dirs(world, dirs);
    slip_cleanup(slip_freep) char *package = slip_packages_advice(world->options->root, soname);

    slip_fail(err, SLIP_EINPUT, "%s needs '%s', which is %s", asker->path + 1, soname,
              nowhere(world));
    if (*dead && package)
        return slip_error_hint(err, "its RUNPATH names %s, which does not exist there; else %s",
                               dead, package);
    if (*dead)
        return slip_error_hint(err, "its RUNPATH names %s, which does not exist there", dead);
    if (package)
        return slip_error_hint(err, "%s", package);
    return slip_error_hint(err, "install the library in the builder, or install it with the "
                                "project (the DLOPEN list is for what no header names)");
}

/* The newest version of the same family that a library has: GLIBC_2.36 for GLIBC_2.38. */
static const char *newest_like(const struct slip_elf *elf, const char *version)
{
    size_t family = strcspn(version, "0123456789");
    const char *best = NULL;

    for (size_t i = 0; i < elf->defines.n; i++) {
        const char *v = elf->defines.v[i];
        if (strncmp(v, version, family) == 0 && v[family] >= '0' && v[family] <= '9' &&
            (!best || strverscmp(v, best) > 0))
            best = v;
    }
    return best;
}

int slip_advise_version(const struct slip_member *asker, const struct slip_elf_version *need,
                        const struct slip_member *library, enum slip_where where,
                        struct slip_error *err)
{
    const char *newest = newest_like(&library->elf, need->name);
    const char *of = where == SLIP_IN_BASE ? "the base's " : "";

    if (newest)
        slip_fail(err, SLIP_EINPUT, "%s needs %s of '%s', but %s'%s' has nothing newer than %s",
                  asker->path + 1, need->name, need->file, of, library->path, newest);
    else
        slip_fail(err, SLIP_EINPUT, "%s needs %s of '%s', which %s'%s' does not have",
                  asker->path + 1, need->name, need->file, of, library->path);
    if (where == SLIP_IN_BASE)
        return slip_error_hint(err, "the base is older than the toolchain: take a newer base, a "
                                    "toolchain made from this base, or BASE scratch");
    return slip_error_hint(err,
                           "it was linked against another '%s' than the one found first: look "
                           "at its RUNPATH and at the builder's ld.so.conf",
                           need->file);
}
