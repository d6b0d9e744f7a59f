#include "recipe/runtime.h"

#include <string.h>

#include "recipe/builder.h"
#include "recipe/quote.h"
#include "recipe/template.h"
#include "util/fs.h"
#include "util/str.h"

/* A number, so that no passwd is needed, and the one that distroless images use. */
#define DEFAULT_USER "65532:65532"

struct slip_instruction *slip_runtime_word(struct slip_dockerfile *to,
                                           enum slip_instruction_kind kind,
                                           const struct slip_value *value)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    struct slip_instruction *ins =
        slip_ast_add(to, kind, value->key.src ? slip_span_of_key(value->key) : value->at);

    slip_quote_word(&text, value->text);
    slip_instruction_arg(to, ins, slip_buf_str(&text), value->at);
    return ins;
}

void slip_runtime_pair(struct slip_dockerfile *to, enum slip_instruction_kind kind,
                       const struct slip_value *pair)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    struct slip_instruction *ins = slip_ast_add(to, kind, pair->at);
    const char *equal = strchr(pair->text, '=');

    slip_buf_put(&text, pair->text, (size_t)(equal + 1 - pair->text));
    slip_quote_pair_value(&text, equal + 1);
    slip_instruction_arg(to, ins, slip_buf_str(&text), pair->at);
}

/* Words of one instruction; a blank, or what would begin a heredoc, asks for the JSON form. */
static void add_word(struct slip_dockerfile *to, struct slip_instruction *ins,
                     const struct slip_value *value)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    slip_quote_word(&text, value->text);
    if (ins->kind != SLIP_INS_EXPOSE && (strpbrk(value->text, " \t") || strstr(value->text, "<<")))
        ins->json = true;
    slip_instruction_arg(to, ins, slip_buf_str(&text), value->at);
}

static void add_flag(struct slip_dockerfile *to, struct slip_instruction *ins, const char *name,
                     const struct slip_value *value)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    if (!value->text)
        return;
    slip_quote_word(&text, value->text);
    slip_instruction_flag(to, ins, name, slip_buf_str(&text), value->at);
}

static void add_copy(struct slip_dockerfile *to, const struct slip_recipe_copy *copy)
{
    struct slip_instruction *ins = slip_ast_add(to, SLIP_INS_COPY, slip_span_of_key(copy->src.key));

    add_flag(to, ins, "from", &copy->from);
    add_flag(to, ins, "chown", &copy->chown);
    add_flag(to, ins, "chmod", &copy->chmod);
    if (slip_value_is_yes(&copy->link, false))
        slip_instruction_flag(to, ins, "link", NULL, copy->link.at);
    for (size_t i = 0; i < copy->src.n; i++)
        add_word(to, ins, &copy->src.v[i]);
    add_word(to, ins, &copy->dst);
}

/* May a copy bring the entrypoint, so that the installed files need not have it? */
static bool copies_bring(const struct slip_recipe *recipe, const char *program)
{
    const char *name = slip_path_base(program);

    for (size_t i = 0; i < recipe->ncopies; i++) {
        const struct slip_recipe_copy *copy = recipe->copies[i];
        if (strcmp(slip_path_base(copy->dst.text), name) == 0)
            return true;
        for (size_t k = 0; k < copy->src.n; k++) {
            const char *src = copy->src.v[k].text;
            if (strcmp(slip_path_base(src), name) == 0 || strpbrk(src, "*?[") ||
                slip_ends_with(src, "/") || strcmp(src, ".") == 0)
                return true;
        }
    }
    return false;
}

/* The names of [build] only; what `files` puts there was asked for by name, too. */
static void add_only(struct slip_params *params, const struct slip_recipe *recipe,
                     struct slip_span at)
{
    const struct slip_values *files = &recipe->build.files;
    struct slip_values only = { .key = recipe->build.only.key };

    slip_values_append(params->arena, &only, &recipe->build.only);
    for (size_t i = 0; only.n && i < files->n; i++) {
        const char *to = strrchr(files->v[i].text, ':') + 1, *base = slip_path_base(to);
        slip_cleanup(slip_freep) char *from =
            slip_xstrndup(files->v[i].text, (size_t)(to - 1 - files->v[i].text));
        if (!*base)
            base = slip_arena_strdup(params->arena, slip_path_base(from));
        slip_values_add(params->arena, &only,
                        (struct slip_value){ base, files->v[i].at, files->key });
    }
    slip_param_list(params, "only", &only, at);
}

/* CLASS=GLOB for everything in [classes]. */
static void add_class_of(struct slip_params *params, const struct slip_recipe *recipe,
                         struct slip_span at)
{
    const struct slip_recipe_classes *classes = &recipe->classes;
    const struct {
        const char *name;
        const struct slip_values *globs;
    } lists[] = { { "runtime", &classes->runtime },
                  { "dev", &classes->dev },
                  { "doc", &classes->doc },
                  { "debug", &classes->debug },
                  { "none", &classes->none } };
    struct slip_values all = { 0 };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(lists); i++)
        for (size_t k = 0; k < lists[i].globs->n; k++) {
            const struct slip_value *glob = &lists[i].globs->v[k];
            slip_cleanup(slip_freep) char *text =
                slip_xasprintf("%s=%s", lists[i].name, glob->text);
            slip_values_add(
                params->arena, &all,
                (struct slip_value){ slip_arena_strdup(params->arena, text), glob->at, glob->key });
        }
    if (all.n)
        all.key = all.v[0].key;
    slip_param_list(params, "class-of", &all, at);
}

/* Which of the installed files are meant. */
static void add_choice(struct slip_params *params, const struct slip_recipe *recipe,
                       const struct slip_project *project)
{
    slip_param_word(params, "installed", project->installs ? "yes" : NULL, params->at);
    slip_param_list(params, "classes", &recipe->runtime.classes, params->at);
    slip_param_word(params, "destdir", SLIP_RECIPE_DESTDIR, params->at);
    add_only(params, recipe, params->at);
    add_class_of(params, recipe, params->at);
}

static int add_installed(struct slip_arena *arena, const struct slip_recipe *recipe,
                         const struct slip_project *project, struct slip_dockerfile *to,
                         struct slip_error *err)
{
    static const struct slip_values none;
    const struct slip_recipe_runtime *runtime = &recipe->runtime;
    struct slip_params params = { .arena = arena, .args = &recipe->args };
    const struct slip_values *run = &recipe->image.entrypoint;
    const char *program = run->n && !copies_bring(recipe, run->v[0].text) ? run->v[0].text : NULL;

    params.at = slip_recipe_place(recipe, (struct slip_span){ 0 }, "runtime");
    add_choice(&params, recipe, project);
    slip_param_word(&params, "closure", slip_value_is_yes(&runtime->closure, true) ? "yes" : NULL,
                    params.at);
    slip_param_word(&params, "strip", slip_value_is_yes(&runtime->strip, true) ? "yes" : NULL,
                    params.at);
    slip_param_list(&params, "dlopen", &runtime->dlopen, params.at);
    slip_param_list(&params, "data", &runtime->data, params.at);
    slip_param_word(&params, "strict", slip_value_is_yes(&runtime->strict, false) ? "yes" : NULL,
                    runtime->strict.text ? runtime->strict.at : params.at);
    slip_param_list(&params, "acknowledge", &runtime->acknowledge, params.at);
    slip_param_list(&params, "sysroot", project->stands_in ? &none : &recipe->toolchain.sysroot,
                    params.at);
    slip_param_literal(&params, "entrypoint", program, run->n ? run->v[0].at : params.at);
    return slip_template_expand(project->runtime, &params, to, err);
}

static void add_command(struct slip_arena *arena, struct slip_dockerfile *to,
                        enum slip_instruction_kind kind, const struct slip_values *command)
{
    if (!command->key.src)
        return;
    const char **argv = slip_arena_alloc(arena, (command->n + 1) * sizeof *argv);
    struct slip_instruction *ins = slip_ast_add(to, kind, slip_span_of_key(command->key));
    for (size_t i = 0; i < command->n; i++)
        argv[i] = command->v[i].text;
    slip_instruction_exec(to, ins, argv, ins->at);
    for (size_t i = 0; i < command->n; i++) /* HEALTHCHECK has its CMD in front */
        ins->args[ins->nargs - command->n + i].at = command->v[i].at;
}

static void add_healthcheck(struct slip_arena *arena, struct slip_dockerfile *to,
                            const struct slip_values *command)
{
    if (command->n == 1 && strcmp(command->v[0].text, "none") == 0)
        slip_instruction_arg(to,
                             slip_ast_add(to, SLIP_INS_HEALTHCHECK, slip_span_of_key(command->key)),
                             "NONE", command->v[0].at);
    else if (command->n)
        add_command(arena, to, SLIP_INS_HEALTHCHECK, command);
}

static void add_words(struct slip_dockerfile *to, enum slip_instruction_kind kind,
                      const struct slip_values *words)
{
    if (!words->n)
        return;
    struct slip_instruction *ins = slip_ast_add(to, kind, slip_span_of_key(words->key));
    for (size_t i = 0; i < words->n; i++)
        add_word(to, ins, &words->v[i]);
}

static void add_config(struct slip_arena *arena, const struct slip_recipe *recipe,
                       struct slip_dockerfile *to)
{
    const struct slip_recipe_image *image = &recipe->image;
    struct slip_span at = slip_recipe_place(recipe, (struct slip_span){ 0 }, "image");
    struct slip_value user = { DEFAULT_USER, at, at };

    for (size_t i = 0; i < image->env.n; i++)
        slip_runtime_pair(to, SLIP_INS_ENV, &image->env.v[i]);
    for (size_t i = 0; i < image->labels.n; i++)
        slip_runtime_pair(to, SLIP_INS_LABEL, &image->labels.v[i]);
    add_words(to, SLIP_INS_EXPOSE, &image->expose);
    add_words(to, SLIP_INS_VOLUME, &image->volumes);
    if (image->stopsignal.text)
        slip_runtime_word(to, SLIP_INS_STOPSIGNAL, &image->stopsignal);
    add_healthcheck(arena, to, &image->healthcheck);
    if (image->user.text)
        slip_runtime_word(to, SLIP_INS_USER, &image->user);
    else
        slip_instruction_arg(to, slip_ast_add(to, SLIP_INS_USER, at), user.text, at);
    if (image->workdir.text) /* behind USER, whose directory it then is */
        slip_runtime_word(to, SLIP_INS_WORKDIR, &image->workdir);
    add_command(arena, to, SLIP_INS_ENTRYPOINT, &image->entrypoint);
    add_command(arena, to, SLIP_INS_CMD, &image->cmd);
}

int slip_runtime_add(struct slip_arena *arena, const struct slip_recipe *recipe,
                     const struct slip_project *project, struct slip_dockerfile *to,
                     struct slip_error *err)
{
    if (add_installed(arena, recipe, project, to, err) < 0)
        return -1;
    for (size_t i = 0; i < recipe->ncopies; i++)
        add_copy(to, recipe->copies[i]);
    add_config(arena, recipe, to);
    return 0;
}

int slip_runtime_add_debug(struct slip_arena *arena, const struct slip_recipe *recipe,
                           const struct slip_project *project, struct slip_dockerfile *to,
                           struct slip_error *err)
{
    struct slip_params params = {
        .arena = arena,
        .args = &recipe->args,
        .at = slip_span_of_key(recipe->image.debug_image.key),
    };

    add_choice(&params, recipe, project);
    return slip_template_expand(project->debug, &params, to, err);
}
