#include "build/pick.h"

#include <errno.h>
#include <fcntl.h>

#include "plan/ignore.h"
#include "plan/match.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/root.h"
#include "util/str.h"

static bool has_wildcard(const char *s)
{
    return s[strcspn(s, "*?[\\")] != '\0';
}

/* Clean and relative: ".." never leaves the root, as the Dockerfile reference has it. */
static char *relative(const char *pattern)
{
    slip_cleanup(slip_freep) char *rooted = slip_xasprintf("/%s", pattern);
    slip_cleanup(slip_freep) char *clean = slip_path_clean(rooted);

    return slip_xstrdup(clean + 1);
}

static bool held(int root, const struct slip_scan *scan, const char *path)
{
    struct stat st;

    if (!scan || !*path || slip_scan_holds(scan, path))
        return slip_lstat_in_root(root, path, &st) == 0;
    /* A path through a symbolic link is not in the scan under that name, but where it leads. */
    slip_cleanup(slip_freep) char *real = slip_follow_in_root(root, path);
    return real && slip_lstat_in_root(root, real, &st) == 0 && slip_scan_holds(scan, real + 1);
}

/* One source while it is looked for. */
struct search {
    int root;
    const struct slip_scan *scan;
    struct slip_picks *picks;
    struct slip_error *err;
    size_t kept;    /* length of the base of --parents, with its '/' */
    size_t settled; /* length of what stands before the first wildcard: links in it are followed */
    bool by_wildcard;
    struct slip_ignore *below; /* a rest with "**", matched against what follows the base */
};

static int pick(struct search *search, const char *path)
{
    struct slip_picks *picks = search->picks;

    if (!held(search->root, search->scan, path))
        return 0;
    picks->v = slip_xgrow(picks->v, picks->n, &picks->cap, sizeof *picks->v);
    picks->v[picks->n++] = (struct slip_picked){
        .path = slip_xstrdup(path),
        .kept = search->kept,
        .by_wildcard = search->by_wildcard,
    };
    return 0;
}

static char *joined(const char *dir, const char *name)
{
    return slip_xasprintf("%s%s%s", dir, *dir ? "/" : "", name);
}

/* Everything below `dir` that the pattern with "**" names; what lies in a directory that it names
 * comes with that. */
static int walk(struct search *search, const char *dir)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_closep) int fd =
        slip_open_in_root(search->root, dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

    if (fd < 0)
        return 0; /* a file, or a link: nothing lies below it */
    if (slip_list_dir(fd, ".", &names, search->err) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        slip_cleanup(slip_freep) char *path = joined(dir, names.v[i]);
        if ((slip_ignore_match(search->below, path + search->kept, false) ? pick : walk)(search,
                                                                                         path) < 0)
            return -1;
    }
    return 0;
}

static bool is_link(int root, const char *path)
{
    struct stat st;

    return slip_lstat_in_root(root, path, &st) == 0 && S_ISLNK(st.st_mode);
}

/* Matches one component after the other; `prefix` is what is found already. Nothing is found behind
 * a link that a wildcard stands for, as the walk of BuildKit does not go there. */
static int expand(struct search *search, const char *prefix, const char *rest)
{
    size_t n = strcspn(rest, "/");
    const char *next = rest[n] ? rest + n + 1 : "";
    slip_cleanup(slip_freep) char *part = slip_xstrndup(rest, n);
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    if (n == 0)
        return pick(search, prefix);
    if (strlen(prefix) > search->settled && is_link(search->root, prefix))
        return 0;
    if (search->below && strstr(part, "**"))
        return walk(search, prefix);
    if (!has_wildcard(part)) {
        slip_cleanup(slip_freep) char *path = joined(prefix, part);
        return expand(search, path, next);
    }
    slip_cleanup(slip_closep) int dir =
        slip_open_in_root(search->root, prefix, O_RDONLY | O_DIRECTORY, 0);
    if (dir < 0)
        return 0; /* nothing there to match */
    if (slip_list_dir(dir, ".", &names, search->err) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        int match = slip_match(part, names.v[i]);
        if (match < 0)
            return slip_fail(search->err, SLIP_EINPUT, "'%s' is not a pattern", part);
        slip_cleanup(slip_freep) char *path = joined(prefix, names.v[i]);
        if (match && expand(search, path, next) < 0)
            return -1;
    }
    return 0;
}

static int not_there(int root, const struct slip_scan *scan, const char *source, const char *clean,
                     struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv near = SLIP_STRV_INIT;
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    struct stat st;

    slip_fail(err, SLIP_EINPUT, "'%s' is not in the %s", source, scan ? "build context" : "stage");
    if (scan && slip_lstat_in_root(root, clean, &st) == 0)
        return slip_error_hint(err, "the file is there, but the ignore file leaves it out");
    const char *base = slip_path_base(clean);
    slip_cleanup(slip_freep) char *parent = slip_xstrndup(clean, (size_t)(base - clean));
    slip_cleanup(slip_closep) int dir = slip_open_in_root(root, parent, O_RDONLY | O_DIRECTORY, 0);
    if (dir >= 0 && slip_list_dir(dir, ".", &near, &ignored) == 0) {
        const char *name = slip_suggest(base, (const char *const *)near.v, near.n);
        if (name)
            slip_error_hint(err, "did you mean '%s%s'?", parent, name);
    }
    if (dir < 0 && *parent)
        slip_error_hint(err, "there is no directory '%s'", parent);
    return -1;
}

/* A source, or what follows a base of --parents; without wildcards it must be there. */
static int pick_source(struct search *search, const char *base, const char *rest,
                       const char *source)
{
    slip_cleanup(slip_freep) char *path = joined(base, rest);
    size_t before = search->picks->n;

    search->by_wildcard = has_wildcard(rest);
    if (!search->by_wildcard) {
        pick(search, path);
        return search->picks->n > before
                   ? 0
                   : not_there(search->root, search->scan, source, path, search->err);
    }
    size_t plain = strcspn(path, "*?[\\");
    while (plain && path[plain - 1] != '/')
        plain--;
    search->settled = plain > strlen(base) ? plain - 1 : strlen(base);
    return expand(search, base, rest);
}

static int pick_parents(struct search *search, const char *pivot, const char *source)
{
    slip_cleanup(slip_picks_release) struct slip_picks bases = SLIP_PICKS_INIT;
    slip_cleanup(slip_freep) char *above =
        slip_xstrndup(source, pivot ? (size_t)(pivot - source) : 0);
    const char *rest = pivot ? pivot + 3 : source;
    const char *const rule[] = { rest, NULL };
    struct search at = {
        .root = search->root, .scan = search->scan, .picks = &bases, .err = search->err
    };
    int rc = pick_source(&at, "", above, source);

    if (rc == 0 && strstr(rest, "**"))
        rc = slip_ignore_compile(rule, &search->below, search->err);
    for (size_t i = 0; rc == 0 && i < bases.n; i++) {
        search->kept = strlen(bases.v[i].path) + (*bases.v[i].path != '\0');
        rc = pick_source(search, bases.v[i].path, rest, source);
    }
    slip_ignore_free(search->below);
    return rc;
}

int slip_pick(int root, const struct slip_scan *scan, const struct slip_copy *copy,
              struct slip_picks *ret, struct slip_error *err)
{
    for (const char *const *p = copy->sources; p && *p; p++) {
        struct search search = { .root = root, .scan = scan, .picks = ret, .err = err };
        slip_cleanup(slip_freep) char *clean = relative(*p);
        int rc = copy->parents ? pick_parents(&search, strstr(*p, "/./"), *p)
                               : pick_source(&search, "", clean, *p);
        if (rc < 0 && !copy->optional)
            return -1;
        if (rc < 0)
            slip_error_release(err);
    }
    return 0;
}

void slip_picks_release(struct slip_picks *picks)
{
    for (size_t i = 0; i < picks->n; i++)
        free(picks->v[i].path);
    free(picks->v);
    *picks = SLIP_PICKS_INIT;
}

/* The modes of the directories that --parents brings along. */
static void key_parents(const struct slip_scan *scan, const struct slip_picked *picked,
                        struct slip_makings *m)
{
    slip_cleanup(slip_freep) char *path = slip_xstrdup(picked->path);

    for (char *slash = path + picked->kept; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        const struct slip_scanned *e = slip_scan_find(scan, path);
        slip_sha256_number(&m->sha, e ? e->mode : 0);
        *slash = '/';
    }
}

int slip_pick_key(struct slip_builder *b, const struct slip_copy *copy, struct slip_makings *m,
                  struct slip_error *err)
{
    slip_cleanup(slip_picks_release) struct slip_picks picks = SLIP_PICKS_INIT;
    const struct slip_scan *scan = slip_builder_scan(b, &copy->input, err);

    if (!scan || slip_pick(scan->fd, scan, copy, &picks, err) < 0)
        return -1;
    for (size_t i = 0; i < picks.n; i++) {
        const struct slip_scanned *e = slip_scan_find(scan, picks.v[i].path);
        /* Behind a link, what is copied stands elsewhere: the whole context answers for it. */
        slip_sha256_field(&m->sha, picks.v[i].path);
        slip_scan_made_of(scan, e && !S_ISLNK(e->mode) ? picks.v[i].path : "", true, m);
        if (copy->parents)
            key_parents(scan, &picks.v[i], m);
    }
    slip_key_rules(b, &copy->input, scan, m);
    return 0;
}
