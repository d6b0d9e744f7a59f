#include "build/budget.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "build/builder.h"
#include "build/explain.h"
#include "plan/ignore.h"
#include "store/record.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

#define SHOWN 5 /* of the largest files */

bool slip_budget_is_empty(const struct slip_budget *budget)
{
    return !budget->size && !budget->files && !budget->layers && !budget->forbid.n;
}

void slip_budget_release(struct slip_budget *budget)
{
    slip_strv_release(&budget->forbid);
    free(budget->forbid_at);
}

/* ": why it is there", as far as the image's makers noted it. */
static void put_reason(struct slip_buf *out, const struct slip_contents *contents,
                       const struct slip_listed *file, const json_t *report)
{
    const char *maker = slip_contents_maker(contents, file->layer);
    const json_t *files = json_object_get(report, "files");
    size_t i;
    json_t *row;

    json_array_foreach (files, i, row) {
        const char *path = slip_json_str(row, "path"), *why = slip_json_str(row, "why");
        if (path && why && strcmp(path + strspn(path, "/"), file->path) == 0) {
            const char *package = slip_json_str(row, "package");
            const char *rule = slip_json_str(row, "rule");
            slip_buf_printf(out, "%s%s%s%s%s", why, package ? ", package " : "",
                            package ? package : "", rule ? ", rule " : "", rule ? rule : "");
            return;
        }
    }
    slip_buf_printf(out, "layer %u", file->layer + 1);
    if (*maker)
        slip_buf_printf(out, ", %.60s%s", maker, strlen(maker) > 60 ? "..." : "");
}

static void put_largest(struct slip_buf *out, const struct slip_contents *c, const json_t *report)
{
    slip_cleanup(slip_freep) const struct slip_listed **files =
        slip_xcalloc(c->seen.n ? c->seen.n : 1, sizeof *files);
    char size[16];

    memcpy(files, c->seen.files, c->seen.n * sizeof *files);
    qsort(files, c->seen.n, sizeof *files, slip_listed_by_size);
    for (size_t i = 0; i < SHOWN && i < c->seen.n && files[i]->size; i++) {
        slip_buf_printf(out, "\n  %8s  /%s: ", slip_format_size(files[i]->size, size),
                        files[i]->path);
        put_reason(out, c, files[i], report);
    }
    if (c->seen.hidden_bytes)
        slip_buf_printf(out, "\n  %8s  in files that upper layers remove or overwrite",
                        slip_format_size(c->seen.hidden_bytes, size));
}

/* Sizes that look alike are told in bytes. */
static int too_large(const struct slip_contents *c, uint64_t limit, const json_t *report,
                     struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    char is[16], may[16], over[16];

    put_largest(&text, c, report);
    slip_fail(err, SLIP_EPOLICY,
              "the image has %s (%" PRIu64 " bytes) of files, and its budget is %s (%" PRIu64
              "): %s too much",
              slip_format_size(c->bytes, is), c->bytes, slip_format_size(limit, may), limit,
              slip_format_size(c->bytes - limit, over));
    return slip_error_hint(err,
                           "the largest are%s\n'slipway explain' says why each file is there; "
                           "leave out what is not needed, or raise size in [budget] (SIZE_BUDGET)",
                           slip_buf_str(&text));
}

static size_t files_of(const struct slip_listing *layer)
{
    size_t n = 0;

    for (size_t i = 0; i < layer->n; i++)
        n += !layer->v[i].whiteout && !S_ISDIR(layer->v[i].mode);
    return n;
}

static int too_many_files(const struct slip_contents *c, size_t files, uint64_t limit,
                          struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    for (size_t i = 0; i < c->image.nlayers; i++)
        slip_buf_printf(&text, "%s %zu", i ? "," : "", files_of(&c->layers[i]));
    slip_fail(err, SLIP_EPOLICY,
              "the image has %zu files, and its budget is %" PRIu64 "; its layers add%s", files,
              limit, slip_buf_str(&text));
    return slip_error_hint(err, "leave out what is not needed, or raise files in [budget]");
}

/* Directories of the root that are links to others: /usr/bin/sh may be called /bin/sh there. */
static void list_links(const struct slip_contents *c, struct slip_strv *ret)
{
    for (size_t i = 0; i < c->seen.n; i++) {
        const struct slip_listed *e = c->seen.files[i];
        if (!S_ISLNK(e->mode) || !e->link || strchr(e->path, '/'))
            continue;
        slip_strv_add(ret, e->path);
        slip_strv_add_take(ret, slip_path_clean(e->link + strspn(e->link, "/")));
    }
}

/* Does a pattern mean this file, under one of its names? */
static bool pattern_means(const struct slip_ignore *ignore, const struct slip_listed *e,
                          const struct slip_strv *links)
{
    if (slip_ignore_match(ignore, e->path, S_ISDIR(e->mode)))
        return true;
    for (size_t i = 0; i + 1 < links->n; i += 2) {
        size_t n = strlen(links->v[i + 1]);
        if (strncmp(e->path, links->v[i + 1], n) != 0 || e->path[n] != '/')
            continue;
        slip_cleanup(slip_freep) char *name = slip_xasprintf("%s%s", links->v[i], e->path + n);
        if (slip_ignore_match(ignore, name, S_ISDIR(e->mode)))
            return true;
    }
    return false;
}

static bool is_shell(const struct slip_listed *e)
{
    static const char *const shells[] = { "ash",  "bash",   "busybox", "csh",   "dash",
                                          "fish", "ksh",    "mksh",    "rbash", "sh",
                                          "tcsh", "toybox", "yash",    "zsh" };
    const char *base = strrchr(e->path, '/');

    if (!base || base == e->path || S_ISDIR(e->mode))
        return false;
    const char *dir = base;
    while (dir > e->path && dir[-1] != '/')
        dir--;
    if (strncmp(dir, "bin/", 4) != 0 && strncmp(dir, "sbin/", 5) != 0)
        return false;
    for (size_t i = 0; i < SLIP_ARRAY_LEN(shells); i++)
        if (strcmp(base + 1, shells[i]) == 0)
            return true;
    return false;
}

static bool gives_all(const struct slip_listed *e)
{
    return (e->mode & 0002) && (S_ISREG(e->mode) || (S_ISDIR(e->mode) && !(e->mode & S_ISVTX)));
}

/* 1: the word is known, and means this file. 0: it does not. -1: it is no word. */
static int word_means(const char *word, const struct slip_listed *e)
{
    if (strcmp(word, "setuid") == 0)
        return S_ISREG(e->mode) && (e->mode & S_ISUID) != 0;
    if (strcmp(word, "setgid") == 0)
        return S_ISREG(e->mode) && (e->mode & S_ISGID) != 0;
    if (strcmp(word, "world-writable") == 0)
        return gives_all(e);
    if (strcmp(word, "capabilities") == 0)
        return e->caps;
    if (strcmp(word, "shell") == 0)
        return is_shell(e);
    return -1;
}

static int forbidden(const struct slip_contents *c, const struct slip_listed *e, const char *rule,
                     const json_t *report, struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf why = SLIP_BUF_INIT;

    put_reason(&why, c, e, report);
    slip_fail(err, SLIP_EPOLICY, "the budget forbids '%s', and /%s is in the image (%s)", rule,
              e->path, slip_buf_str(&why));
    return slip_error_hint(err, "leave it out, or take '%s' from forbid in [budget]", rule);
}

/* A pattern without '/' is one of names. */
static int compile(const char *rule, struct slip_ignore **ret, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *pattern =
        strchr(rule, '/') ? slip_xstrdup(rule + strspn(rule, "/")) : slip_xasprintf("**/%s", rule);
    const char *const lines[] = { pattern, NULL };

    return slip_ignore_compile(lines, ret, err);
}

static int check_rule(const struct slip_contents *c, const char *rule, const json_t *report,
                      struct slip_error *err)
{
    struct slip_ignore *ignore = NULL;
    const struct slip_listed *found = NULL;
    static const struct slip_listed nothing = { .path = (char *)(uintptr_t) "" };
    slip_cleanup(slip_strv_release) struct slip_strv links = SLIP_STRV_INIT;
    bool is_word = word_means(rule, &nothing) >= 0;

    if (!is_word && compile(rule, &ignore, err) < 0)
        return -1;
    list_links(c, &links);
    for (size_t i = 0; !found && i < c->seen.n; i++) {
        const struct slip_listed *e = c->seen.files[i];
        bool means = is_word ? word_means(rule, e) > 0 : pattern_means(ignore, e, &links);
        found = means ? e : NULL;
    }
    if (!is_word)
        slip_ignore_free(ignore);
    return found ? forbidden(c, found, rule, report, err) : 0;
}

static int broken(struct slip_span at, struct slip_error *err)
{
    err->at = at;
    return -1;
}

int slip_budget_judge(const struct slip_contents *c, const struct slip_budget *budget,
                      const json_t *report, struct slip_error *err)
{
    size_t files = 0;

    for (size_t i = 0; i < c->seen.n; i++)
        files += !S_ISDIR(c->seen.files[i]->mode);
    if (budget->size && c->bytes > budget->size) {
        (void)too_large(c, budget->size, report, err);
        return broken(budget->size_at, err);
    }
    if (budget->files && files > budget->files) {
        (void)too_many_files(c, files, budget->files, err);
        return broken(budget->files_at, err);
    }
    if (budget->layers && c->image.nlayers > budget->layers) {
        slip_fail(err, SLIP_EPOLICY, "the image has %zu layers, and its budget is %" PRIu64,
                  c->image.nlayers, budget->layers);
        slip_error_hint(err, "'slipway inspect' says what each is for");
        return broken(budget->layers_at, err);
    }
    for (size_t i = 0; i < budget->forbid.n; i++)
        if (check_rule(c, budget->forbid.v[i], report, err) < 0)
            return broken(budget->forbid_at ? budget->forbid_at[i] : (struct slip_span){ 0 }, err);
    return 0;
}

static void budget_key(const struct slip_digest *manifest, const struct slip_budget *budget,
                       char ret[65])
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;

    slip_sha256_field(&sha, "slipway budget 1");
    slip_sha256_field(&sha, manifest->hex);
    slip_sha256_number(&sha, budget->size);
    slip_sha256_number(&sha, budget->files);
    slip_sha256_number(&sha, budget->layers);
    for (size_t i = 0; i < budget->forbid.n; i++)
        slip_sha256_field(&sha, budget->forbid.v[i]);
    slip_key_finish(&sha, ret);
}

int slip_budget_check(struct slip_sources *sources, const char *name,
                      const struct slip_digest *manifest, const struct slip_budget *budget,
                      struct slip_error *err)
{
    slip_cleanup(slip_contents_release) struct slip_contents contents = SLIP_CONTENTS_INIT;
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    char key[65];

    if (slip_budget_is_empty(budget))
        return 0;
    budget_key(manifest, budget, key);
    slip_cleanup(slip_json_decrefp) json_t *kept = slip_record_get(sources->store, key);
    if (kept)
        return 0;
    if (slip_contents_read(sources, name, manifest, &contents, err) < 0)
        return -1;
    slip_cleanup(slip_json_decrefp) json_t *report =
        slip_explain(sources->store, manifest, &ignored);
    if (slip_budget_judge(&contents, budget, report, err) < 0)
        return -1;
    slip_cleanup(slip_json_decrefp) json_t *met = json_object();
    return slip_record_put(sources->store, key, met, err);
}
