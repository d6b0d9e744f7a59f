#include "commands/front.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "build/host.h"
#include "commands/findings.h"
#include "commands/ignorefile.h"
#include "commands/resource.h"
#include "dockerfile/lower.h"
#include "dockerfile/platform.h"
#include "plan/remote.h"
#include "recipe/lower.h"
#include "util/fs.h"
#include "util/source.h"
#include "util/str.h"

static void add_context(struct slip_front *front, struct slip_arena *arena,
                        const struct slip_context *context)
{
    struct slip_context *grown = slip_arena_alloc(arena, (front->ncontexts + 1) * sizeof *grown);

    if (front->ncontexts)
        memcpy(grown, front->contexts, front->ncontexts * sizeof *grown);
    grown[front->ncontexts++] = *context;
    front->contexts = grown;
}

/* A directory, or a tar that becomes one. */
static int add_named_path(struct slip_front *front, struct slip_session *s, const char *name,
                          const char *path, struct slip_error *err)
{
    struct slip_context context = { .name = name, .path = slip_arena_strdup(&s->arena, path) };
    struct stat st;

    if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
        slip_cleanup(slip_freep) char *absolute = slip_path_absolute(path);
        context.path = slip_place_unpack(s, path, err);
        context.fetched = true;
        slip_strv_add(&front->inputs, absolute);
    }
    if (!context.path)
        return -1;
    add_context(front, &s->arena, &context);
    return 0;
}

/* NAME=WHERE of --build-context; images, roots and what is fetched are inputs of their own kind. */
static int add_named_contexts(struct slip_front *front, struct slip_session *s,
                              const struct slip_strv *list, struct slip_error *err)
{
    for (size_t i = 0; i < list->n; i++) {
        const char *equals = strchr(list->v[i], '=');
        struct slip_remote remote;
        if (!equals || equals == list->v[i] || !equals[1])
            return slip_fail(err, SLIP_EUSAGE, "--build-context takes NAME=WHERE, not '%s'",
                             list->v[i]);
        const char *name = slip_arena_strndup(&s->arena, list->v[i], (size_t)(equals - list->v[i]));
        bool is_path = access(equals + 1, F_OK) == 0;
        if (!is_path && slip_remote_parse_context(&s->arena, equals + 1, &remote, err) < 0) {
            err->code = SLIP_EUSAGE;
            return slip_error_context(err, "--build-context %s", name);
        }
        if (!is_path && (remote.kind != SLIP_REMOTE_NONE || strchr(equals + 1, ':')))
            continue; /* oci:..., docker-image://..., https://...: lowering knows */
        if (add_named_path(front, s, name, equals + 1, err) < 0)
            return -1;
    }
    return 0;
}

/* Toolchain `host` uses what this machine has; nothing is installed behind its owner's back. */
static int check_host_packages(const struct slip_values *packages, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv missing = SLIP_STRV_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf list = SLIP_BUF_INIT;

    for (size_t i = 0; packages && i < packages->n; i++)
        slip_strv_add(&names, packages->v[i].text);
    slip_host_missing_packages(&names, &missing);
    if (missing.n == 0)
        return 0;
    for (size_t i = 0; i < missing.n; i++)
        slip_buf_printf(&list, " %s", missing.v[i]);
    for (size_t i = 0; i < packages->n; i++)
        if (strcmp(packages->v[i].text, missing.v[0]) == 0)
            slip_fail_at(err, packages->v[i].at, "package '%s' is not installed on this machine",
                         missing.v[0]);
    return slip_error_hint(err, "toolchain 'host' uses what is there: sudo apt-get install%s",
                           slip_buf_str(&list));
}

static int take_needs(struct slip_front *front, struct slip_session *s,
                      const struct slip_front_options *options,
                      const struct slip_recipe_needs *needs, struct slip_error *err)
{
    const struct slip_context main_context = {
        .name = "",
        .path = options->context ? options->context : slip_arena_strdup(&s->arena, needs->context),
        .is_source = true,
    };

    add_context(front, &s->arena, &main_context);
    for (size_t i = 0; i < needs->contexts.n; i++) {
        const char *equals = strchr(needs->contexts.v[i], '=');
        const struct slip_context context = {
            .name = slip_arena_strndup(&s->arena, needs->contexts.v[i],
                                       (size_t)(equals - needs->contexts.v[i])),
            .path = slip_arena_strdup(&s->arena, equals + 1),
            .is_build_tree = true,
        };
        add_context(front, &s->arena, &context);
    }
    slip_strv_copy(&front->inputs, &front->recipe.files);
    slip_strv_copy(&front->inputs, &needs->templates);
    return check_host_packages(needs->host_packages, err);
}

/* A recipe has that stage only when it says so. */
static int check_debug_target(const struct slip_recipe *recipe, const char *target,
                              struct slip_error *err)
{
    if (!target || strcmp(target, SLIP_RECIPE_DEBUG_STAGE) != 0 ||
        slip_recipe_asks_debug(recipe, target))
        return 0;
    for (size_t i = 0; i < recipe->nstages; i++)
        if (strcmp(recipe->stages[i]->name, target) == 0)
            return 0;
    slip_fail(err, SLIP_EUSAGE, "this recipe makes no debug image");
    return slip_error_hint(err, "add 'debug-image = yes' to its [image]");
}

static int open_recipe(struct slip_front *front, struct slip_session *s, const char *file,
                       const struct slip_front_options *options, struct slip_error *err)
{
    slip_cleanup(slip_recipe_needs_release) struct slip_recipe_needs needs = SLIP_RECIPE_NEEDS_INIT;
    slip_cleanup(slip_freep) char *templates = slip_resource_path("templates", err);

    if (!templates || slip_recipe_read(&s->arena, file, &front->recipe, err) < 0)
        return -1;
    if (check_debug_target(&front->recipe, options->target, err) < 0)
        return -1;
    const struct slip_recipe_options how = {
        .templates = slip_arena_strdup(&s->arena, templates),
        .target = options->target,
        .elsewhere = options->elsewhere,
        .mounts = options->mounts,
    };
    if (slip_recipe_lower(&s->arena, &front->recipe, &how, &front->ast, err) < 0 ||
        slip_recipe_needs(&s->arena, &front->recipe, &how, &needs, err) < 0)
        return -1;
    front->name = slip_recipe_name(&front->recipe);
    return take_needs(front, s, options, &needs, err);
}

static int open_dockerfile(struct slip_front *front, struct slip_session *s, const char *file,
                           const struct slip_front_options *options, struct slip_error *err)
{
    const struct slip_context main_context = {
        .name = "",
        .path = front->place.dir,
        .fetched = front->place.fetched,
    };

    if (slip_dockerfile_parse(&s->arena, front->source, &front->ast, err) < 0)
        return -1;
    add_context(front, &s->arena, &main_context);
    if (front->place.fetched && options->context && access(options->context, F_OK) == 0)
        file = options->context; /* the tar */
    if (access(file, F_OK) == 0) {
        slip_cleanup(slip_freep) char *absolute = slip_path_absolute(file);
        slip_strv_add(&front->inputs, absolute);
    }
    return 0;
}

static char *default_file(const struct slip_place *place)
{
    static const char *const names[] = { "Dockerfile", "Containerfile", "image.slipway" };

    if (place->dockerfile)
        return slip_xstrdup(place->dockerfile);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++) {
        slip_cleanup(slip_freep) char *path = slip_path_join(place->dir, names[i]);
        bool plain = place->fetched || strcmp(place->dir, ".") == 0;
        if (access(path, F_OK) == 0)
            return slip_xstrdup(plain ? names[i] : path);
    }
    return slip_xstrdup(names[0]);
}

/* From the user's own files, or from what came as the context, whose links lead nowhere else. */
static const struct slip_source *read_source(const struct slip_front *front, struct slip_session *s,
                                             const char *file, struct slip_error *err)
{
    const struct slip_place *place = &front->place;

    if (place->text)
        return slip_source_text(&s->arena, "<stdin>", place->text, strlen(place->text));
    if (slip_starts_with(file, "http://") || slip_starts_with(file, "https://"))
        return slip_place_source(s, file, err);
    if (!place->fetched || strcmp(file, "-") == 0)
        return slip_source_read(&s->arena, file, err);
    slip_cleanup(slip_closep) int dir = open(place->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        slip_fail_errno(err, "cannot open the build context");
        return NULL;
    }
    return slip_source_read_in(&s->arena, dir, file, file, err);
}

/* Standard input can be one thing only. */
static int check_stdin(const struct slip_front_options *options, struct slip_error *err)
{
    bool context = options->context && strcmp(options->context, "-") == 0;
    bool file = options->file && strcmp(options->file, "-") == 0;

    return context && file
               ? slip_fail(err, SLIP_EUSAGE, "standard input cannot be both Dockerfile and context")
               : 0;
}

static int open_place(struct slip_front *front, struct slip_session *s,
                      const struct slip_front_options *options, struct slip_error *err)
{
    if (check_stdin(options, err) < 0)
        return -1;
    if (options->no_registry) {
        if (slip_session_store(s, err) < 0)
            return -1;
        s->sources.registry = NULL;
    }
    if (slip_place_open(s, options->context, &front->place, err) < 0)
        return -1;
    if (front->place.text && options->file)
        return slip_fail(err, SLIP_EUSAGE, "there are two Dockerfiles: on standard input, and '%s'",
                         options->file);
    return 0;
}

int slip_front_open(struct slip_front *front, struct slip_session *s,
                    const struct slip_front_options *options, struct slip_error *err)
{
    if (open_place(front, s, options, err) < 0)
        return -1;
    slip_cleanup(slip_freep) char *file = options->file && !front->place.dockerfile
                                              ? slip_xstrdup(options->file)
                                              : default_file(&front->place);

    front->source = read_source(front, s, file, err);
    if (!front->source)
        return slip_error_hint(err, "name a recipe or a Dockerfile with -f");
    front->is_recipe = options->frontend
                           ? strcmp(options->frontend, "recipe") == 0
                           : slip_recipe_sniff(front->source->text, front->source->len);
    if (options->frontend && !front->is_recipe && strcmp(options->frontend, "dockerfile") != 0)
        return slip_fail(err, SLIP_EUSAGE, "--frontend is recipe or dockerfile, not '%s'",
                         options->frontend);
    if (front->is_recipe && front->place.fetched)
        return slip_fail(err, SLIP_EUSAGE,
                         "a recipe is built in a directory, not in a context that is fetched");
    if ((front->is_recipe ? open_recipe : open_dockerfile)(front, s, file, options, err) < 0)
        return -1;
    return add_named_contexts(front, s, &options->contexts, err);
}

/* What the ignore files leave out of contexts that are directories; recipes have rules of their
 * own.
 */
static int read_ignore(struct slip_front *front, struct slip_session *s, struct slip_error *err)
{
    for (size_t i = 0; i < front->ncontexts && !front->is_recipe; i++) {
        struct slip_context *context = &front->contexts[i];
        struct slip_ignore_file file;
        struct stat st;
        if (context->fetched || /* all of that is asked for, as with BuildKit */
            stat(context->path, &st) < 0 || !S_ISDIR(st.st_mode))
            continue;
        if (slip_ignore_file_read(&s->arena, context->path,
                                  *context->name ? NULL : front->source->name, &file,
                                  &front->inputs, err) < 0)
            return -1;
        context->ignore = file.lines;
        context->ignore_file =
            *context->name && file.name
                ? slip_arena_printf(&s->arena, "%s of context '%s'", file.name, context->name)
                : file.name;
    }
    return 0;
}

/* Lowering has one pointer for both. */
struct callbacks {
    struct slip_session *session;
    struct slip_findings *findings;
};

static int base_config(void *user, const struct slip_input *input, const char *platform,
                       json_t **ret, struct slip_error *err)
{
    struct slip_session *s = ((struct callbacks *)user)->session;

    (void)platform;
    if (slip_session_store(s, err) < 0)
        return -1;
    return slip_base_config(&s->sources, input, ret, err);
}

const char *slip_front_lock_path(const struct slip_front *front, struct slip_session *s,
                                 const struct slip_front_options *options)
{
    slip_cleanup(slip_freep) char *path =
        slip_path_join(front->contexts[0].path ? front->contexts[0].path : ".", "slipway.lock");

    return options->lockfile ? options->lockfile : slip_arena_strdup(&s->arena, path);
}

static int open_lock(struct slip_front *front, struct slip_session *s,
                     const struct slip_front_options *options, struct slip_error *err)
{
    const char *path = slip_front_lock_path(front, s, options);
    struct stat st;
    bool foreign = front->place.fetched && !options->lockfile; /* a link would lead out of it */
    int found = foreign && (lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
                    ? 0
                    : slip_lockfile_read(&front->lock, &s->arena, path, err);

    if (found < 0)
        return -1;
    if (slip_session_store(s, err) < 0)
        return -1;
    if (!found && options->lockfile)
        return slip_fail(err, SLIP_EUSAGE, "there is no lock file '%s'", path);
    if (found && !foreign) {
        slip_cleanup(slip_freep) char *absolute = slip_path_absolute(path);
        slip_strv_add(&front->inputs, absolute);
    }
    s->sources.lock = &front->lock;
    s->sources.locked = options->locked;
    s->sources.pull = options->pull;
    if (options->no_registry)
        s->sources.registry = NULL;
    return 0;
}

static void warn(void *user, const struct slip_warning *warning)
{
    slip_findings_take(((struct callbacks *)user)->findings, warning);
}

void slip_front_build_args(const struct slip_front_options *options, struct slip_strv *ret)
{
    for (size_t i = 0; i < options->build_args.n; i++) {
        const char *pair = options->build_args.v[i], *equals = strchr(pair, '=');
        slip_cleanup(slip_freep) char *name = slip_xstrndup(pair, strcspn(pair, "="));
        const char *value = equals ? equals + 1 : getenv(name);
        if (value)
            slip_strv_setenv(ret, name, value);
    }
}

/* --platform, or what the recipe says; both is fine when they mean the same. */
static int find_platform(const struct slip_front *front, const struct slip_front_options *options,
                         const char **ret, struct slip_error *err)
{
    const struct slip_values *said = &front->recipe.image.platforms;

    *ret = options->platform;
    if (!front->is_recipe || !said->n)
        return 0;
    *ret = said->v[0].text;
    slip_cleanup(slip_freep) char *here = slip_platform_normal(said->v[0].text);
    slip_cleanup(slip_freep) char *asked =
        slip_platform_normal(options->platform ? options->platform : said->v[0].text);
    if (here && asked && strcmp(here, asked) == 0)
        return 0;
    return slip_fail_at(err, said->v[0].at, "the recipe is for '%s', and --platform asks for '%s'",
                        said->v[0].text, options->platform);
}

int slip_front_plan(struct slip_front *front, struct slip_session *s,
                    const struct slip_front_options *options, struct slip_error *err)
{
    if (read_ignore(front, s, err) < 0 ||
        (!options->offline && !options->ignore_lock && open_lock(front, s, options, err) < 0))
        return -1;
    slip_cleanup(slip_strv_release) struct slip_strv contexts = SLIP_STRV_INIT;
    slip_strv_copy(&contexts, &options->contexts);
    for (size_t i = 0; i < front->ncontexts; i++)
        if (*front->contexts[i].name && !slip_strv_getenv(&contexts, front->contexts[i].name))
            slip_strv_setenv(&contexts, front->contexts[i].name, front->contexts[i].path);
    struct slip_findings shown = { .out = s->err };
    struct callbacks callbacks = { s, options->findings ? options->findings : &shown };
    slip_cleanup(slip_strv_release) struct slip_strv build_args = SLIP_STRV_INIT;
    slip_front_build_args(options, &build_args);
    const char *platform;
    if (find_platform(front, options, &platform, err) < 0)
        return -1;
    const struct slip_lower_options lower = {
        .build_args = &build_args,
        .target = options->target,
        .platform = platform,
        .contexts = &contexts,
        .labels = &options->labels,
        .ignore = front->contexts[0].ignore,
        .base_config = options->offline ? NULL : base_config,
        .warn = front->is_recipe ? NULL : warn,
        .all_stages = options->all_stages,
        .user = &callbacks,
    };
    int rc = slip_dockerfile_lower(&s->arena, &front->ast, &lower, &front->plan, err);
    if (!options->findings)
        slip_findings_end(&shown);
    return rc;
}

void slip_front_release(struct slip_front *front)
{
    slip_plan_release(&front->plan);
    slip_recipe_release(&front->recipe);
    slip_strv_release(&front->inputs);
    slip_lockfile_release(&front->lock);
}

void slip_front_options_release(struct slip_front_options *options)
{
    slip_strv_release(&options->build_args);
    slip_strv_release(&options->contexts);
    slip_strv_release(&options->labels);
}
