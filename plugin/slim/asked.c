#include "slim/asked.h"

#include <fcntl.h>

#include "slim/packages.h"
#include "slim/trail.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

#define NAMES_SHOWN 5

static int list(int root, const char *path, struct slip_strv *ret)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_closep) int dir = slip_open_in_root(root, path, O_RDONLY | O_DIRECTORY, 0);

    return dir < 0 ? -1 : slip_list_dir(dir, ".", ret, &ignored);
}

/* "ssl" of "libssl.so.3": what is the same in all names says nothing about how near they are. */
static char *stem_of(const char *name)
{
    const char *so = strstr(name, ".so");

    if (slip_starts_with(name, "lib"))
        name += 3;
    return slip_xstrndup(name, so > name ? (size_t)(so - name) : strlen(name));
}

/* A library that the program's loader would find, by nearly that name. */
static char *name_like(const struct slip_process *p, const char *name)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT, stems = SLIP_STRV_INIT;
    slip_cleanup(slip_freep) char *stem = stem_of(name);

    for (size_t i = 0; i < p->loader->search.n; i++)
        (void)list(p->world->options->root, p->loader->search.v[i], &names);
    for (size_t i = 0; i < names.n; i++)
        slip_strv_add_take(&stems,
                           strstr(names.v[i], ".so") ? stem_of(names.v[i]) : slip_xstrdup(""));
    const char *near = slip_suggest(stem, (const char *const *)stems.v, stems.n);
    for (size_t i = 0; near; i++)
        if (stems.v[i] == near)
            return slip_xstrdup(names.v[i]);
    return NULL;
}

/* A pattern is right up to a directory: something near to its next part, or what is there. */
static int hint_pattern(int root, const char *pattern, struct slip_error *err)
{
    const char *end = pattern;
    struct stat st;

    for (const char *p = pattern + 1; *p; p += strcspn(p, "/"), p += *p == '/') {
        slip_cleanup(slip_freep) char *whole =
            slip_xstrndup(pattern, (size_t)(p - pattern) + strcspn(p, "/"));
        if (slip_lstat_in_root(root, whole, &st) < 0)
            break;
        end = p + strcspn(p, "/");
    }
    slip_cleanup(slip_freep) char *dir = slip_xstrndup(pattern, (size_t)(end - pattern));
    slip_cleanup(slip_freep) char *part =
        slip_xstrndup(end + (*end == '/'), strcspn(end + (*end == '/'), "/"));
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    if (!*dir || list(root, dir, &names) < 0)
        return slip_error_hint(err, "patterns are absolute paths inside the builder's root");
    const char *near = slip_suggest(part, (const char *const *)names.v, names.n);
    if (near)
        return slip_error_hint(err, "did you mean '%s/%s%s'?", dir, near,
                               end + (*end == '/') + strlen(part));
    slip_cleanup(slip_buf_release) struct slip_buf shown = SLIP_BUF_INIT;
    for (size_t i = 0; i < names.n && i < NAMES_SHOWN; i++)
        slip_buf_printf(&shown, "%s%s", i ? ", " : "", names.v[i]);
    return slip_error_hint(err, "in '%s/' there is %s%s", dir,
                           names.n ? slip_buf_str(&shown) : "nothing",
                           names.n > NAMES_SHOWN ? " and more" : "");
}

/* One word of the dlopen list, for whichever file of the process would find it. */
static int load_soname(struct slip_process *p, const char *name, struct slip_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < p->n && rc == 0; i++)
        rc = slip_process_load(p, i, name, "dlopen", err);
    if (rc < 0)
        return -1;
    if (rc > 0)
        return 0;
    slip_fail(err, SLIP_EINPUT, "'%s' of the dlopen list is nowhere in the builder", name);
    slip_cleanup(slip_freep) char *near = name_like(p, name);
    if (near)
        return slip_error_hint(err, "did you mean '%s'?", near);
    slip_cleanup(slip_freep) char *advice = slip_packages_advice(p->world->options->root, name);
    return advice ? slip_error_hint(err, "%s", advice) : -1;
}

/* An absolute pattern: libraries with their closures, and files that are none (lists of modules)
 * as they are. */
static int load_pattern(struct slip_process *p, const char *pattern, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv found = SLIP_STRV_INIT;
    struct slip_world *w = p->world;
    size_t taken = 0;

    slip_trail_glob(w->options->root, pattern, &found);
    for (size_t i = 0; i < found.n; i++) {
        slip_cleanup(slip_trail_release) struct slip_trail trail = SLIP_TRAIL_INIT;
        if (slip_trail_walk(w->options->root, found.v[i], &trail) != 1 || !S_ISREG(trail.mode))
            continue;
        taken++;
        if (slip_world_member(w, SLIP_IN_BUILDER, trail.real)->is_elf > 0) {
            int rc = slip_process_load(p, 0, found.v[i], "dlopen", err);
            if (rc < 0)
                return -1;
            if (rc > 0)
                continue;
        }
        slip_world_record(w, &trail, p->nodes[0].member->path, "dlopen", true, false);
    }
    if (taken)
        return 0;
    slip_fail(err, SLIP_EINPUT, "'%s' of the dlopen list matches no file in the builder", pattern);
    return hint_pattern(w->options->root, pattern, err);
}

int slip_asked_load(struct slip_process *p, struct slip_error *err)
{
    const char *const *list = p->world->options->dlopen;

    for (size_t i = 0; list && list[i]; i++)
        if ((list[i][0] == '/' ? load_pattern(p, list[i], err) : load_soname(p, list[i], err)) < 0)
            return -1;
    return slip_process_run(p, err);
}
