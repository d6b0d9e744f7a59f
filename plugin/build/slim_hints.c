/* slim_hints.c - what programs will want at run time and no header says: what the image has of it,
 * what the user knows, and what is left to be told.
 */
#include <fnmatch.h>
#include <sys/stat.h>

#include "build/slim.h"
#include "slim/hints.h"
#include "slim/trail.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

#define LINKS_LIMIT 40
#define DATABASE_LIMIT ((size_t)1 << 20)

/* Takes the first link out of a path: "bin/sh" with bin -> usr/bin becomes "usr/bin/sh". NULL when
 * the layers have no link on it. */
static char *without_link(const struct slip_slim_job *job, const char *path)
{
    for (const char *end = path; *end; end += *end == '/') {
        end += strcspn(end, "/");
        slip_cleanup(slip_freep) char *front = slip_xstrndup(path, (size_t)(end - path));
        const struct slip_entry *e = slip_slim_find(job, front, NULL);
        if (!e || !S_ISLNK(e->mode))
            continue;
        slip_cleanup(slip_freep) char *target = slip_slim_link_target(front, e->link);
        return slip_xasprintf("%s%s", target, end);
    }
    return NULL;
}

char *slip_slim_resolve(const struct slip_slim_job *job, const char *path)
{
    char *at = slip_xstrdup(path + strspn(path, "/"));

    for (unsigned i = 0; i < LINKS_LIMIT; i++) {
        char *next = without_link(job, at);
        if (!next)
            break;
        free(at);
        at = next;
    }
    return at;
}

static bool has_match(const struct slip_slim_job *job, const char *glob)
{
    for (size_t i = 0; i < SLIP_HOLDINGS; i++)
        for (size_t k = 0; k < job->layers[i].n; k++)
            if (fnmatch(glob + 1, job->layers[i].entries[k].path, FNM_PATHNAME) == 0)
                return true;
    slip_cleanup(slip_strv_release) struct slip_strv found = SLIP_STRV_INIT;
    if (job->base.mounted.root >= 0)
        slip_trail_glob(job->base.mounted.root, glob, &found);
    return found.n > 0;
}

static bool image_has(void *user, const char *pattern)
{
    const struct slip_slim_job *job = user;
    slip_cleanup(slip_trail_release) struct slip_trail trail = SLIP_TRAIL_INIT;

    if (strpbrk(pattern, "*?["))
        return has_match(job, pattern);
    slip_cleanup(slip_freep) char *path = slip_slim_resolve(job, pattern);
    return slip_slim_find(job, path, NULL) ||
           (job->base.mounted.root >= 0 &&
            slip_trail_walk(job->base.mounted.root, path, &trail) == 1);
}

/* "name:x:1000:..." as a line of it, by name or by number. */
static bool has_line(const char *text, const char *name)
{
    bool number = *name >= '0' && *name <= '9';
    size_t n = strlen(name);

    for (; text; text = strchr(text, '\n')) {
        text += *text == '\n';
        const char *at = text;
        for (unsigned field = 0; number && field < 2; field++) {
            at += strcspn(at, ":\n");
            at += *at == ':';
        }
        if (strncmp(at, name, n) == 0 && at[n] == ':')
            return true;
    }
    return false;
}

static bool image_has_user(void *user, const char *name)
{
    static const char *const databases[] = { "etc/passwd", "etc/group" };
    const struct slip_slim_job *job = user;

    for (size_t i = 0; i < SLIP_ARRAY_LEN(databases); i++) {
        slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
        const struct slip_entry *e = slip_slim_find(job, databases[i], NULL);
        if (e && e->content)
            slip_buf_put(&text, e->content, e->size);
        else if (e && e->source)
            (void)slip_trail_read(e->root, e->source, DATABASE_LIMIT, &text);
        else if (!e && job->base.mounted.root >= 0)
            (void)slip_trail_read(job->base.mounted.root, databases[i], DATABASE_LIMIT, &text);
        if (has_line(slip_buf_str(&text), name))
            return true;
    }
    return false;
}

/* By the hint's word, or by the path of the program. */
static bool is_acknowledged(const struct slip_slim_job *job, const struct slip_hint *hint)
{
    const char *const *known = job->copy->slim->acknowledge;

    for (; known && *known; known++)
        if (strcmp(*known, hint->need) == 0 || strcmp(*known, hint->path) == 0)
            return true;
    return false;
}

/* Files that were added unasked say which program wants them. */
static void tell_added(struct slip_slim_job *job, const struct slip_hint *hint)
{
    static const struct {
        const char *need, *path;
    } added[] = { { "nsswitch", "/etc/nsswitch.conf" },
                  { "passwd", "/etc/passwd" },
                  { "passwd", "/etc/group" },
                  { "users", "/etc/passwd" },
                  { "users", "/etc/group" },
                  { "tmp", "/tmp" } };
    size_t index;
    json_t *row;

    for (size_t i = 0; i < SLIP_ARRAY_LEN(added); i++) {
        if (strcmp(added[i].need, hint->need) != 0)
            continue;
        json_array_foreach (job->files, index, row) {
            const char *rule = slip_json_str(row, "rule");
            if (strcmp(slip_json_str(row, "path"), added[i].path) != 0 || !rule ||
                strcmp(rule, "runtime-file") != 0 || json_object_get(row, "for"))
                continue;
            slip_note(job->b->events, "added %s: %s %s", added[i].path, hint->path, hint->cause);
            json_object_set_new(row, "for", json_string(hint->path));
            json_object_set_new(row, "why", json_sprintf("%s %s", hint->path, hint->cause));
        }
    }
}

/* Keeps the hints that are left, in their order. */
static void settle(struct slip_slim_job *job)
{
    const char *user = slip_json_str(job->node->step->stage->config, "User");
    slip_cleanup(slip_freep) char *runs_as =
        user && *user ? slip_xstrndup(user, strcspn(user, ":")) : NULL;
    const struct slip_hint_image image = {
        .user = job,
        .has = image_has,
        .has_user = image_has_user,
        .runs_as = runs_as,
        .only_usual = job->only_usual_users,
    };
    struct slip_closure *c = &job->closure;
    size_t left = 0;

    for (size_t i = 0; i < c->nhints; i++) {
        struct slip_hint *hint = &c->hints[i];
        slip_hint_settle(hint, &image);
        if (hint->is_met)
            tell_added(job, hint);
        if (hint->is_met || is_acknowledged(job, hint))
            slip_hint_release(hint);
        else
            c->hints[left++] = *hint;
    }
    c->nhints = left;
}

static bool says_the_same(const struct slip_hint *a, const struct slip_hint *b)
{
    return strcmp(a->need, b->need) == 0 && a->is_script == b->is_script && a->names.n == 0 &&
           b->names.n == 0;
}

/* One line for each need; programs that share it stand in one. */
static void list(const struct slip_closure *c, struct slip_strv *ret)
{
    for (size_t i = 0; i < c->nhints; i++) {
        const struct slip_hint *hint = &c->hints[i];
        slip_cleanup(slip_buf_release) struct slip_buf others = SLIP_BUF_INIT;
        bool said = false;
        for (size_t k = 0; k < c->nhints; k++) {
            if (k == i || !says_the_same(hint, &c->hints[k]))
                continue;
            said |= k < i;
            slip_buf_printf(&others, "%s%s", others.len ? ", " : "", c->hints[k].path);
        }
        if (!said)
            slip_strv_addf(ret, "%s%s%s %s", hint->path, others.len ? ", also " : "",
                           slip_buf_str(&others), hint->text);
    }
}

static int refuse(const struct slip_slim_job *job, const struct slip_strv *lines,
                  struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv needs = SLIP_STRV_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf words = SLIP_BUF_INIT;

    for (size_t i = 0; i < lines->n; i++)
        slip_buf_printf(&text, "\n  %s", lines->v[i]);
    for (size_t i = 0; i < job->closure.nhints; i++)
        if (!slip_strv_has(&needs, job->closure.hints[i].need))
            slip_strv_add(&needs, job->closure.hints[i].need);
    for (size_t i = 0; i < needs.n; i++)
        slip_buf_printf(&words, " %s", needs.v[i]);
    slip_fail(err, SLIP_EPOLICY, "STRICT: the image has not all that its programs will want:%s",
              slip_buf_str(&text));
    err->at = job->copy->slim->strict_at;
    return slip_error_hint(err, "what they can go without is said with ACKNOWLEDGE%s",
                           slip_buf_str(&words));
}

int slip_slim_hints(struct slip_slim_job *job, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv lines = SLIP_STRV_INIT;

    settle(job);
    list(&job->closure, &lines);
    if (job->copy->slim->strict && lines.n)
        return refuse(job, &lines, err);
    for (size_t i = 0; i < lines.n; i++)
        slip_warn(job->b->events, "%s", lines.v[i]);
    return 0;
}

json_t *slip_slim_hints_json(const struct slip_slim_job *job)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < job->closure.nhints; i++) {
        const struct slip_hint *h = &job->closure.hints[i];
        json_array_append_new(
            rows, json_pack("{s:s, s:s, s:s}", "path", h->path, "need", h->need, "text", h->text));
    }
    return rows;
}
