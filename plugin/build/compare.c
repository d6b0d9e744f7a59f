#include "build/compare.h"

#include <stdio.h>
#include <sys/stat.h>

#include "util/mem.h"

struct changes {
    json_t *added, *removed, *changed;
};

static struct changes begin(json_t *to)
{
    struct changes c = { json_array(), json_array(), json_array() };

    json_object_set_new(to, "added", c.added);
    json_object_set_new(to, "removed", c.removed);
    json_object_set_new(to, "changed", c.changed);
    return c;
}

static bool is_empty(const struct changes *c)
{
    return !json_array_size(c->added) && !json_array_size(c->removed) &&
           !json_array_size(c->changed);
}

/* Directories end in a slash, as people write them. */
static json_t *path_of(const struct slip_listed *e)
{
    slip_cleanup(slip_freep) char *path =
        slip_xasprintf("/%s%s", e->path, S_ISDIR(e->mode) ? "/" : "");

    return slip_json_any(path);
}

static void add_file(json_t *to, const struct slip_listed *e)
{
    json_t *row = json_object();

    json_object_set_new(row, "path", path_of(e));
    json_object_set_new(row, "size", json_integer((json_int_t)e->size));
    json_array_append_new(to, row);
}

static json_t *attributes(const struct slip_listed *e)
{
    char mode[16], owner[32];

    snprintf(mode, sizeof mode, "%04o", (unsigned)(e->mode & 07777));
    snprintf(owner, sizeof owner, "%u:%u", (unsigned)e->uid, (unsigned)e->gid);
    json_t *row =
        json_pack("{s:I, s:s, s:s}", "size", (json_int_t)e->size, "mode", mode, "owner", owner);
    if (S_ISLNK(e->mode) && e->link)
        json_object_set_new(row, "target", slip_json_any(e->link));
    return row;
}

static void compare_file(json_t *to, const struct slip_listed *old, const struct slip_listed *new)
{
    bool link = S_ISLNK(old->mode) && S_ISLNK(new->mode) && old->link &&
                new->link &&strcmp(old->link, new->link) != 0;
    const struct {
        const char *what;
        bool differs;
    } rows[] = {
        { "type", (old->mode & S_IFMT) != (new->mode &S_IFMT) },
        { "content", strcmp(old->content, new->content) != 0 },
        { "target", link },
        { "mode", !S_ISLNK(new->mode) && (old->mode & 07777) != (new->mode & 07777) },
        { "owner", old->uid != new->uid || old->gid != new->gid },
        { "capabilities", old->caps != new->caps },
    };
    json_t *what = json_array();

    for (size_t i = 0; i < SLIP_ARRAY_LEN(rows); i++)
        if (rows[i].differs)
            json_array_append_new(what, json_string(rows[i].what));
    if (!json_array_size(what)) {
        json_decref(what);
        return;
    }
    json_t *row = json_object();
    json_object_set_new(row, "path", path_of(new));
    json_object_set_new(row, "what", what);
    json_object_set_new(row, "old", attributes(old));
    json_object_set_new(row, "new", attributes(new));
    json_array_append_new(to, row);
}

/* Both are sorted: one walk. */
static bool compare_files(const struct slip_seen *old, const struct slip_seen *new, json_t *to)
{
    struct changes c = begin(to);
    size_t i = 0, k = 0;

    while (i < old->n || k < new->n) {
        int order = i == old->n   ? 1
                    : k == new->n ? -1
                                  : strcmp(old->files[i]->path, new->files[k]->path);
        if (order < 0)
            add_file(c.removed, old->files[i++]);
        else if (order > 0)
            add_file(c.added, new->files[k++]);
        else
            compare_file(c.changed, old->files[i++], new->files[k++]);
    }
    return is_empty(&c);
}

static void list_names(const struct slip_map *a, const struct slip_map *b, struct slip_strv *ret)
{
    const struct slip_map *maps[] = { a, b };

    for (size_t m = 0; m < 2; m++)
        for (size_t i = 0; i < maps[m]->n; i++)
            if (m == 0 || !slip_map_get(a, maps[m]->entries[i].key))
                slip_strv_add(ret, maps[m]->entries[i].key);
    slip_strv_sort(ret);
}

static bool compare_packages(const struct slip_map *old, const struct slip_map *new, json_t *to)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    struct changes c = begin(to);

    list_names(old, new, &names);
    for (size_t i = 0; i < names.n; i++) {
        const char *was = slip_map_get(old, names.v[i]), *is = slip_map_get(new, names.v[i]);
        if (was && is && strcmp(was, is) == 0)
            continue;
        json_t *row = json_object();
        json_object_set_new(row, "name", slip_json_any(names.v[i]));
        if (was && is) {
            json_object_set_new(row, "old", slip_json_any(was));
            json_object_set_new(row, "new", slip_json_any(is));
        } else {
            json_object_set_new(row, "version", slip_json_any(was ? was : is));
        }
        json_array_append_new(was && is ? c.changed : was ? c.removed : c.added, row);
    }
    return is_empty(&c);
}

static void compare_value(const char *key, const json_t *old, const json_t *new, json_t *to)
{
    if (old == new || json_equal(old, new)) /* both may be missing */
        return;
    json_t *row = json_object();
    json_object_set_new(row, "key", slip_json_any(key));
    if (old)
        json_object_set(row, "old", (json_t *)(uintptr_t)old);
    if (new)
        json_object_set(row, "new", (json_t *)(uintptr_t) new);
    json_array_append_new(to, row);
}

/* A list of "K=V" as an object, so that it is compared by name. */
static json_t *env_object(const json_t *list)
{
    json_t *object = json_object();
    size_t i;
    json_t *pair;

    json_array_foreach (list, i, pair) {
        const char *text = json_string_value(pair);
        slip_cleanup(slip_freep) char *key = text ? slip_xstrndup(text, strcspn(text, "=")) : NULL;
        if (key)
            json_object_set_new(object, key,
                                slip_json_any(text + strlen(key) + (text[strlen(key)] == '=')));
    }
    return object;
}

/* The members of two objects, by name; those that hold things by name themselves, one deeper. */
static void compare_members(const char *prefix, const json_t *old, const json_t *new, json_t *to)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    const json_t *both[] = { old, new };
    const char *key;
    json_t *value;

    for (size_t i = 0; i < 2; i++)
        json_object_foreach ((json_t *)(uintptr_t)both[i], key, value)
            slip_strv_add(&names, key);
    slip_strv_sort(&names);
    for (size_t i = 0; i < names.n; i++) {
        if (i && strcmp(names.v[i], names.v[i - 1]) == 0)
            continue; /* both have it */
        slip_cleanup(slip_freep) char *name = slip_xasprintf("%s%s", prefix, names.v[i]);
        const json_t *was = json_object_get(old, names.v[i]);
        const json_t *is = json_object_get(new, names.v[i]);
        if (strcmp(name, "Env") == 0) {
            slip_cleanup(slip_json_decrefp) json_t *a = env_object(was), *b = env_object(is);
            compare_members("Env ", a, b, to);
        } else if (strcmp(name, "Labels") == 0) {
            compare_members("Labels ", was, is, to);
        } else {
            compare_value(name, was, is, to);
        }
    }
}

static bool compare_config(const json_t *old, const json_t *new, json_t *to)
{
    static const char *const keys[] = { "architecture", "os", "variant" };

    compare_members("", json_object_get(old, "config"), json_object_get(new, "config"), to);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(keys); i++)
        compare_value(keys[i], json_object_get(old, keys[i]), json_object_get(new, keys[i]), to);
    return json_array_size(to) == 0;
}

static json_t *compare_layers(const struct slip_image *old, const struct slip_image *new)
{
    json_int_t shared = 0, bytes = 0;

    for (size_t i = 0; i < new->nlayers; i++) {
        bool known = false;
        for (size_t k = 0; !known && k < old->nlayers; k++)
            known = slip_digest_equal(&old->layers[k].digest, &new->layers[i].digest);
        shared += known;
        bytes += known ? 0 : (json_int_t) new->layers[i].size;
    }
    return json_pack("{s:I, s:I, s:I, s:I}", "old", (json_int_t)old->nlayers, "new",
                     (json_int_t) new->nlayers, "shared", shared, "new_bytes", bytes);
}

json_t *slip_compare(const struct slip_contents *old, const struct slip_contents *new,
                     json_t *const reports[2])
{
    slip_cleanup(slip_packages_free) struct slip_map had = SLIP_MAP_INIT;
    slip_cleanup(slip_packages_free) struct slip_map has = SLIP_MAP_INIT;
    json_t *files = json_object(), *packages = json_object(), *config = json_array();
    json_t *all = json_object();

    slip_contents_packages(old, reports[0], &had);
    slip_contents_packages(new, reports[1], &has);
    bool same = compare_files(&old->seen, &new->seen, files);
    same = compare_packages(&had, &has, packages) && same;
    same = compare_config(old->image.config, new->image.config, config) && same;
    json_object_set_new(all, "same", json_boolean(same));
    json_object_set_new(all, "files", files);
    json_object_set_new(all, "packages", packages);
    json_object_set_new(all, "config", config);
    json_object_set_new(all, "layers", compare_layers(&old->image, &new->image));
    json_object_set_new(all, "size",
                        json_pack("{s:I, s:I}", "old", (json_int_t)slip_contents_seen_bytes(old),
                                  "new", (json_int_t)slip_contents_seen_bytes(new)));
    return all;
}
