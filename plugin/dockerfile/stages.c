#include <string.h>
#include <strings.h>

#include "dockerfile/lowering.h"
#include "dockerfile/platform.h"
#include "util/str.h"

/* --- the table of stages ----------------------------------------------------------------- */

bool slip_is_stage_name(const char *name)
{
    return ((*name | 0x20) >= 'a' && (*name | 0x20) <= 'z') &&
           !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")];
}

/* The line of a stage's FROM. Stages come in the order of the file, and no byte is counted twice.
 */
static unsigned line_of(struct lowering *lo, struct slip_span at)
{
    struct slip_span *counted = &lo->counted;

    if (!at.src || at.src != counted->src || at.off < counted->off)
        lo->counted_line = slip_span_line(at);
    else
        for (const char *p = at.src->text + counted->off; p < at.src->text + at.off; p++)
            lo->counted_line += *p == '\n';
    *counted = at;
    return lo->counted_line;
}

static int name_stage(struct lowering *lo, struct lower_stage *st)
{
    const struct slip_word *word = &st->from->args[st->from->nargs - 1];
    char *name = slip_arena_strdup(lo->arena, word->text);

    for (char *p = name; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p += 'a' - 'A';
    if (!slip_is_stage_name(name)) {
        slip_fail_at(lo->err, word->at, "'%.64s' cannot be the name of a stage", word->text);
        return slip_error_hint(lo->err, "it starts with a letter, and has letters, digits and any "
                                        "of - _ .");
    }
    if (strcmp(name, "scratch") == 0 || strcmp(name, "context") == 0)
        slip_lint_warn(lo, "ReservedStageName", word->at,
                       "the stage name '%s' is reserved: from here on it hides what it stands for",
                       name);
    st->namesake = slip_map_get(&lo->names, name);
    if (st->namesake)
        slip_lint_warn(
            lo, "DuplicateStageName", word->at,
            "there is a stage '%s' in line %u already; --from and --target mean the last", name,
            st->namesake->line);
    st->line = line_of(lo, st->from->at);
    slip_map_set(&lo->names, name, st);
    st->stage->name = name;
    st->named = true;
    return 0;
}

int slip_lower_stages(struct lowering *lo)
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

struct lower_stage *slip_lower_target(struct lowering *lo)
{
    const char *name = lo->options->target;
    uint64_t number;

    if (!name || !*name)
        return &lo->stages[lo->nstages - 1];
    struct lower_stage *st = slip_lower_find_stage(lo, name, lo->nstages);
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
    const char *given;

    if (!flag)
        return 0;
    struct slip_word word = slip_lower_flag_word(flag);
    if (slip_lower_expand_global(lo, word, &given) < 0)
        return -1;
    if (!*given)
        return slip_fail_at(lo->err, word.at, "the platform is empty");
    slip_cleanup(slip_freep) char *platform = slip_platform_normal(given);
    if (!platform || (st->collected && !slip_starts_with(platform, "linux/"))) {
        slip_fail_at(lo->err, word.at, "'%.64s' is not a platform%s", given,
                     platform ? " that can be built" : "");
        return slip_error_hint(lo->err, "write linux/amd64, or another architecture of linux");
    }
    st->platform = slip_arena_strdup(lo->arena, platform);
    if (strcmp(word.text, "$TARGETPLATFORM") == 0 || strcmp(word.text, "${TARGETPLATFORM}") == 0)
        slip_lint_warn(lo, "RedundantTargetPlatform", word.at,
                       "%s is the platform that a base has anyway", word.text);
    else if (!strchr(word.text, '$'))
        slip_lint_warn(lo, "FromPlatformFlagConstDisallowed", word.at,
                       "the stage is tied to '%s'; use $BUILDPLATFORM or a variable", word.text);
    return 0;
}

int slip_lower_resolve(struct lowering *lo, struct lower_stage *st)
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

struct lower_stage *slip_lower_stage_of(struct lowering *lo, const struct slip_stage *stage)
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
        const struct lower_stage *base = slip_lower_stage_of(lo, st->base.stage);
        for (size_t i = 0; i < base->nown; i++)
            if (base->own[i]->kind == SLIP_INS_ONBUILD)
                add_trigger(lo, st, base->own[i]->trigger);
        return 0;
    }
    if (st->base.origin == SLIP_FROM_SCRATCH || st->base.origin == SLIP_FROM_HOST)
        return 0;
    const char *platform = st->platform ? st->platform : lo->platform;
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

/* What COPY --from or a mount's from= names; NULL for other flags. */
static int source_name(struct lowering *lo, const struct slip_instruction *ins,
                       const struct slip_flag *flag, const char **ret)
{
    *ret = NULL;
    if (ins->kind == SLIP_INS_COPY && strcmp(flag->name, "from") == 0)
        return slip_lower_from(lo, slip_lower_flag_word(flag), ret);
    if (ins->kind == SLIP_INS_RUN && strcmp(flag->name, "mount") == 0)
        return slip_lower_mount_from(lo, flag, ret);
    return 0;
}

int slip_lower_check_sources(struct lowering *lo, struct lower_stage *st)
{
    for (size_t i = 0; i < st->nown; i++)
        for (size_t f = 0; f < st->own[i]->nflags; f++) {
            const struct slip_flag *flag = &st->own[i]->flags[f];
            struct slip_input input;
            const char *name;
            if (source_name(lo, st->own[i], flag, &name) < 0)
                return -1;
            if (!name)
                continue;
            bool is_number = *name && !name[strspn(name, "0123456789")];
            bool is_itself = st->named && strcasecmp(name, st->stage->name) == 0;
            /* A stage behind this one does no harm here: nothing asks for it. */
            if ((is_number || is_itself) &&
                slip_lower_input(lo, name, is_number ? (unsigned)lo->nstages : st->stage->index,
                                 slip_lower_flag_word(flag).at, &input) < 0)
                return -1;
        }
    return 0;
}

/* Stages that instructions read from. Findings are told when they are lowered. */
static int mark_inputs(struct lowering *lo, struct lower_stage *st,
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
            if (name && input.origin == SLIP_FROM_STAGE)
                slip_lower_stage_of(lo, input.stage)->collected = true;
        }
    return 0;
}

static int collect_stage(struct lowering *lo, struct lower_stage *st)
{
    if (slip_lower_resolve(lo, st) < 0)
        return -1;
    if (st->base.origin == SLIP_FROM_STAGE)
        slip_lower_stage_of(lo, st->base.stage)->collected = true;
    if (load_base(lo, st) < 0 || mark_inputs(lo, st, st->triggers, st->ntriggers) < 0)
        return -1;
    return mark_inputs(lo, st, st->own, st->nown);
}

/* A stage only reads from those before it, so one way down finds all. */
int slip_lower_collect(struct lowering *lo, struct lower_stage *target)
{
    for (size_t i = 0; i < lo->nstages; i++)
        lo->stages[i].collected = !target || &lo->stages[i] == target;
    for (size_t i = lo->nstages; i > 0; i--)
        if (lo->stages[i - 1].collected && collect_stage(lo, &lo->stages[i - 1]) < 0)
            return -1;
    return 0;
}
