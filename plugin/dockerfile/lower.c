#include "dockerfile/lower.h"

#include <string.h>
#include <strings.h>

#include "dockerfile/lowering.h"
#include "plan/ignore.h"
#include "plan/remote.h"
#include "util/json.h"
#include "util/str.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* For display and history: what stands in a URL to log in is for its host alone. */
static const char *line_of(struct lowering *lo, const struct slip_instruction *ins)
{
    slip_cleanup(slip_buf_release) struct slip_buf line = SLIP_BUF_INIT, shown = SLIP_BUF_INIT;
    const struct slip_instruction *what = ins->trigger ? ins->trigger : ins;

    slip_instruction_line(ins, &line);
    if (what->kind != SLIP_INS_ADD && what->kind != SLIP_INS_COPY)
        return slip_arena_strdup(lo->arena, slip_buf_str(&line));
    slip_remote_redact(&shown, slip_buf_str(&line));
    return slip_arena_strdup(lo->arena, slip_buf_str(&shown));
}

struct slip_step *slip_lower_step(struct lowering *lo, enum slip_op op,
                                  const struct slip_instruction *ins)
{
    struct lower_stage *st = lo->now;
    struct slip_stage *stage = st->stage;
    struct slip_step *step = slip_arena_alloc(lo->arena, sizeof *step);

    *step = (struct slip_step){ .op = op,
                                .stage = stage,
                                .parent = stage->nsteps ? stage->steps[stage->nsteps - 1] : NULL,
                                .at = ins->at,
                                .text = line_of(lo, ins) };
    if (stage->nsteps == st->steps_cap) {
        st->steps_cap = st->steps_cap ? 2 * st->steps_cap : 8;
        struct slip_step **larger = slip_arena_alloc(lo->arena, st->steps_cap * sizeof *larger);
        if (stage->nsteps)
            memcpy(larger, stage->steps, stage->nsteps * sizeof *larger);
        stage->steps = larger;
    }
    stage->steps[stage->nsteps++] = step;
    return step;
}

void slip_lower_history(struct lowering *lo, const struct slip_instruction *ins, bool has_layer)
{
    json_t *entry = json_object(), *text = json_string(line_of(lo, ins));

    json_object_set_new(entry, "created_by",
                        text ? text : json_string(slip_instruction_name(ins->kind)));
    if (!has_layer)
        json_object_set_new(entry, "empty_layer", json_true());
    json_object_set_new(entry, "comment", json_string("slipway"));
    json_array_append_new(lo->now->stage->history, entry);
}

/* --- one stage --------------------------------------------------------------------------- */

static void copy_variables(struct slip_map *to, const struct slip_map *from)
{
    for (size_t i = 0; i < from->n; i++)
        slip_map_set(to, from->entries[i].key, from->entries[i].value);
}

static void take_env(struct lowering *lo, struct lower_stage *st, const json_t *env)
{
    size_t i;
    json_t *item;

    json_array_foreach (env, i, item) {
        const char *pair = json_string_value(item);
        size_t n = pair ? strcspn(pair, "=") : 0;
        slip_cleanup(slip_freep) char *name = slip_xstrndup(pair ? pair : "", n);
        if (pair && pair[n])
            slip_lower_set(lo, &st->env, name, pair + n + 1);
    }
    if (!slip_map_get(&st->env, "PATH"))
        slip_lower_set(lo, &st->env, "PATH", DEFAULT_PATH);
}

static void put_env(struct lower_stage *st)
{
    slip_cleanup(slip_strv_release) struct slip_strv pairs = SLIP_STRV_INIT;

    slip_lower_pairs(&st->env, &pairs);
    json_object_set_new(st->stage->config, "Env", slip_json_from_strv(&pairs));
}

static void begin_config(struct lowering *lo, struct lower_stage *st)
{
    if (st->base.origin == SLIP_FROM_STAGE) {
        const struct lower_stage *base = slip_lower_stage_of(lo, st->base.stage);
        st->stage->config = json_deep_copy(base->stage->config);
        copy_variables(&st->vars, &base->vars);
        copy_variables(&st->known, &base->known);
        st->workdir_set = base->workdir_set;
    } else if (json_is_object(st->base_config)) {
        st->stage->config = json_deep_copy(st->base_config);
    } else {
        st->stage->config = json_pack("{s:s}", "WorkingDir", "/");
    }
    if (st->base.origin == SLIP_FROM_STAGE)
        st->stage->author = slip_lower_stage_of(lo, st->base.stage)->stage->author;
    json_object_del(st->stage->config, "OnBuild"); /* its triggers run in this stage */
    take_env(lo, st, json_object_get(st->stage->config, "Env"));
    copy_variables(&st->vars, &st->env); /* again over ARGs that a stage below declared */
    put_env(st);
    st->stage->history = json_array();
}

static int lower_instruction(struct lowering *lo, const struct slip_instruction *ins)
{
    switch (ins->kind) {
    case SLIP_INS_ARG:
        return slip_lower_arg(lo, ins);
    case SLIP_INS_RUN:
        return slip_lower_run(lo, ins);
    case SLIP_INS_COPY:
    case SLIP_INS_ADD:
        return slip_lower_copy(lo, ins);
    case SLIP_INS_WORKDIR:
        return slip_lower_workdir(lo, ins);
    default:
        return slip_lower_config(lo, ins);
    }
}

static struct slip_step *base_step(struct lowering *lo, struct lower_stage *st)
{
    struct slip_step *step = slip_lower_step(lo, SLIP_OP_BASE, st->from);

    step->base.input = st->base;
    step->base.platform = st->platform ? st->platform : lo->platform;
    return step;
}

static int lower_stage(struct lowering *lo, struct lower_stage *st)
{
    lo->now = st;
    begin_config(lo, st);
    base_step(lo, st);
    for (size_t i = 0; i < st->ntriggers; i++)
        if (lower_instruction(lo, st->triggers[i]) < 0)
            return -1;
    for (size_t i = 0; i < st->nown; i++)
        if (lower_instruction(lo, st->own[i]) < 0)
            return -1;
    put_env(st);
    return 0;
}

/* A stage that is not needed is only shown, but what FROM and --from say must make sense. */
static int sketch_stage(struct lowering *lo, struct lower_stage *st)
{
    lo->now = st;
    lo->quiet = true;
    int rc = slip_lower_resolve(lo, st) < 0 || slip_lower_check_sources(lo, st) < 0 ? -1 : 0;
    lo->quiet = false;
    if (rc == 0)
        base_step(lo, st);
    return rc;
}

static int set_labels(struct lowering *lo, struct slip_stage *target)
{
    const struct slip_strv *labels = lo->options->labels;
    json_t *object = json_object_get(target->config, "Labels");

    if (!labels || !labels->n)
        return 0;
    if (!json_is_object(object)) {
        object = json_object();
        json_object_set_new(target->config, "Labels", object);
    }
    for (size_t i = 0; i < labels->n; i++) {
        size_t n = strcspn(labels->v[i], "=");
        slip_cleanup(slip_freep) char *key = slip_xstrndup(labels->v[i], n);
        json_t *value = json_string(labels->v[i][n] ? labels->v[i] + n + 1 : "");
        if (!n || !value || json_object_set_new(object, key, value) < 0)
            return slip_fail(lo->err, SLIP_EUSAGE, "'%.64s' is not a label", labels->v[i]);
    }
    return 0;
}

static bool is_declared(const struct lowering *lo, const char *name, size_t n)
{
    for (size_t i = 0; i < lo->ast->ninstructions; i++) {
        const struct slip_instruction *ins = lo->ast->instructions[i];
        for (size_t a = 0; ins->kind == SLIP_INS_ARG && a < ins->nargs; a++)
            if (strncmp(ins->args[a].text, name, n) == 0 &&
                (!ins->args[a].text[n] || ins->args[a].text[n] == '='))
                return true;
    }
    return false;
}

/* Proxies and what talks to the builder itself need no ARG. */
static bool is_predefined(const struct lowering *lo, const char *name)
{
    static const char *const proxies[] = { "http_proxy", "https_proxy", "ftp_proxy", "no_proxy",
                                           "all_proxy" };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(proxies); i++)
        if (strcasecmp(name, proxies[i]) == 0)
            return true;
    return slip_starts_with(name, "BUILDKIT_") || strcmp(name, "SOURCE_DATE_EPOCH") == 0 ||
           slip_map_get(&lo->globals, name);
}

static void warn_unused_args(struct lowering *lo)
{
    const struct slip_strv *args = lo->options->build_args;

    for (size_t i = 0; args && i < args->n; i++) {
        size_t n = strcspn(args->v[i], "=");
        slip_cleanup(slip_freep) char *name = slip_xstrndup(args->v[i], n);
        if (!is_declared(lo, name, n) && !is_predefined(lo, name))
            slip_lint_warn(lo, "UnusedBuildArg", (struct slip_span){ 0 },
                           "the build argument '%s' is not used: no ARG declares it", name);
    }
}

static int lower(struct lowering *lo)
{
    lo->plan->ignore = lo->options->ignore;
    lo->plan->args = json_object();
    if (slip_lint_setup(lo) < 0 ||
        slip_ignore_compile(lo->options->ignore, &lo->ignore, lo->err) < 0 ||
        slip_lower_stages(lo) < 0)
        return -1;
    slip_lint_tree(lo);
    struct lower_stage *target = slip_lower_target(lo);
    bool named = lo->options->target && *lo->options->target;
    if (!target || slip_lower_globals(lo, target) < 0 ||
        slip_lower_collect(lo, lo->options->all_stages && !named ? NULL : target) < 0)
        return -1;
    for (size_t i = 0; i < lo->nstages; i++) {
        struct lower_stage *st = &lo->stages[i];
        if ((st->collected ? lower_stage(lo, st) : sketch_stage(lo, st)) < 0)
            return -1;
    }
    if (set_labels(lo, target->stage) < 0)
        return -1;
    warn_unused_args(lo);
    slip_plan_prune(lo->plan, target->stage);
    return slip_lint_finish(lo);
}

static void release(struct lowering *lo)
{
    for (size_t i = 0; i < lo->nstages; i++) {
        json_decref(lo->stages[i].base_config);
        slip_map_release(&lo->stages[i].env);
        slip_map_release(&lo->stages[i].vars);
        slip_map_release(&lo->stages[i].known);
    }
    slip_map_release(&lo->names);
    slip_map_release(&lo->globals);
    slip_map_release(&lo->global_names);
    slip_strv_release(&lo->skip);
    slip_strv_release(&lo->experimental);
    slip_ignore_free(lo->ignore);
}

int slip_dockerfile_lower(struct slip_arena *arena, const struct slip_dockerfile *ast,
                          const struct slip_lower_options *options, struct slip_plan *ret,
                          struct slip_error *err)
{
    slip_cleanup(release) struct lowering lo = {
        .arena = arena, .ast = ast, .options = options, .plan = ret, .err = err
    };

    *ret = (struct slip_plan){ .arena = arena };
    return lower(&lo);
}
