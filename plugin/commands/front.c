#include "commands/front.h"

#include <errno.h>
#include <fcntl.h>

#include "build/host.h"
#include "commands/findings.h"
#include "commands/resource.h"
#include "dockerfile/lower.h"
#include "recipe/lower.h"
#include "util/fs.h"
#include "util/source.h"
#include "util/str.h"

#define IGNORE_LIMIT ((size_t)1 << 20)

static void add_context(struct slip_front *front, struct slip_arena *arena,
                        const struct slip_context *context)
{
    struct slip_context *grown = slip_arena_alloc(arena, (front->ncontexts + 1) * sizeof *grown);

    if (front->ncontexts)
        memcpy(grown, front->contexts, front->ncontexts * sizeof *grown);
    grown[front->ncontexts++] = *context;
    front->contexts = grown;
}

/* NAME=DIR of --build-context; images and roots are inputs of their own kind. */
static int add_named_contexts(struct slip_front *front, struct slip_arena *arena,
                              const struct slip_strv *list, struct slip_error *err)
{
    for (size_t i = 0; i < list->n; i++) {
        const char *equals = strchr(list->v[i], '=');
        if (!equals || equals == list->v[i] || !equals[1])
            return slip_fail(err, SLIP_EUSAGE, "--build-context takes NAME=DIR, not '%s'",
                             list->v[i]);
        const char *name = slip_arena_strndup(arena, list->v[i], (size_t)(equals - list->v[i]));
        if (strchr(equals + 1, ':') && access(equals + 1, F_OK) < 0)
            continue; /* oci:..., docker-image://...: lowering knows */
        const struct slip_context context = { .name = name,
                                              .path = slip_arena_strdup(arena, equals + 1) };
        add_context(front, arena, &context);
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

static int open_recipe(struct slip_front *front, struct slip_session *s, const char *file,
                       const struct slip_front_options *options, struct slip_error *err)
{
    slip_cleanup(slip_recipe_needs_release) struct slip_recipe_needs needs = SLIP_RECIPE_NEEDS_INIT;
    slip_cleanup(slip_freep) char *templates = slip_resource_path("templates", err);

    if (!templates || slip_recipe_read(&s->arena, file, &front->recipe, err) < 0)
        return -1;
    const struct slip_recipe_options how = {
        .templates = slip_arena_strdup(&s->arena, templates),
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
        .path = options->context ? options->context : ".",
    };

    if (slip_dockerfile_parse(&s->arena, front->source, &front->ast, err) < 0)
        return -1;
    add_context(front, &s->arena, &main_context);
    slip_cleanup(slip_freep) char *absolute = slip_path_absolute(file);
    slip_strv_add(&front->inputs, absolute);
    return 0;
}

static char *default_file(const struct slip_front_options *options)
{
    static const char *const names[] = { "Dockerfile", "Containerfile", "image.slipway" };
    const char *context = options->context ? options->context : ".";

    for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++) {
        char *path =
            strcmp(context, ".") == 0 ? slip_xstrdup(names[i]) : slip_path_join(context, names[i]);
        if (access(path, F_OK) == 0)
            return path;
        free(path);
    }
    return slip_xstrdup(names[0]);
}

int slip_front_open(struct slip_front *front, struct slip_session *s,
                    const struct slip_front_options *options, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *file =
        options->file ? slip_xstrdup(options->file) : default_file(options);

    front->source = slip_source_read(&s->arena, file, err);
    if (!front->source)
        return slip_error_hint(err, "name a recipe or a Dockerfile with -f");
    front->is_recipe = options->frontend
                           ? strcmp(options->frontend, "recipe") == 0
                           : slip_recipe_sniff(front->source->text, front->source->len);
    if (options->frontend && !front->is_recipe && strcmp(options->frontend, "dockerfile") != 0)
        return slip_fail(err, SLIP_EUSAGE, "--frontend is recipe or dockerfile, not '%s'",
                         options->frontend);
    if ((front->is_recipe ? open_recipe : open_dockerfile)(front, s, file, options, err) < 0)
        return -1;
    return add_named_contexts(front, &s->arena, &options->contexts, err);
}

/* The lines of <Dockerfile>.dockerignore, else of the context's .dockerignore. */
static int read_ignore(struct slip_front *front, struct slip_session *s, const char *const **ret,
                       struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *own = slip_xasprintf("%s.dockerignore", front->source->name);
    slip_cleanup(slip_freep) char *shared =
        slip_path_join(front->contexts[0].path, ".dockerignore");
    const char *path = access(own, F_OK) == 0 ? own : access(shared, F_OK) == 0 ? shared : NULL;
    slip_cleanup(slip_strv_release) struct slip_strv lines = SLIP_STRV_INIT;

    *ret = NULL;
    if (!path || front->is_recipe)
        return 0;
    if (slip_read_file(AT_FDCWD, path, IGNORE_LIMIT, &text, err) < 0)
        return -1;
    for (const char *p = slip_buf_str(&text); *p;) {
        size_t n = strcspn(p, "\n");
        slip_strv_addn(&lines, p, n);
        p += n + (p[n] == '\n');
    }
    const char **v = slip_arena_alloc(&s->arena, (lines.n + 1) * sizeof *v);
    for (size_t i = 0; i < lines.n; i++)
        v[i] = slip_arena_strdup(&s->arena, lines.v[i]);
    *ret = v;
    slip_cleanup(slip_freep) char *absolute = slip_path_absolute(path);
    slip_strv_add(&front->inputs, absolute);
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
    int found = slip_lockfile_read(&front->lock, &s->arena, path, err);

    if (found < 0)
        return -1;
    if (slip_session_store(s, err) < 0)
        return -1;
    if (!found && options->lockfile)
        return slip_fail(err, SLIP_EUSAGE, "there is no lock file '%s'", path);
    if (found) {
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

int slip_front_plan(struct slip_front *front, struct slip_session *s,
                    const struct slip_front_options *options, struct slip_error *err)
{
    const char *const *ignore;

    if (read_ignore(front, s, &ignore, err) < 0 ||
        (!options->offline && !options->ignore_lock && open_lock(front, s, options, err) < 0))
        return -1;
    slip_cleanup(slip_strv_release) struct slip_strv contexts = SLIP_STRV_INIT;
    slip_strv_copy(&contexts, &options->contexts);
    for (size_t i = 0; i < front->ncontexts; i++)
        if (*front->contexts[i].name)
            slip_strv_setenv(&contexts, front->contexts[i].name, front->contexts[i].path);
    struct slip_findings shown = { .out = s->err };
    struct callbacks callbacks = { s, options->findings ? options->findings : &shown };
    slip_cleanup(slip_strv_release) struct slip_strv build_args = SLIP_STRV_INIT;
    slip_front_build_args(options, &build_args);
    const struct slip_lower_options lower = {
        .build_args = &build_args,
        .target = options->target,
        .platform = options->platform,
        .contexts = &contexts,
        .labels = &options->labels,
        .ignore = ignore,
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
