#include "recipe/lower.h"

#include <string.h>

#include "recipe/builder.h"
#include "recipe/graft.h"
#include "recipe/keys.h"
#include "recipe/project.h"
#include "recipe/quote.h"
#include "recipe/runtime.h"
#include "recipe/template.h"
#include "util/fs.h"
#include "util/str.h"

enum visit { NEW, ACTIVE, DONE };

struct lowering {
    struct slip_arena *arena;
    const struct slip_recipe *recipe;
    const struct slip_recipe_options *options;
    const struct slip_project *project;
    struct slip_dockerfile *ast;
    unsigned nstages; /* of the recipe's that are there already */
    enum visit *seen; /* of each stage of the recipe, then of the generated builder */
    struct slip_error *err;
};

static bool uses(const struct slip_instruction *ins, const struct slip_span name)
{
    const char *word = name.src->text + name.off;

    for (size_t i = 0; i < ins->nargs; i++)
        if (slip_uses_variable(ins->args[i].text, word, name.len))
            return true;
    for (size_t i = 0; i < ins->nflags; i++)
        if (ins->flags[i].value && slip_uses_variable(ins->flags[i].value, word, name.len))
            return true;
    for (size_t i = 0; i < ins->nheredocs; i++)
        if (slip_uses_variable(ins->heredocs[i].text, word, name.len))
            return true;
    return false;
}

/* A stage only sees a variable that it names itself: ARG behind its FROM, for those it uses. */
static void declare_args(struct slip_dockerfile *ast, const struct slip_recipe *recipe, size_t from)
{
    size_t end = ast->ninstructions, added = 0;

    for (size_t i = 0; i < recipe->args.n; i++) {
        struct slip_span key = recipe->args.v[i].key;
        bool used = false;
        for (size_t k = from + 1; k < end && !used; k++)
            used = uses(ast->instructions[k], key);
        if (!used)
            continue;
        struct slip_instruction *arg = slip_ast_add(ast, SLIP_INS_ARG, key);
        slip_instruction_arg(ast, arg, slip_span_text(ast->arena, key), key);
        memmove(&ast->instructions[from + 2 + added], &ast->instructions[from + 1 + added],
                (ast->ninstructions - from - 2 - added) * sizeof *ast->instructions);
        ast->instructions[from + 1 + added++] = arg;
    }
}

static void add_global_args(struct lowering *l)
{
    for (size_t i = 0; i < l->recipe->args.n; i++) {
        const struct slip_value *arg = &l->recipe->args.v[i];
        slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
        struct slip_instruction *ins = slip_ast_add(l->ast, SLIP_INS_ARG, arg->key);
        slip_buf_put(&text, arg->key.src->text + arg->key.off, arg->key.len);
        slip_buf_putc(&text, '=');
        slip_quote_pair_value(&text, arg->text);
        slip_instruction_arg(l->ast, ins, slip_buf_str(&text), slip_span_of_key(arg->key));
    }
}

/* FROM and packages of a stage, by the template that knows its base. */
static int add_base(struct lowering *l, const char *template, const char *stage, const char *base,
                    struct slip_span base_at, const struct slip_values *packages)
{
    struct slip_params params = { .arena = l->arena, .args = &l->recipe->args, .at = base_at };

    slip_param_word(&params, "stage", stage, base_at);
    slip_param_word(&params, "base", base, base_at);
    slip_param_list(&params, "packages", packages, base_at);
    return slip_template_expand(template, &params, l->ast, l->err);
}

/* What a machine that builds such projects has; a tree or a host does not say. */
static void add_usual_packages(struct lowering *l, struct slip_span at, struct slip_values *to)
{
    static const struct {
        const char *toolchain, *system, *packages[8];
    } usual[] = {
        { "alpine.", "cmake", { "build-base", "cmake", "ninja" } },
        { "alpine.", "autotools", { "build-base", "autoconf", "automake", "libtool", "pkgconf" } },
        { "alpine.", "", { "build-base", "pkgconf" } },
        { "fedora.", "cmake", { "gcc", "gcc-c++", "make", "cmake", "ninja-build" } },
        { "fedora.",
          "autotools",
          { "gcc", "gcc-c++", "make", "autoconf", "automake", "libtool", "pkgconf" } },
        { "fedora.", "", { "gcc", "gcc-c++", "make", "pkgconf" } },
        { "", "cmake", { "build-essential", "cmake", "ninja-build" } },
        { "", "autotools", { "build-essential", "autoconf", "automake", "libtool", "pkg-config" } },
        { "", "", { "build-essential", "pkg-config" } },
    };
    const char *name = slip_path_base(l->project->toolchain);

    for (size_t i = 0; i < SLIP_ARRAY_LEN(usual); i++) {
        if (!slip_starts_with(name, usual[i].toolchain) ||
            (*usual[i].system && strcmp(usual[i].system, l->project->system) != 0))
            continue;
        for (const char *const *p = usual[i].packages; *p; p++)
            slip_values_add(l->arena, to, (struct slip_value){ *p, at, at });
        return;
    }
}

/* A step that names this machine's build tree means nothing where there is none. */
static int check_script(const struct lowering *l, const struct slip_script *script)
{
    const char *dir = l->project->dir;

    if (!l->project->stands_in || !dir || !script->text || !strstr(script->text, dir))
        return 0;
    slip_fail_at(l->err, script->at, "this step needs the build tree '%s' of this machine", dir);
    return slip_error_hint(l->err, "other builders have none: leave the key out, or write the "
                                   "step for a build directory called /build");
}

/* Steps run on this machine, whatever the image is for. */
static void stay_here(struct lowering *l, size_t from)
{
    const struct slip_values *platforms = &l->recipe->image.platforms;
    struct slip_instruction *ins = l->ast->instructions[from];

    if (platforms->n && !l->project->stands_in && strcmp(ins->args[0].text, "host") != 0)
        slip_instruction_flag(l->ast, ins, "platform", "$BUILDPLATFORM", platforms->v[0].at);
}

static int add_builder(struct lowering *l)
{
    const struct slip_recipe *recipe = l->recipe;
    const struct slip_project *project = l->project;
    struct slip_values packages = recipe->toolchain.packages;
    struct slip_params params = { .arena = l->arena,
                                  .args = &recipe->args,
                                  .at =
                                      slip_recipe_place(recipe, (struct slip_span){ 0 }, "build") };
    struct slip_span use = recipe->toolchain.use.text
                               ? slip_span_of_key(recipe->toolchain.use.key)
                               : slip_recipe_place(recipe, (struct slip_span){ 0 }, "toolchain");
    size_t from = l->ast->ninstructions;

    if (check_script(l, &recipe->build.build) < 0 || check_script(l, &recipe->build.install) < 0)
        return -1;
    if (project->stands_in && !packages.n)
        add_usual_packages(l, use, &packages);
    if (add_base(l, project->toolchain, "build", project->base, use, &packages) < 0 ||
        slip_builder_params(recipe, l->options, project, &params, l->err) < 0 ||
        slip_template_expand(project->build, &params, l->ast, l->err) < 0 ||
        (project->files && slip_template_expand(project->files, &params, l->ast, l->err) < 0))
        return -1;
    stay_here(l, from);
    declare_args(l->ast, recipe, from);
    return 0;
}

static void add_pairs(struct slip_dockerfile *ast, enum slip_instruction_kind kind,
                      const struct slip_values *pairs)
{
    for (size_t i = 0; i < pairs->n; i++)
        slip_runtime_pair(ast, kind, &pairs->v[i]);
}

static int add_install(struct lowering *l, const struct slip_script *script)
{
    struct slip_instruction *env = slip_ast_add(l->ast, SLIP_INS_ENV, script->at);
    struct slip_instruction *run = slip_ast_add(l->ast, SLIP_INS_RUN, script->at);

    slip_instruction_pair(l->ast, env, "DESTDIR", SLIP_RECIPE_DESTDIR, script->at);
    slip_instruction_flag(l->ast, run, "install", NULL, script->at);
    slip_template_script(l->ast, run, script);
    return 0;
}

/* Packages in a stage of the user's: by the base that it stands on. */
static int add_packages(struct lowering *l, const struct slip_recipe_stage *stage,
                        const struct slip_values *packages)
{
    const char *base = stage->from.text ? stage->from.text : "scratch";
    const char *template;

    if (strcmp(base, "scratch") == 0 || strcmp(base, "host") == 0) {
        slip_fail_at(l->err, packages->v[0].at, "nothing can be installed into '%s'", base);
        return slip_error_hint(l->err, "set 'from =' to a base that has a package manager");
    }
    template = slip_project_base_template(l->arena, l->options, base, l->err);
    return template ? add_base(l, template, NULL, NULL, slip_span_of_key(packages->key), packages)
                    : -1;
}

static int add_step(struct lowering *l, const struct slip_recipe_stage *stage,
                    const struct slip_recipe_step *step)
{
    const char *key = step->key->name;
    enum slip_instruction_kind kind = slip_instruction_kind_of(key, strlen(key));

    if (step->script.text)
        return strcmp(key, "install") == 0 ? add_install(l, &step->script)
                                           : slip_graft_script(l->ast, &step->script, l->err);
    if (strcmp(key, "packages") == 0)
        return step->values.n ? add_packages(l, stage, &step->values) : 0;
    if (strcmp(key, "env") == 0)
        add_pairs(l->ast, SLIP_INS_ENV, &step->values);
    for (size_t i = 0; i < step->values.n; i++) {
        if (kind == SLIP_INS_WORKDIR || kind == SLIP_INS_USER)
            slip_runtime_word(l->ast, kind, &step->values.v[i]);
        else if ((kind == SLIP_INS_RUN || kind == SLIP_INS_COPY) &&
                 slip_graft_line(l->ast, slip_instruction_name(kind), &step->values.v[i], l->err) <
                     0)
            return -1;
    }
    return 0;
}

static int add_stage(struct lowering *l, const struct slip_recipe_stage *stage)
{
    size_t first = l->ast->ninstructions;
    struct slip_span at = stage->from.text ? slip_span_of_key(stage->from.key) : stage->at;
    struct slip_value base = { stage->from.text ? stage->from.text : "scratch", at, at };
    struct slip_instruction *from = slip_runtime_word(l->ast, SLIP_INS_FROM, &base);

    if (stage->platform.text)
        slip_instruction_flag(l->ast, from, "platform", stage->platform.text, stage->platform.at);
    slip_cleanup(slip_freep) char *number = slip_xasprintf("stage-%u", l->nstages++);
    if (strcmp(stage->name, number) != 0) { /* which is its name anyway */
        slip_instruction_arg(l->ast, from, "AS", stage->at);
        slip_instruction_arg(l->ast, from, stage->name, stage->at);
    }
    for (size_t i = 0; i < stage->nsteps; i++)
        if (add_step(l, stage, &stage->steps[i]) < 0)
            return -1;
    if (!l->recipe->image.stage.text)
        declare_args(l->ast, l->recipe, first);
    return 0;
}

/* "from=name" as a whole word, which is how a step reads from a stage. */
static bool reads_from(const char *text, const char *name)
{
    size_t n = strlen(name);

    for (const char *p = text ? strstr(text, "from=") : NULL; p; p = strstr(p + 5, "from="))
        if (strncmp(p + 5, name, n) == 0 &&
            !strpbrk((char[]){ p[5 + n], 0 }, "abcdefghijklmnopqrstuvwxyz0123456789_.-"))
            return true;
    return false;
}

static bool depends(const struct slip_recipe_stage *stage, const char *name)
{
    if (stage->from.text && strcmp(stage->from.text, name) == 0)
        return true;
    for (size_t i = 0; i < stage->nsteps; i++) {
        const struct slip_recipe_step *step = &stage->steps[i];
        if (reads_from(step->script.text, name))
            return true;
        for (size_t k = 0; k < step->values.n; k++)
            if (reads_from(step->values.v[k].text, name))
                return true;
    }
    return false;
}

static int visit(struct lowering *l, size_t i);

static int visit_builder(struct lowering *l)
{
    const char *use = l->project->base;

    for (size_t k = 0; use && k < l->recipe->nstages; k++)
        if (strcmp(l->recipe->stages[k]->name, use) == 0 && visit(l, k) < 0)
            return -1;
    return add_builder(l);
}

static int visit_stage(struct lowering *l, const struct slip_recipe_stage *stage)
{
    for (size_t k = 0; k < l->recipe->nstages; k++)
        if (l->recipe->stages[k] != stage && depends(stage, l->recipe->stages[k]->name) &&
            visit(l, k) < 0)
            return -1;
    if (l->project->build && depends(stage, "build") && visit(l, l->recipe->nstages) < 0)
        return -1;
    return add_stage(l, stage);
}

/* What a stage reads from stands before it. */
static int visit(struct lowering *l, size_t i)
{
    bool own = i < l->recipe->nstages;

    if (l->seen[i] == DONE)
        return 0;
    if (l->seen[i] == ACTIVE) {
        struct slip_span at = own ? l->recipe->stages[i]->at : l->recipe->toolchain.use.at;
        slip_fail_at(l->err, at, "this stage needs itself, by way of others");
        return slip_error_hint(l->err,
                               "follow 'from =' and '--from=' from here; one of them must go");
    }
    l->seen[i] = ACTIVE;
    if (own ? visit_stage(l, l->recipe->stages[i]) < 0 : visit_builder(l) < 0)
        return -1;
    l->seen[i] = DONE;
    return 0;
}

static int add_stages(struct lowering *l)
{
    for (size_t i = 0; i < l->recipe->nstages; i++)
        if (visit(l, i) < 0)
            return -1;
    return l->project->build ? visit(l, l->recipe->nstages) : 0;
}

/* The image is a stage of the recipe, which stands last. */
static int add_only_stages(struct lowering *l)
{
    const struct slip_recipe *recipe = l->recipe;
    const struct slip_value *target = &recipe->image.stage;
    size_t last = 0;

    if (recipe->image.steps.text && slip_graft_script(l->ast, &recipe->image.steps, l->err) < 0)
        return -1;
    for (size_t i = 0; i < recipe->nstages; i++)
        if (strcmp(recipe->stages[i]->name, target->text) == 0)
            last = i;
        else if (visit(l, i) < 0)
            return -1;
    if (l->seen[last] != DONE)
        return visit(l, last);
    slip_fail_at(l->err, target->at,
                 "other stages need the stage '%s', which is to be the last one", target->text);
    return slip_error_hint(l->err, "name the last stage, or leave out those behind this one");
}

static int add_runtime(struct lowering *l)
{
    const struct slip_recipe *recipe = l->recipe;
    size_t first = l->ast->ninstructions;

    if (l->project->runtime_base &&
        add_base(l, l->project->runtime_base, "runtime", recipe->runtime.base.text,
                 slip_span_of_key(recipe->runtime.base.key), &recipe->runtime.packages) < 0)
        return -1;
    if (slip_runtime_add(l->arena, recipe, l->project, l->ast, l->err) < 0)
        return -1;
    declare_args(l->ast, recipe, first);
    first = l->ast->ninstructions;
    if (l->project->debug &&
        slip_runtime_add_debug(l->arena, recipe, l->project, l->ast, l->err) < 0)
        return -1;
    declare_args(l->ast, recipe, first);
    return 0;
}

int slip_recipe_lower(struct slip_arena *arena, const struct slip_recipe *recipe,
                      const struct slip_recipe_options *options, struct slip_dockerfile *ret,
                      struct slip_error *err)
{
    slip_cleanup(slip_freep) enum visit *seen = slip_xcalloc(recipe->nstages + 1, sizeof *seen);
    struct slip_dockerfile ast;
    struct slip_project project;
    struct lowering l = { arena, recipe, options, &project, &ast, 0, seen, err };

    slip_dockerfile_init(&ast, arena);
    if (slip_project_resolve(arena, recipe, options, &project, err) < 0)
        return -1;
    add_global_args(&l);
    if (recipe->image.stage.text ? add_only_stages(&l) < 0
                                 : add_stages(&l) < 0 || add_runtime(&l) < 0)
        return -1;
    *ret = ast;
    return 0;
}

int slip_recipe_needs(struct slip_arena *arena, const struct slip_recipe *recipe,
                      const struct slip_recipe_options *options, struct slip_recipe_needs *ret,
                      struct slip_error *err)
{
    static const struct slip_values none;
    struct slip_project project;

    if (slip_project_resolve(arena, recipe, options, &project, err) < 0)
        return -1;
    const char *const templates[] = { project.toolchain,    project.build,   project.files,
                                      project.runtime_base, project.runtime, project.debug };
    *ret = (struct slip_recipe_needs){ .context = project.source, .host_packages = &none };
    if (project.builder == SLIP_BUILDER_HOST || project.builder == SLIP_BUILDER_TREE)
        ret->host_packages = &recipe->toolchain.packages;
    if (project.builder == SLIP_BUILDER_TREE && project.dir &&
        strcmp(project.dir, project.source) != 0)
        slip_strv_addf(&ret->contexts, "build-tree=%s", project.dir);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(templates); i++)
        if (templates[i] && !slip_strv_has(&ret->templates, templates[i]))
            slip_strv_add(&ret->templates, templates[i]);
    return 0;
}

void slip_recipe_needs_release(struct slip_recipe_needs *needs)
{
    slip_strv_release(&needs->contexts);
    slip_strv_release(&needs->templates);
}
