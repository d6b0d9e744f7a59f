#include "recipe/recipe.h"

#include <ctype.h>
#include <string.h>

#include "recipe/assign.h"
#include "recipe/check.h"
#include "util/ini.h"
#include "recipe/keys.h"
#include "util/fs.h"
#include "util/source.h"
#include "util/str.h"

/* One file on its way into the recipe. */
struct reader {
    struct slip_recipe *recipe;
    const struct slip_source *src;
    const char *path, *dir;      /* absolute */
    const struct reader *within; /* the one that includes it */
    struct slip_assignment *items;
    size_t n, cap; /* a section line is an item without a key */
};

static void add_line(struct slip_arena *arena, struct slip_assignment *to,
                     const struct slip_ini_item *item)
{
    size_t begin = item->value.off;

    while (begin > 0 && item->value.src->text[begin - 1] != '\n')
        begin--;
    if (to->n == to->cap) {
        struct slip_value_line *larger =
            slip_arena_alloc(arena, (to->cap ? 2 * to->cap : 2) * sizeof *larger);
        if (to->n)
            memcpy(larger, to->lines, to->n * sizeof *larger);
        to->lines = larger;
        to->cap = to->cap ? 2 * to->cap : 2;
    }
    to->lines[to->n++] =
        (struct slip_value_line){ item->value, item->blank_lines, item->value.off - begin };
}

static int collect(void *user, const struct slip_ini_item *item, struct slip_error *err)
{
    struct reader *r = user;

    (void)err;
    if (item->kind != SLIP_INI_MORE) {
        r->items = slip_xgrow(r->items, r->n, &r->cap, sizeof *r->items);
        r->items[r->n++] = (struct slip_assignment){ .section = item->section, .key = item->key };
    }
    if (item->kind != SLIP_INI_SECTION)
        add_line(r->recipe->arena, &r->items[r->n - 1], item);
    return 0;
}

static bool is_text(struct slip_span at, const char *text)
{
    return at.src && at.len == strlen(text) && memcmp(at.src->text + at.off, text, at.len) == 0;
}

static bool is_include(const struct slip_assignment *item)
{
    return is_text(item->key, "include") && (!item->section.src || is_text(item->section, "image"));
}

static int read_text(struct reader *r, struct slip_error *err);

static int include(struct reader *r, const struct slip_value *what, struct slip_error *err)
{
    struct slip_recipe *recipe = r->recipe;
    slip_cleanup(slip_freep) char *joined = slip_path_join(r->dir, what->text);
    slip_cleanup(slip_freep) char *path = slip_path_clean(joined);

    for (const struct reader *up = r; up; up = up->within)
        if (strcmp(up->path, path) == 0) {
            slip_fail_at(err, what->at,
                         up == r ? "a recipe cannot include itself"
                                 : "'%s' includes this file already",
                         what->text);
            return slip_error_hint(err, "put what both need into a third file");
        }
    if (slip_strv_has(&recipe->files, path))
        return 0;
    struct reader file = { .recipe = recipe,
                           .path = slip_arena_strdup(recipe->arena, path),
                           .within = r };
    file.dir = slip_arena_strndup(recipe->arena, path, (size_t)(slip_path_base(path) - path));
    file.src = slip_source_read(recipe->arena, path, err);
    if (!file.src) {
        err->at = err->at.src ? err->at : what->at;
        return -1;
    }
    return read_text(&file, err);
}

static int read_includes(struct reader *r, struct slip_error *err)
{
    struct slip_values list = { 0 };

    for (size_t i = 0; i < r->n; i++)
        if (is_include(&r->items[i]) &&
            slip_value_read_list(r->recipe->arena, &r->items[i], &list, err) < 0)
            return -1;
    for (size_t i = 0; i < list.n; i++)
        if (include(r, &list.v[i], err) < 0)
            return -1;
    slip_values_append(r->recipe->arena, &r->recipe->image.include, &list);
    return 0;
}

static int apply(struct reader *r, struct slip_error *err)
{
    struct slip_assign to = { .recipe = r->recipe, .dir = r->dir };

    for (size_t i = 0; i < r->n; i++) {
        const struct slip_assignment *item = &r->items[i];
        if (!item->key.src) {
            if (slip_assign_section(&to, item->section, err) < 0)
                return -1;
        } else if (!is_include(item)) {
            if (!item->section.src) {
                slip_fail_at(err, item->key, "only 'include' may stand before the first section");
                return slip_error_hint(err, "begin with '[image]'");
            }
            if (slip_assign_key(&to, item, err) < 0)
                return -1;
        }
    }
    return 0;
}

static int read_items(struct reader *r, struct slip_error *err)
{
    if (slip_ini_parse(r->src, collect, r, err) < 0 || read_includes(r, err) < 0)
        return -1;
    return apply(r, err);
}

static int read_text(struct reader *r, struct slip_error *err)
{
    slip_strv_add(&r->recipe->files, r->path);
    int rc = read_items(r, err);
    free(r->items);
    return rc;
}

static int check_copies(const struct slip_recipe *recipe, struct slip_error *err)
{
    for (size_t i = 0; i < recipe->ncopies; i++) {
        const struct slip_recipe_copy *copy = recipe->copies[i];
        if (!copy->src.n || !copy->dst.text) {
            slip_fail_at(err, copy->at, "[copy] needs '%s ='", copy->src.n ? "dst" : "src");
            return slip_error_hint(err, "src says what is copied, dst where to in the image");
        }
    }
    return 0;
}

/* A stage of the user's called build stands where the generated one would. */
static int check_own_build(const struct slip_recipe *recipe, struct slip_error *err)
{
    struct slip_span given = { 0 };

    for (size_t i = 0; i < recipe->nstages; i++)
        if (strcmp(recipe->stages[i]->name, "build") == 0) {
            if (slip_assign_given(recipe, "toolchain", NULL, &given) ||
                slip_assign_given(recipe, "build", "source only", &given)) {
                slip_fail_at(err, given, "[stage build] says how the project is built already");
                return slip_error_hint(err, "with a stage of that name, [toolchain] is not used, "
                                            "and of [build] only 'source' and 'only'");
            }
        }
    return 0;
}

static int check_debug_image(const struct slip_recipe *recipe, struct slip_error *err)
{
    if (!slip_value_is_yes(&recipe->image.debug_image, false))
        return 0;
    if (!slip_value_is_yes(&recipe->runtime.strip, true)) {
        slip_fail_at(err, recipe->image.debug_image.at,
                     "debug-image takes what stripping leaves out, and 'strip = no' keeps it");
        return slip_error_hint(err, "leave one of them out: an image that is not stripped can be "
                                    "debugged as it is");
    }
    for (size_t i = 0; i < recipe->nstages; i++)
        if (strcmp(recipe->stages[i]->name, SLIP_RECIPE_DEBUG_STAGE) == 0)
            return slip_fail_at(err, recipe->stages[i]->at,
                                "debug-image makes a stage of this name already");
    return 0;
}

static int check_platforms(const struct slip_recipe *recipe, struct slip_error *err)
{
    const struct slip_values *platforms = &recipe->image.platforms;

    if (platforms->n <= 1)
        return 0;
    slip_fail_at(err, platforms->v[1].at, "an image is for one platform");
    return slip_error_hint(err,
                           "build once for each, with its own toolchain and its own tag, and make "
                           "a list of them in the registry");
}

static int check_whole(const struct slip_recipe *recipe, struct slip_error *err)
{
    const char *base = recipe->runtime.base.text;

    if (check_copies(recipe, err) < 0 || check_own_build(recipe, err) < 0 ||
        check_debug_image(recipe, err) < 0 || check_platforms(recipe, err) < 0)
        return -1;
    if (recipe->runtime.packages.n && (!base || strcmp(base, "scratch") == 0)) {
        slip_fail_at(err, recipe->runtime.packages.v[0].at,
                     "packages need a base that has a package manager");
        return slip_error_hint(err, "set 'base =' in [runtime]; libraries that the programs need "
                                    "are added to 'scratch' without being listed");
    }
    if (base && (strcmp(base, "host") == 0 || strcmp(base, "tree") == 0)) {
        slip_fail_at(err, recipe->runtime.base.at, "'%s' cannot be shipped in an image", base);
        return slip_error_hint(err, "the programs and libraries that are needed are taken from "
                                    "there by 'base = scratch'");
    }
    return 0;
}

int slip_recipe_parse(struct slip_arena *arena, const struct slip_source *source, const char *dir,
                      struct slip_recipe *ret, struct slip_error *err)
{
    slip_cleanup(slip_recipe_release) struct slip_recipe recipe = {
        .arena = arena, .file = source, .dir = slip_arena_strdup(arena, dir)
    };
    slip_cleanup(slip_freep) char *joined = slip_path_join(dir, slip_path_base(source->name));
    struct reader r = { .recipe = &recipe,
                        .src = source,
                        .dir = recipe.dir,
                        .path = slip_arena_strdup(arena, joined) };

    if (read_text(&r, err) < 0 || check_whole(&recipe, err) < 0)
        return -1;
    *ret = recipe;
    recipe.files = SLIP_STRV_INIT;
    return 0;
}

int slip_recipe_read(struct slip_arena *arena, const char *path, struct slip_recipe *ret,
                     struct slip_error *err)
{
    const struct slip_source *source = slip_source_read(arena, path, err);

    if (!source)
        return -1;
    slip_cleanup(slip_freep) char *absolute =
        slip_path_absolute(strcmp(path, "-") == 0 ? "<stdin>" : path);
    const char *base = slip_path_base(absolute);
    size_t n = (size_t)(base - absolute);
    slip_cleanup(slip_freep) char *dir = slip_xstrndup(absolute, n > 1 ? n - 1 : n);
    return slip_recipe_parse(arena, source, dir, ret, err);
}

void slip_recipe_release(struct slip_recipe *recipe)
{
    slip_strv_release(&recipe->files);
}

bool slip_recipe_sniff(const char *text, size_t len)
{
    size_t i = 0;

    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        i = 3;
    while (i < len) {
        const char *nl = memchr(text + i, '\n', len - i);
        size_t end = nl ? (size_t)(nl - text) : len;
        while (i < end && isspace((unsigned char)text[i]))
            i++;
        if (i < end && text[i] != '#' && text[i] != ';') {
            size_t word = i;
            if (text[i] == '[')
                return true;
            while (word < end && (isalnum((unsigned char)text[word]) || strchr("_-", text[word])))
                word++;
            while (word < end && (text[word] == ' ' || text[word] == '\t'))
                word++;
            return word < end && text[word] == '=';
        }
        i = end + 1;
    }
    return false;
}

bool slip_value_is_yes(const struct slip_value *value, bool otherwise)
{
    return value->text ? strcmp(value->text, "yes") == 0 : otherwise;
}

bool slip_recipe_asks_debug(const struct slip_recipe *recipe, const char *target)
{
    return target && strcmp(target, SLIP_RECIPE_DEBUG_STAGE) == 0 &&
           slip_value_is_yes(&recipe->image.debug_image, false);
}

const char *slip_recipe_name(const struct slip_recipe *recipe)
{
    const char *base = slip_path_base(recipe->file->name);
    slip_cleanup(slip_buf_release) struct slip_buf name = SLIP_BUF_INIT;

    if (recipe->image.name.text)
        return recipe->image.name.text;
    for (const char *p = base; *p && *p != '.'; p++)
        if (isalnum((unsigned char)*p))
            slip_buf_putc(&name, (char)tolower((unsigned char)*p));
        else if (name.len && isalnum((unsigned char)p[1]))
            slip_buf_putc(&name, '-');
    return name.len ? slip_arena_strdup(recipe->arena, slip_buf_str(&name)) : "image";
}

void slip_recipe_tags(const struct slip_recipe *recipe, struct slip_strv *ret)
{
    for (size_t i = 0; i < recipe->image.tags.n; i++)
        if (!slip_strv_has(ret, recipe->image.tags.v[i].text))
            slip_strv_add(ret, recipe->image.tags.v[i].text);
    if (!recipe->image.tags.n)
        slip_strv_add(ret, "latest");
}

const struct slip_recipe_test *slip_recipe_test_find(const struct slip_recipe *recipe,
                                                     const char *name)
{
    for (size_t i = 0; i < recipe->ntests; i++)
        if (strcmp(recipe->tests[i]->name, name) == 0)
            return recipe->tests[i];
    return NULL;
}
