#include "build/pick.h"

#include <errno.h>
#include <fcntl.h>

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

/* Matches one component after the other; `prefix` is what is settled already. */
static int expand(int root, const struct slip_scan *scan, const char *prefix, const char *rest,
                  struct slip_strv *ret, struct slip_error *err)
{
    size_t n = strcspn(rest, "/");
    const char *next = rest[n] ? rest + n + 1 : "";
    slip_cleanup(slip_freep) char *part = slip_xstrndup(rest, n);
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    if (n == 0) {
        if (held(root, scan, prefix))
            slip_strv_add(ret, prefix);
        return 0;
    }
    if (!has_wildcard(part)) {
        slip_cleanup(slip_freep) char *path =
            slip_xasprintf("%s%s%s", prefix, *prefix ? "/" : "", part);
        return expand(root, scan, path, next, ret, err);
    }
    slip_cleanup(slip_closep) int dir = slip_open_in_root(root, prefix, O_RDONLY | O_DIRECTORY, 0);
    if (dir < 0)
        return 0; /* nothing there to match */
    if (slip_list_dir(dir, ".", &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        int match = slip_match(part, names.v[i]);
        if (match < 0)
            return slip_fail(err, SLIP_EINPUT, "'%s' is not a pattern", part);
        slip_cleanup(slip_freep) char *path =
            slip_xasprintf("%s%s%s", prefix, *prefix ? "/" : "", names.v[i]);
        if (match && expand(root, scan, path, next, ret, err) < 0)
            return -1;
    }
    return 0;
}

int slip_pick(int root, const struct slip_scan *scan, const char *pattern, struct slip_strv *ret,
              struct slip_error *err)
{
    slip_cleanup(slip_freep) char *clean = relative(pattern);

    if (has_wildcard(clean))
        return expand(root, scan, "", clean, ret, err);
    if (held(root, scan, clean)) {
        slip_strv_add(ret, clean);
        return 0;
    }
    slip_fail(err, SLIP_EINPUT, "'%s' is not in the %s", pattern, scan ? "build context" : "stage");
    struct stat st;
    if (scan && slip_lstat_in_root(root, clean, &st) == 0)
        return slip_error_hint(err, "the file is there, but the ignore file leaves it out");
    slip_cleanup(slip_strv_release) struct slip_strv near = SLIP_STRV_INIT;
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
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

int slip_pick_key(struct slip_builder *b, const struct slip_copy *copy, struct slip_makings *m,
                  struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv paths = SLIP_STRV_INIT;
    const struct slip_scan *scan = slip_builder_scan(b, &copy->input, err);

    if (!scan)
        return -1;
    for (const char *const *p = copy->sources; p && *p; p++)
        if (slip_pick(scan->fd, scan, *p, &paths, err) < 0) {
            if (copy->optional) {
                slip_error_release(err);
                continue;
            }
            return -1;
        }
    for (size_t i = 0; i < paths.n; i++) {
        const struct slip_scanned *e = slip_scan_find(scan, paths.v[i]);
        slip_sha256_field(&m->sha, paths.v[i]);
        /* Behind a link, what is copied stands elsewhere: the whole context answers for it. */
        slip_scan_made_of(scan, e && !S_ISLNK(e->mode) ? paths.v[i] : "", true, m);
    }
    slip_key_rules(b, &copy->input, scan, m);
    return 0;
}
