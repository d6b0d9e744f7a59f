#include "dockerfile/lower.h"

#include <string.h>
#include <strings.h>

#include "dockerfile/lowering.h"
#include "plan/ignore.h"
#include "util/json.h"
#include "util/str.h"

/* Stages are followed one function call each. */
#define STAGES_MAX 1000
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const char *line_of(struct lowering *lo, const struct slip_instruction *ins)
{
    slip_cleanup(slip_buf_release) struct slip_buf line = SLIP_BUF_INIT;

    slip_instruction_line(ins, &line);
    return slip_arena_strdup(lo->arena, slip_buf_str(&line));
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

/* --- the table of stages ----------------------------------------------------------------- */

static bool is_stage_name(const char *name)
{
    return ((*name | 0x20) >= 'a' && (*name | 0x20) <= 'z') &&
           !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")];
}

static int name_stage(struct lowering *lo, struct lower_stage *st)
{
    const struct slip_word *word = &st->from->args[st->from->nargs - 1];
    char *name = slip_arena_strdup(lo->arena, word->text);

    for (char *p = name; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p += 'a' - 'A';
    if (!is_stage_name(name)) {
        slip_fail_at(lo->err, word->at, "'%.64s' cannot be the name of a stage", word->text);
        return slip_error_hint(lo->err, "it starts with a letter, and has letters, digits and any "
                                        "of - _ .");
    }
    if (strcmp(name, "scratch") == 0 || strcmp(name, "context") == 0)
        return slip_fail_at(lo->err, word->at,
                            "the stage name '%s' is reserved (ReservedStageName)", name);
    struct lower_stage *twin = slip_lower_find_stage(lo, name);
    if (twin) {
        slip_fail_at(lo->err, word->at, "there are two stages '%s' (DuplicateStageName)", name);
        return slip_error_hint(lo->err, "the other one is in line %u",
                               slip_span_line(twin->from->at));
    }
    st->stage->name = name;
    st->named = true;
    return 0;
}

static int list_stages(struct lowering *lo)
{
    const struct slip_dockerfile *ast = lo->ast;
    size_t n = 0;

    for (size_t i = 0; i < ast->ninstructions; i++)
        n += ast->instructions[i]->kind == SLIP_INS_FROM;
    lo->stages = slip_arena_alloc(lo->arena, (n + 1) * sizeof *lo->stages);
    lo->plan->stages = slip_arena_alloc(lo->arena, (n + 1) * sizeof *lo->plan->stages);
    for (size_t i = 0; i < ast->ninstructions; i++) {
        const struct slip_instruction *ins = ast->instructions[i];
        if (ins->kind != SLIP_INS_FROM) {
            if (lo->nstages)
                lo->stages[lo->nstages - 1].nown++;
            else if (ins->kind != SLIP_INS_ARG)
                return slip_fail_at(lo->err, ins->keyword, "%s stands before the first FROM",
                                    slip_instruction_name(ins->kind));
            continue;
        }
        if (lo->nstages == STAGES_MAX)
            return slip_fail_at(lo->err, ins->at, "there are more than %d stages", STAGES_MAX);
        struct lower_stage *st = &lo->stages[lo->nstages];
        st->from = ins;
        st->own = ast->instructions + i + 1;
        st->stage = slip_arena_alloc(lo->arena, sizeof *st->stage);
        *st->stage = (struct slip_stage){ .index = (unsigned)lo->nstages, .at = ins->at };
        if (ins->nargs == 3) {
            if (name_stage(lo, st) < 0)
                return -1;
        } else {
            st->stage->name = slip_arena_printf(lo->arena, "stage-%zu", lo->nstages);
        }
        lo->plan->stages[lo->nstages++] = st->stage;
        lo->plan->nstages = lo->nstages;
    }
    if (!lo->nstages) {
        slip_fail_at(lo->err, (struct slip_span){ ast->source, 0, 0 }, "there is no stage");
        return slip_error_hint(lo->err, "a Dockerfile needs at least one FROM");
    }
    return 0;
}

static struct lower_stage *find_target(struct lowering *lo)
{
    const char *name = lo->options->target;
    uint64_t number;

    if (!name || !*name)
        return &lo->stages[lo->nstages - 1];
    struct lower_stage *st = slip_lower_find_stage(lo, name);
    if (st)
        return st;
    if (slip_parse_uint(name, UINT32_MAX, &number) == 0 && number < lo->nstages)
        return &lo->stages[number];
    for (size_t i = 0; i < lo->nstages; i++)
        if (strcmp(lo->stages[i].stage->name, name) == 0)
            return &lo->stages[i];
    slip_fail(lo->err, SLIP_EUSAGE, "there is no stage '%.64s' to build", name);
    slip_lower_suggest_stage(lo, name, lo->nstages);
    return NULL;
}

/* --- what the target needs --------------------------------------------------------------- */

static int resolve_platform(struct lowering *lo, struct lower_stage *st)
{
    const struct slip_flag *flag = st->from->nflags ? &st->from->flags[0] : NULL;

    if (!flag)
        return 0;
    struct slip_word word = slip_lower_flag_word(flag);
    if (slip_lower_expand_global(lo, word, &st->platform) < 0)
        return -1;
    if (!*st->platform)
        return slip_fail_at(lo->err, word.at, "the platform is empty");
    if (!slip_starts_with(st->platform, "linux")) {
        slip_fail_at(lo->err, word.at, "'%.64s' is not a platform that can be built", st->platform);
        return slip_error_hint(lo->err, "write linux/amd64, or another architecture of linux");
    }
    if (strcmp(word.text, "$TARGETPLATFORM") == 0 || strcmp(word.text, "${TARGETPLATFORM}") == 0)
        slip_lint_warn(lo, "RedundantTargetPlatform", word.at,
                       "%s is the platform that a base has anyway", word.text);
    else if (!strchr(word.text, '$'))
        slip_lint_warn(lo, "FromPlatformFlagConstDisallowed", word.at,
                       "the stage is tied to '%s'; use $BUILDPLATFORM or a variable", word.text);
    return 0;
}

static int resolve_base(struct lowering *lo, struct lower_stage *st)
{
    const struct slip_word *word = &st->from->args[0];
    const char *name;

    if (slip_lower_expand_global(lo, *word, &name) < 0)
        return -1;
    if (!*name) {
        slip_fail_at(lo->err, word->at, "FROM is given nothing: the variables in it are empty");
        return slip_error_hint(lo->err, "give it a default with ARG before the first FROM, or a "
                                        "value with --build-arg");
    }
    if (slip_lower_base(lo, name, st->stage->index, word->at, &st->base) < 0)
        return -1;
    return resolve_platform(lo, st);
}

static struct lower_stage *stage_of(struct lowering *lo, const struct slip_stage *stage)
{
    return &lo->stages[stage->index];
}

static void add_trigger(struct lowering *lo, struct lower_stage *st, struct slip_instruction *ins)
{
    struct slip_instruction **larger =
        slip_arena_alloc(lo->arena, (st->ntriggers + 1) * sizeof *larger);

    if (st->ntriggers)
        memcpy(larger, st->triggers, st->ntriggers * sizeof *larger);
    st->triggers = larger;
    st->triggers[st->ntriggers++] = ins;
}

/* Triggers that an image brings are texts; errors in them point into such a text. */
static int parse_triggers(struct lowering *lo, struct lower_stage *st)
{
    json_t *list = json_object_get(st->base_config, "OnBuild"), *item;
    size_t i;

    json_array_foreach (list, i, item) {
        const char *text = json_string_value(item);
        struct slip_dockerfile one;
        if (!text)
            continue;
        slip_dockerfile_init(&one, lo->arena);
        const char *name = slip_arena_printf(lo->arena, "ONBUILD of %s", st->base.name);
        const struct slip_source *src = slip_source_text(lo->arena, name, text, strlen(text));
        if (slip_dockerfile_parse_at(&one, (struct slip_span){ src, 0, src->len }, lo->err) < 0)
            return -1;
        enum slip_instruction_kind kind = one.instructions[0]->kind;
        if (kind == SLIP_INS_FROM || kind == SLIP_INS_ONBUILD)
            return slip_fail_at(lo->err, one.instructions[0]->at,
                                "%s cannot be triggered by ONBUILD", slip_instruction_name(kind));
        add_trigger(lo, st, one.instructions[0]);
    }
    return 0;
}

static int load_base(struct lowering *lo, struct lower_stage *st)
{
    if (st->base.origin == SLIP_FROM_STAGE) {
        const struct lower_stage *base = stage_of(lo, st->base.stage);
        for (size_t i = 0; i < base->nown; i++)
            if (base->own[i]->kind == SLIP_INS_ONBUILD)
                add_trigger(lo, st, base->own[i]->trigger);
        return 0;
    }
    if (st->base.origin == SLIP_FROM_SCRATCH || st->base.origin == SLIP_FROM_HOST)
        return 0;
    const char *platform = st->platform ? st->platform : lo->options->platform;
    if (!lo->options->base_config) {
        st->base_config = json_object();
        return 0;
    }
    if (lo->options->base_config(lo->options->user, &st->base, platform, &st->base_config,
                                 lo->err) < 0) {
        if (!lo->err->at.src)
            lo->err->at = st->base.at;
        return -1;
    }
    return parse_triggers(lo, st);
}

static int collect(struct lowering *lo, struct lower_stage *st);

/* What COPY --from or a mount's from= names; NULL for other flags. */
static int source_name(struct lowering *lo, const struct slip_instruction *ins,
                       const struct slip_flag *flag, const char **ret)
{
    *ret = NULL;
    if (ins->kind == SLIP_INS_COPY && strcmp(flag->name, "from") == 0)
        return slip_lower_expand_global(lo, slip_lower_flag_word(flag), ret);
    if (ins->kind == SLIP_INS_RUN && strcmp(flag->name, "mount") == 0)
        return slip_lower_mount_from(lo, flag, ret);
    return 0;
}

/* Stages that instructions read from. Findings are told when they are lowered. */
static int collect_instructions(struct lowering *lo, struct lower_stage *st,
                                struct slip_instruction *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t f = 0; f < list[i]->nflags; f++) {
            const struct slip_flag *flag = &list[i]->flags[f];
            struct slip_input input = { 0 };
            const char *name;
            lo->quiet = true;
            int rc = source_name(lo, list[i], flag, &name);
            if (rc == 0 && name)
                rc = slip_lower_input(lo, name, st->stage->index, slip_lower_flag_word(flag).at,
                                      &input);
            lo->quiet = false;
            if (rc < 0)
                return -1;
            if (name && input.origin == SLIP_FROM_STAGE &&
                collect(lo, stage_of(lo, input.stage)) < 0)
                return -1;
        }
    return 0;
}

static int collect(struct lowering *lo, struct lower_stage *st)
{
    if (st->collected)
        return 0;
    st->collected = true;
    if (resolve_base(lo, st) < 0)
        return -1;
    if (st->base.origin == SLIP_FROM_STAGE && collect(lo, stage_of(lo, st->base.stage)) < 0)
        return -1;
    if (load_base(lo, st) < 0)
        return -1;
    return collect_instructions(lo, st, st->triggers, st->ntriggers) < 0 ||
                   collect_instructions(lo, st, st->own, st->nown) < 0
               ? -1
               : 0;
}

/* --- one stage --------------------------------------------------------------------------- */

static void begin_config(struct lowering *lo, struct lower_stage *st)
{
    json_t *env;

    if (st->base.origin == SLIP_FROM_STAGE) {
        const struct lower_stage *base = stage_of(lo, st->base.stage);
        st->stage->config = json_deep_copy(base->stage->config);
        slip_strv_copy(&st->args, &base->args);
        slip_strv_copy(&st->known, &base->known);
        st->workdir_set = base->workdir_set;
    } else if (json_is_object(st->base_config)) {
        st->stage->config = json_deep_copy(st->base_config);
    } else {
        st->stage->config = json_pack("{s:s}", "WorkingDir", "/");
    }
    json_object_del(st->stage->config, "OnBuild"); /* its triggers run in this stage */
    env = json_object_get(st->stage->config, "Env");
    if (json_is_array(env))
        slip_json_to_strv(env, &st->env);
    if (!slip_strv_getenv(&st->env, "PATH"))
        slip_strv_setenv(&st->env, "PATH", DEFAULT_PATH);
    json_object_set_new(st->stage->config, "Env", slip_json_from_strv(&st->env));
    st->stage->history = st->base.origin == SLIP_FROM_STAGE
                             ? json_deep_copy(stage_of(lo, st->base.stage)->stage->history)
                             : json_array();
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
    step->base.platform = st->platform ? st->platform : lo->options->platform;
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
    json_object_set_new(st->stage->config, "Env", slip_json_from_strv(&st->env));
    return 0;
}

/* A stage that is not needed is only shown; a base that makes no sense is shown as written. */
static void sketch_stage(struct lowering *lo, struct lower_stage *st)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    struct slip_error *err = lo->err;
    const struct slip_word *word = &st->from->args[0];

    lo->now = st;
    lo->err = &ignored;
    lo->quiet = true;
    if (resolve_base(lo, st) < 0)
        st->base =
            (struct slip_input){ .origin = SLIP_FROM_IMAGE, .name = word->text, .at = word->at };
    lo->err = err;
    lo->quiet = false;
    base_step(lo, st);
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
           slip_strv_getenv(&lo->globals, name);
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
        slip_ignore_compile(lo->options->ignore, &lo->ignore, lo->err) < 0 || list_stages(lo) < 0)
        return -1;
    slip_lint_tree(lo);
    struct lower_stage *target = find_target(lo);
    if (!target || slip_lower_globals(lo, target) < 0 || collect(lo, target) < 0)
        return -1;
    for (size_t i = 0; i < lo->nstages; i++) {
        if (!lo->stages[i].collected)
            sketch_stage(lo, &lo->stages[i]);
        else if (lower_stage(lo, &lo->stages[i]) < 0)
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
        slip_strv_release(&lo->stages[i].env);
        slip_strv_release(&lo->stages[i].args);
        slip_strv_release(&lo->stages[i].known);
    }
    slip_strv_release(&lo->globals);
    slip_strv_release(&lo->global_names);
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
