#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "dockerfile/lowering.h"
#include "plan/remote.h"
#include "util/str.h"

static const char *const image_prefixes[] = { "oci:", "oci-archive:", "docker-archive:" };

static bool has_image_prefix(const char *name)
{
    for (size_t i = 0; i < SLIP_ARRAY_LEN(image_prefixes); i++)
        if (slip_starts_with(name, image_prefixes[i]))
            return true;
    return false;
}

struct lower_stage *slip_lower_find_stage(struct lowering *lo, const char *name, size_t index)
{
    slip_cleanup(slip_freep) char *key = slip_xstrdup(name);

    for (char *p = key; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    struct lower_stage *st = slip_map_get(&lo->names, key), *behind = NULL;
    for (; st && st->stage->index >= index; st = st->namesake)
        behind = st;
    return st ? st : behind;
}

static const char *nothing(void *user, const char *name)
{
    (void)user, (void)name;
    return NULL;
}

int slip_lower_from(struct lowering *lo, struct slip_word word, const char **ret)
{
    const struct slip_expander expander = { .escape = lo->ast->escape, .get = nothing };
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;

    if (slip_expand(&expander, word, &out, lo->err) < 0)
        return -1;
    *ret = slip_arena_strdup(lo->arena, word.text);
    if (strcmp(slip_buf_str(&out), word.text) == 0)
        return 0;
    slip_fail_at(lo->err, word.at, "variables cannot stand in the name of what to copy from");
    return slip_error_hint(lo->err, "name a stage for it: FROM %.64s AS source", word.text);
}

/* "docker.io/library/alpine:latest" and "alpine" are one. */
static char *familiar(const char *name)
{
    static const char *const fronts[] = { "index.docker.io/", "docker.io/", "library/" };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(fronts); i++)
        if (slip_starts_with(name, fronts[i]))
            name += strlen(fronts[i]);
    size_t n = strlen(name);
    return slip_xstrndup(name, slip_ends_with(name, ":latest") ? n - strlen(":latest") : n);
}

/* A named context with that name; WHERE, or NULL. */
static const char *context_where(const struct lowering *lo, const char *name)
{
    slip_cleanup(slip_freep) char *want = familiar(name);

    for (size_t i = 0; lo->options->contexts && i < lo->options->contexts->n; i++) {
        const char *entry = lo->options->contexts->v[i];
        size_t n = strcspn(entry, "=");
        slip_cleanup(slip_freep) char *key = slip_xstrndup(entry, n);
        slip_cleanup(slip_freep) char *have = familiar(key);
        if (entry[n] && strcasecmp(have, want) == 0)
            return entry + n + 1;
    }
    return NULL;
}

/* The forms a base may have that are told by their first letters. */
static bool prefixed(struct lowering *lo, const char *name, struct slip_input *ret)
{
    const char *layout = "oci-layout://", *image = "docker-image://", *rootfs = "rootfs:";

    ret->origin = SLIP_FROM_IMAGE;
    ret->name = name;
    if (has_image_prefix(name))
        return true;
    if (slip_starts_with(name, image)) {
        ret->name = slip_arena_strdup(lo->arena, name + strlen(image));
        return true;
    }
    if (slip_starts_with(name, layout)) {
        ret->name = slip_arena_printf(lo->arena, "oci:%s", name + strlen(layout));
        return true;
    }
    if (slip_starts_with(name, rootfs)) {
        ret->origin = SLIP_FROM_ROOTFS;
        ret->name = slip_arena_strdup(lo->arena, name + strlen(rootfs));
        return true;
    }
    return false;
}

/* A named context in a git repository, or at a URL, whose file is called `context` then, as in
 * BuildKit. Whoever took it from the user has seen that it is well formed. */
static bool fetched(struct lowering *lo, const char *where, struct slip_input *ret)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    struct slip_remote *remote = slip_arena_alloc(lo->arena, sizeof *remote);

    if (slip_remote_parse_context(lo->arena, where, remote, &ignored) < 0 ||
        remote->kind == SLIP_REMOTE_NONE)
        return false;
    remote->name = remote->kind == SLIP_REMOTE_URL ? "context" : remote->name;
    ret->origin = remote->kind == SLIP_REMOTE_URL ? SLIP_FROM_URL : SLIP_FROM_GIT;
    ret->name = remote->shown;
    ret->remote = remote;
    return true;
}

static bool named_context(struct lowering *lo, const char *name, bool is_base,
                          struct slip_input *ret)
{
    const char *where = context_where(lo, name);

    if (!where)
        return false;
    if (prefixed(lo, slip_arena_strdup(lo->arena, where), ret) || fetched(lo, where, ret))
        return true;
    /* A plain directory or archive: a base takes it as a root file system. */
    ret->origin = is_base ? SLIP_FROM_ROOTFS : SLIP_FROM_CONTEXT;
    ret->name = slip_arena_strdup(lo->arena, is_base ? where : name);
    return true;
}

static bool is_component(const char *p, size_t n, bool is_domain)
{
    for (size_t i = 0; i < n; i++) {
        bool ok = islower((unsigned char)p[i]) || isdigit((unsigned char)p[i]) ||
                  (strchr("._-", p[i]) && (is_domain || (i > 0 && i + 1 < n))) ||
                  (is_domain && (isupper((unsigned char)p[i]) || strchr(":[]", p[i])));
        if (!ok)
            return false;
    }
    return n > 0;
}

/* algorithm:hex */
static bool is_digest(const char *text)
{
    const char *colon = strchr(text, ':');
    size_t n = colon ? strspn(colon + 1, "0123456789abcdef") : 0;

    return n >= 32 && !colon[1 + n] && (strncmp(text, "sha256:", 7) != 0 || n == 64);
}

/* A rough check; image/ has the exact rules, but a name that cannot be one is better told here,
 * where the place is known. */
static bool could_be_image(const char *name)
{
    const char *end = name + strcspn(name, "@"), *slash = NULL;

    for (const char *p = name; p < end; p++)
        if (*p == '/')
            slash = p;
    const char *colon = memchr(slash ? slash : name, ':', (size_t)(end - (slash ? slash : name)));
    if ((colon && colon + 1 == end) || (*end && !is_digest(end + 1)))
        return false;
    for (const char *p = colon ? colon + 1 : end; p < end; p++)
        if (!isalnum((unsigned char)*p) && !strchr("._-", *p))
            return false;
    const char *stop = colon ? colon : end;
    for (const char *p = name;; p++) {
        size_t n = strcspn(p, "/");
        if (p + n > stop)
            n = (size_t)(stop - p);
        bool domain = p == name && p[n] == '/' && strpbrk(p, ".:") && strpbrk(p, ".:") < p + n;
        if (!is_component(p, n, domain))
            return false;
        p += n;
        if (p >= stop)
            return true;
    }
}

bool slip_lower_could_be_base(const char *name)
{
    return slip_starts_with(name, "rootfs:") || slip_starts_with(name, "docker-image://") ||
           slip_starts_with(name, "oci-layout://") || has_image_prefix(name) ||
           could_be_image(name);
}

int slip_lower_suggest_stage(struct lowering *lo, const char *name, size_t nstages)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    for (size_t i = 0; i < nstages; i++)
        slip_strv_add(&names, lo->stages[i].stage->name);
    const char *near = slip_suggest(name, (const char *const *)names.v, names.n);
    if (near)
        return slip_error_hint(lo->err, "did you mean '%s'?", near);
    if (!names.n)
        return slip_error_hint(lo->err, "there is no stage before this one");
    slip_cleanup(slip_buf_release) struct slip_buf list = SLIP_BUF_INIT;
    for (size_t i = 0; i < names.n && i < 12; i++)
        slip_buf_printf(&list, "%s%s", i ? ", " : "", names.v[i]);
    return slip_error_hint(lo->err, "the stages are %s%s", slip_buf_str(&list),
                           names.n > 12 ? ", ..." : "");
}

static int as_image(struct lowering *lo, const char *name, unsigned index, struct slip_span at,
                    struct slip_input *ret)
{
    if (!could_be_image(name)) {
        slip_fail_at(lo->err, at, "'%.128s' is neither a stage nor the name of an image", name);
        return slip_lower_suggest_stage(lo, name, index);
    }
    ret->origin = SLIP_FROM_IMAGE;
    ret->name = slip_arena_strdup(lo->arena, name);
    return 0;
}

static void use_stage(const struct lower_stage *st, struct slip_input *ret)
{
    ret->origin = SLIP_FROM_STAGE;
    ret->name = st->stage->name;
    ret->stage = st->stage;
}

int slip_lower_base(struct lowering *lo, const char *name, unsigned index, struct slip_span at,
                    struct slip_input *ret)
{
    struct lower_stage *st = slip_lower_find_stage(lo, name, index);

    *ret = (struct slip_input){ .origin = SLIP_FROM_SCRATCH, .name = "", .at = at };
    if (strcmp(name, "scratch") != 0 && named_context(lo, name, true, ret))
        return 0;
    /* FROM goes by the letters: names of stages are in lower case, as names of images are. */
    if (st && st->stage->index < index && strcmp(st->stage->name, name) == 0) {
        use_stage(st, ret);
        return 0;
    }
    if (strcmp(name, "scratch") == 0)
        return 0;
    if (strcmp(name, "host") == 0) {
        ret->origin = SLIP_FROM_HOST;
        return 0;
    }
    if (prefixed(lo, slip_arena_strdup(lo->arena, name), ret))
        return 0;
    return as_image(lo, name, index, at, ret);
}

static int by_number(struct lowering *lo, const char *name, unsigned index, struct slip_span at,
                     struct slip_input *ret)
{
    uint64_t number;

    if (slip_parse_uint(name, UINT32_MAX, &number) < 0 || number >= lo->nstages)
        return slip_fail_at(lo->err, at, "there is no stage number %.32s", name);
    if (number >= index) {
        slip_fail_at(lo->err, at, "stage %s stands behind this one, or is it", name);
        return slip_error_hint(lo->err, "a stage can only use stages before it");
    }
    use_stage(&lo->stages[number], ret);
    return 0;
}

/* An image may be called anything; say so when it looks like a stage with a typing error. */
static void warn_near_stage(struct lowering *lo, const char *name, unsigned index,
                            struct slip_span at)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    if (strpbrk(name, "/:.@"))
        return;
    for (unsigned i = 0; i < index && !lo->quiet; i++)
        slip_strv_add(&names, lo->stages[i].stage->name);
    const char *near = slip_lower_suggest(lo, name, &names);
    if (near)
        slip_lint_warn(lo, "UnknownStage", at,
                       "'%s' is not a stage, so it is taken as an image; did you mean '%s'?", name,
                       near);
}

int slip_lower_input(struct lowering *lo, const char *name, unsigned index, struct slip_span at,
                     struct slip_input *ret)
{
    *ret = (struct slip_input){ .origin = SLIP_FROM_CONTEXT, .name = "", .at = at };
    if (!*name)
        return slip_fail_at(lo->err, at, "the name of a stage or an image is empty here");
    struct lower_stage *st = slip_lower_find_stage(lo, name, lo->nstages);
    if (strcmp(name, "context") == 0 && !st)
        return 0;
    if (name[strspn(name, "0123456789")] == '\0')
        return by_number(lo, name, index, at, ret);
    if (named_context(lo, name, false, ret))
        return 0;
    if (st && st->stage->index >= index) {
        slip_fail_at(lo->err, at,
                     st->stage->index == index ? "stage '%s' cannot copy from itself"
                                               : "stage '%s' stands behind this one",
                     name);
        return slip_error_hint(lo->err, "a stage can only use stages before it");
    }
    if (st) {
        use_stage(st, ret);
        return 0;
    }
    if (slip_lower_base(lo, name, index, at, ret) < 0)
        return -1;
    if (ret->origin == SLIP_FROM_IMAGE)
        warn_near_stage(lo, name, index, at);
    return 0;
}
