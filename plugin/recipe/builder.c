#include "recipe/builder.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>

#include "recipe/quote.h"
#include "util/digest.h"
#include "util/fs.h"
#include "util/str.h"

/* Hex digits of a cache mount's name; 64 bits tell all the projects of a user apart. */
#define CACHE_DIGITS 16
/* A CMakeLists.txt larger than this is taken for one that does not ask for Slipway. */
#define PROJECT_LIMIT ((size_t)1 << 20)

#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

struct slip_span slip_span_of_key(struct slip_span key)
{
    if (!key.src)
        return key;
    const char *text = key.src->text + key.off;
    size_t len = strcspn(text, "\r\n");
    while (len > key.len && isspace((unsigned char)text[len - 1]))
        len--;
    return (struct slip_span){ key.src, key.off, len };
}

void slip_param_word(struct slip_params *params, const char *name, const char *text,
                     struct slip_span at)
{
    struct slip_param *param = slip_params_add(params, name, at);

    if (text && *text)
        slip_values_add(params->arena, &param->words, (struct slip_value){ text, at, at });
}

void slip_param_literal(struct slip_params *params, const char *name, const char *text,
                        struct slip_span at)
{
    slip_param_word(params, name, text ? slip_quote_literal(params->arena, text) : NULL, at);
}

void slip_param_list(struct slip_params *params, const char *name, const struct slip_values *list,
                     struct slip_span at)
{
    slip_params_add(params, name, list->key.src && list->n ? slip_span_of_key(list->key) : at)
        ->words = *list;
}

static void add_script(struct slip_params *params, const char *name,
                       const struct slip_script *script, struct slip_span at)
{
    struct slip_param *param = slip_params_add(params, name, at);

    param->script = script;
    if (script->text)
        param->at = script->at;
}

/* Two projects never share a build directory, and neither do two ways to configure one. */
static const char *cache_id(const struct slip_recipe *recipe,
                            const struct slip_recipe_options *options,
                            const struct slip_project *project, struct slip_arena *arena)
{
    const struct slip_recipe_build *build = &recipe->build;
    const struct slip_values *lists[] = { &build->options, &build->install_env };
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;
    struct slip_digest digest;

    slip_sha256_field(&sha, slip_recipe_name(recipe));
    slip_sha256_field(&sha, project->source);
    slip_sha256_field(&sha, project->system);
    slip_sha256_field(&sha, build->generator.text);
    slip_sha256_field(&sha, build->prefix.text);
    slip_sha256_field(&sha, build->config.text);
    slip_sha256_field(&sha, build->build.text);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(lists); i++) {
        slip_sha256_number(&sha, lists[i]->n);
        for (size_t k = 0; k < lists[i]->n; k++)
            slip_sha256_field(&sha, lists[i]->v[k].text);
    }
    for (size_t i = 0; i < recipe->args.n; i++)
        slip_sha256_field(&sha, recipe->args.v[i].text);
    slip_sha256_finish(&sha, &digest);
    /* Only Slipway keeps "build:" apart by the root file system, too. */
    return slip_arena_printf(arena, "%s%.*s",
                             options->elsewhere ? "slipway-" : "build:", CACHE_DIGITS, digest.hex);
}

/* target=PATH: first escaped, since variables would be expanded in it, then as CSV has it. */
static const char *target_of(struct slip_arena *arena, const char *path)
{
    slip_cleanup(slip_buf_release) struct slip_buf word = SLIP_BUF_INIT, field = SLIP_BUF_INIT;

    slip_quote_word(&word, slip_quote_literal(arena, path));
    if (!strpbrk(path, ",\"'\\"))
        return slip_arena_printf(arena, "target=%s", word.data);
    slip_buf_puts(&field, "\"target=");
    for (const char *p = word.data; *p; p++) {
        if (*p == '"')
            slip_buf_putc(&field, '"');
        slip_buf_putc(&field, *p);
    }
    slip_buf_putc(&field, '"');
    return slip_arena_strdup(arena, field.data);
}

static void add_mount(struct slip_params *params, struct slip_param *to, const char *text)
{
    slip_values_add(params->arena, &to->words, (struct slip_value){ text, to->at, to->at });
}

static void add_mounts(struct slip_params *params, const struct slip_recipe *recipe,
                       const struct slip_recipe_options *options,
                       const struct slip_project *project)
{
    struct slip_arena *arena = params->arena;
    struct slip_param *to = slip_params_add(params, "mounts", params->at);
    const char *target = target_of(arena, project->at_source);

    to->verbatim = true;
    if (project->builder == SLIP_BUILDER_TREE) {
        add_mount(params, to, slip_arena_printf(arena, "type=bind,source=.,%s,rw", target));
        if (project->dir && strcmp(project->dir, project->source) != 0)
            add_mount(params, to,
                      slip_arena_printf(arena, "type=bind,from=build-tree,source=.,%s,rw",
                                        target_of(arena, project->at_dir)));
        return;
    }
    if (options->elsewhere && !(options->mounts && strcmp(project->system, "cmake") == 0))
        return; /* what those builders mount is not the user's tree with his edits */
    const char *id = cache_id(recipe, options, project, arena);
    if (strcmp(project->system, "cmake") == 0) {
        add_mount(params, to, slip_arena_printf(arena, "type=bind,source=.,%s", target));
        add_mount(params, to, slip_arena_printf(arena, "type=cache,id=%s,target=/build", id));
        return;
    }
    add_mount(params, to,
              slip_arena_printf(arena, "type=cache,id=%s,from=context,source=.,%s", id, target));
}

/* NAME=value words of `build = make NAME=value`: an install that does not know them would build
 * everything again, without them. */
static int add_variables(struct slip_params *params, const struct slip_script *build,
                         struct slip_error *err)
{
    struct slip_values words = { 0 };
    struct slip_param *param = slip_params_add(params, "variables", params->at);

    if (!build->text || build->n != 1)
        return 0;
    if (slip_value_split(params->arena, build->lines[0], build->key, &words, err) < 0)
        return -1;
    if (!words.n || (strcmp(slip_path_base(words.v[0].text), "make") != 0 &&
                     strcmp(slip_path_base(words.v[0].text), "gmake") != 0))
        return 0;
    for (size_t i = 1; i < words.n; i++) {
        const char *text = words.v[i].text;
        size_t n = strspn(text, NAME_CHARS), end = strcspn(text, ";&|<>`");
        if (n && text[n] == '=' && end > n) {
            words.v[i].text = slip_arena_strndup(params->arena, text, end);
            slip_values_add(params->arena, &param->words, words.v[i]);
        }
        if (text[end])
            break; /* another command begins */
    }
    return 0;
}

/* "-- A=1 B=x\\ y": how make hands variables of its command line on. */
static void add_makeflags(struct slip_params *params)
{
    const struct slip_values *list = &params->v[params->n - 1].words; /* the variables */
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    for (size_t i = 0; i < list->n; i++) {
        slip_buf_puts(&text, i ? " " : "-- ");
        for (const char *p = list->v[i].text; *p; p++) {
            if (strchr(" \t\\", *p) && !(p[0] == '\\' && p[1] == '$'))
                slip_buf_putc(&text, '\\');
            slip_buf_putc(&text, *p);
        }
    }
    slip_param_word(params, "makeflags",
                    text.len ? slip_arena_strdup(params->arena, text.data) : NULL, params->at);
}

static const char *path_below(const char *path, const char *dir)
{
    size_t n = strlen(dir);

    return strncmp(path, dir, n) == 0 && (path[n] == '/' || !path[n]) ? path + n : NULL;
}

/* Where the stage has a file that the recipe names. */
static int locate(const struct slip_project *project, struct slip_arena *arena, const char *path,
                  struct slip_span at, const char **ret, struct slip_error *err)
{
    const char *rest;

    if (path[0] != '/')
        *ret = slip_arena_printf(arena, "%s/%s", project->at_source, path);
    else if (project->dir && (rest = path_below(path, project->dir)))
        *ret = slip_arena_printf(arena, "%s%s", project->at_dir, rest);
    else if ((rest = path_below(path, project->source)))
        *ret = slip_arena_printf(arena, "%s%s", project->at_source, rest);
    else if (path_below(path, project->at_dir) || path_below(path, project->at_source))
        *ret = path;
    else {
        slip_fail_at(err, at, "'%s' lies outside of the source directory%s", path,
                     project->dir ? " and the build tree" : "");
        return slip_error_hint(err, "the source directory is '%s'; 'source =' in [build] sets it",
                               project->source);
    }
    return 0;
}

static int add_files(struct slip_params *params, const struct slip_recipe *recipe,
                     const struct slip_project *project, struct slip_error *err)
{
    const struct slip_values *files = &recipe->build.files;
    struct slip_param *param = slip_params_add(params, "files", slip_span_of_key(files->key));

    for (size_t i = 0; i < files->n; i++) {
        const char *text = files->v[i].text, *colon = strrchr(text, ':'), *at = NULL;
        slip_cleanup(slip_freep) char *from = slip_xstrndup(text, (size_t)(colon - text));
        const char *to = colon + 1;
        if (locate(project, params->arena, from, files->v[i].at, &at, err) < 0)
            return -1;
        if (slip_ends_with(to, "/"))
            to = slip_arena_printf(params->arena, "%s%s", to, slip_path_base(from));
        slip_values_add(params->arena, &param->words,
                        (struct slip_value){ at, files->v[i].at, files->key });
        slip_values_add(params->arena, &param->words,
                        (struct slip_value){ to, files->v[i].at, files->key });
    }
    return 0;
}

static void add_jobs(struct slip_params *params, const struct slip_recipe *recipe,
                     const struct slip_recipe_options *options)
{
    const char *jobs = recipe->build.jobs.text;

    if (!jobs && options->jobs)
        jobs = slip_arena_printf(params->arena, "%u", options->jobs);
    slip_param_word(params, "level", jobs, params->at);
    slip_param_word(params, "jobs", jobs ? jobs : "\"$(nproc)\"", params->at);
    params->v[params->n - 1].verbatim = true; /* a number, or text for a shell */
}

/* Does the project ask for Slipway itself? The front ends say so; else its first file does. A tree
 * cannot be asked, as it is configured already. */
static bool makes_images(const struct slip_recipe *recipe, const struct slip_project *project)
{
    slip_cleanup(slip_freep) char *path = slip_path_join(project->source, "CMakeLists.txt");
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;

    if (project->builder == SLIP_BUILDER_TREE)
        return true;
    for (size_t i = 0; i < recipe->build.options.n; i++)
        if (strcmp(recipe->build.options.v[i].text, "-DSLIPWAY_STAGE=ON") == 0)
            return true;
    return slip_read_file(AT_FDCWD, path, PROJECT_LIMIT, &text, &ignored) == 0 &&
           (strstr(slip_buf_str(&text), "Slipway") || strstr(slip_buf_str(&text), "slipway"));
}

int slip_builder_params(const struct slip_recipe *recipe, const struct slip_recipe_options *options,
                        const struct slip_project *project, struct slip_params *ret,
                        struct slip_error *err)
{
    const struct slip_recipe_build *build = &recipe->build;
    struct slip_span at = ret->at;
    bool compile = project->builder != SLIP_BUILDER_TREE;
    const char *network = recipe->toolchain.network.text;
    const char *config = build->config.text ? build->config.text : compile ? "Release" : NULL;

    slip_param_literal(ret, "source", project->at_source, at);
    slip_param_literal(ret, "dir", project->at_dir, at);
    slip_param_word(ret, "compile", compile ? "yes" : NULL, at);
    slip_param_word(ret, "images", makes_images(recipe, project) ? "yes" : NULL, at);
    slip_param_word(ret, "network", network ? network : "none", at);
    slip_param_word(ret, "config", config, at);
    slip_param_word(ret, "generator", build->generator.text, at);
    slip_param_word(ret, "prefix", build->prefix.text,
                    build->prefix.text ? slip_span_of_key(build->prefix.key) : at);
    slip_param_word(ret, "test", slip_value_is_yes(&build->test, false) ? "yes" : NULL,
                    build->test.text ? slip_span_of_key(build->test.key) : at);
    slip_param_word(ret, "destdir", SLIP_RECIPE_DESTDIR, at);
    slip_param_list(ret, "options", &build->options, at);
    slip_param_list(ret, "targets", &build->targets, at);
    slip_param_list(ret, "components", &build->components, at);
    slip_param_list(ret, "install-env", &build->install_env, at);
    add_script(ret, "build", &build->build, at);
    add_script(ret, "install", &build->install, at);
    add_jobs(ret, recipe, options);
    add_mounts(ret, recipe, options, project);
    bool mounted = ret->v[ret->n - 1].words.n > 0;
    slip_param_word(ret, "copied", mounted ? NULL : "yes", at);
    if (add_variables(ret, &build->build, err) < 0)
        return -1;
    add_makeflags(ret);
    return add_files(ret, recipe, project, err);
}
