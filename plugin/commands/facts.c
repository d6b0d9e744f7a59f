#include "commands/facts.h"

#include <fcntl.h>
#include <time.h>

#include "commands/git.h"
#include "util/fs.h"
#include "util/json.h"
#include "util/str.h"

#define PREFIX "org.opencontainers.image."

/* In the order of the specification. */
static const char *const names[] = {
    "created",  "url",   "source",      "version",     "revision",
    "licenses", "title", "description", "base.digest", "base.name"
};
/* Those that --describe takes. */
static const char *const sayable[] = { "title",  "description", "version", "url",
                                       "source", "revision",    "licenses" };

static char *name_of(const char *pair)
{
    const char *key = slip_starts_with(pair, PREFIX) ? pair + strlen(PREFIX) : pair;

    return slip_xstrndup(key, strcspn(key, "="));
}

int slip_facts_check(const struct slip_strv *given, struct slip_error *err)
{
    for (size_t i = 0; i < given->n; i++) {
        slip_cleanup(slip_freep) char *name = name_of(given->v[i]);
        bool known = false;
        for (size_t k = 0; k < SLIP_ARRAY_LEN(sayable); k++)
            known = known || strcmp(name, sayable[k]) == 0;
        if (known && strchr(given->v[i], '='))
            continue;
        slip_fail(err, SLIP_EUSAGE, "--describe takes KEY=VALUE, not '%s'", given->v[i]);
        const char *near = known ? NULL : slip_suggest(name, sayable, SLIP_ARRAY_LEN(sayable));
        return near ? slip_error_hint(err, "did you mean '%s'?", near)
                    : slip_error_hint(err, "keys are title, description, version, url, source, "
                                           "revision and licenses; for others there is "
                                           "--annotation");
    }
    return 0;
}

/* REUSE: one file for each licence, "MIT.txt". An exception belongs to one of the licences, and
 * which is not told here. */
static void find_licenses(struct slip_front *front, struct slip_strv *facts)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv files = SLIP_STRV_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    const char *context = front->place.fetched ? NULL : front->contexts[0].path;
    slip_cleanup(slip_freep) char *path = context ? slip_path_join(context, "LICENSES") : NULL;
    slip_cleanup(slip_freep) char *dir = path ? slip_path_absolute(path) : NULL;

    if (!dir || access(dir, F_OK) < 0)
        return;
    slip_strv_add(&front->inputs, dir);
    if (slip_list_dir(AT_FDCWD, dir, &files, &ignored) < 0)
        return;
    for (size_t i = 0; i < files.n; i++) {
        size_t n = strlen(files.v[i]);
        if (!slip_ends_with(files.v[i], ".txt"))
            continue;
        if (strstr(files.v[i], "-exception"))
            return;
        slip_buf_printf(&text, "%s%.*s", text.len ? " AND " : "", (int)n - 4, files.v[i]);
    }
    if (text.len)
        slip_strv_setenv(facts, "licenses", slip_buf_str(&text));
}

static void find_git(struct slip_front *front, struct slip_strv *facts)
{
    slip_cleanup(slip_git_release) struct slip_git git = SLIP_GIT_INIT;

    slip_git_look(front->place.fetched ? NULL : front->contexts[0].path, &git);
    slip_strv_copy(&front->inputs, &git.watch);
    if (git.revision)
        slip_strv_setenv(facts, "revision", git.revision);
    if (git.source)
        slip_strv_setenv(facts, "source", git.source);
}

static void take_recipe(const struct slip_recipe *recipe, struct slip_strv *facts)
{
    const struct slip_recipe_image *image = &recipe->image;
    const struct {
        const char *name;
        const struct slip_value *value;
    } keys[] = {
        { "title", &image->title },     { "description", &image->description },
        { "version", &image->version }, { "url", &image->url },
        { "source", &image->source },   { "licenses", &image->licenses },
    };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(keys); i++)
        if (keys[i].value->text)
            slip_strv_setenv(facts, keys[i].name, keys[i].value->text);
}

static void take_name(const struct slip_recipe *recipe, struct slip_strv *facts)
{
    slip_cleanup(slip_strv_release) struct slip_strv tags = SLIP_STRV_INIT;

    slip_strv_setenv(facts, "title", slip_path_base(slip_recipe_name(recipe)));
    slip_recipe_tags(recipe, &tags);
    for (size_t i = tags.n; i > 0; i--)
        if (strcmp(tags.v[i - 1], "latest") != 0)
            slip_strv_setenv(facts, "version", tags.v[i - 1]);
}

static void take_time(int64_t epoch, struct slip_strv *facts)
{
    time_t seconds = (time_t)epoch;
    char text[40];
    struct tm utc;

    if (gmtime_r(&seconds, &utc) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc))
        slip_strv_setenv(facts, "created", text);
}

static void take_base(const struct slip_stage_base *base, struct slip_strv *facts)
{
    char digest[72];

    if (!base->name)
        return;
    slip_strv_setenv(facts, "base.digest", slip_digest_name(&base->manifest, digest));
    if (*base->name)
        slip_strv_setenv(facts, "base.name", base->name);
}

/* What the user set under `key`: not what came with the base. NULL: nothing. */
static const char *said(const json_t *labels, const json_t *inherited, const char *key)
{
    const char *value = slip_json_str(labels, key), *old = slip_json_str(inherited, key);

    return value && old && strcmp(value, old) == 0 ? NULL : value;
}

static void put(json_t *object, const char *key, const char *value)
{
    if (value && *value)
        json_object_set_new(object, key, json_string(value));
    else if (value)
        json_object_del(object, key);
}

/* Tools that write these documents anew sort the keys; so nothing changes when they do. */
static void sort_keys(json_t *object)
{
    slip_cleanup(slip_strv_release) struct slip_strv keys = SLIP_STRV_INIT;
    const char *key;
    json_t *value;

    json_object_foreach (object, key, value)
        slip_strv_add(&keys, key);
    slip_strv_sort(&keys);
    for (size_t i = 0; i < keys.n; i++) {
        value = json_incref(json_object_get(object, keys.v[i]));
        json_object_del(object, keys.v[i]);
        json_object_set_new(object, keys.v[i], value);
    }
}

static void describe(json_t *config, const struct slip_stage_base *base,
                     const struct slip_strv *facts, json_t *annotations)
{
    const json_t *inherited = json_object_get(base->config, "Labels");
    json_t *labels = json_object_get(config, "Labels");

    if (!json_is_object(labels)) {
        labels = json_object();
        json_object_set_new(config, "Labels", labels);
    }
    for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++) {
        slip_cleanup(slip_freep) char *key = slip_xasprintf(PREFIX "%s", names[i]);
        const char *fact = slip_strv_getenv(facts, names[i]);
        const char *label = said(labels, inherited, key),
                   *annotation = slip_json_str(annotations, key);
        slip_cleanup(slip_freep) char *either = label        ? slip_xstrdup(label)
                                                : annotation ? slip_xstrdup(annotation)
                                                : fact       ? slip_xstrdup(fact)
                                                             : NULL;
        put(annotations, key, annotation ? annotation : either);
        put(labels, key, either);
    }
    sort_keys(labels);
    sort_keys(annotations);
    if (json_object_size(labels) == 0)
        json_object_del(config, "Labels");
}

int slip_facts_apply(struct slip_front *front, struct slip_session *s,
                     const struct slip_strv *given, int64_t epoch, json_t *annotations,
                     struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv facts = SLIP_STRV_INIT;
    slip_cleanup(slip_stage_base_release) struct slip_stage_base base = SLIP_STAGE_BASE_INIT;
    const struct slip_stage *target = front->plan.target;

    if (!front->is_recipe && given->n == 0)
        return 0;
    if (slip_stage_base_find(&s->sources, target, &base, err) < 0)
        return -1;
    take_time(epoch, &facts);
    take_base(&base, &facts);
    find_git(front, &facts);
    find_licenses(front, &facts);
    if (front->is_recipe)
        take_name(&front->recipe, &facts);
    for (size_t i = 0; i < given->n; i++) {
        slip_cleanup(slip_freep) char *name = name_of(given->v[i]);
        slip_strv_setenv(&facts, name, strchr(given->v[i], '=') + 1);
    }
    if (front->is_recipe)
        take_recipe(&front->recipe, &facts);
    describe(target->config, &base, &facts, annotations);
    return 0;
}
