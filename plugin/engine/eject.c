#include "engine/eject.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "engine/collect.h"
#include "engine/dialect.h"
#include "util/map.h"
#include "util/str.h"

struct ejection {
    const struct slip_dockerfile *from;
    const struct slip_eject_options *options;
    struct slip_dockerfile *to;
    struct slip_error *err;
    struct slip_map names;     /* owned: of the stages of `from`, in lower case */
    struct slip_strv numbered; /* owned: how each stage of `from` is called now, by number */
    bool adds_stages;
    unsigned collections;
    bool marked; /* this stage has its mark */
};

static struct slip_span nowhere(void)
{
    return (struct slip_span){ 0 };
}

static bool is_scratch(const char *base)
{
    return strcasecmp(base, "scratch") == 0;
}

static void comment(struct ejection *e, struct slip_instruction *ins, const char *text)
{
    ins->comment = ins->comment ? slip_arena_printf(e->to->arena, "%s\n%s", ins->comment, text)
                                : slip_arena_strdup(e->to->arena, text);
}

/* A copy to change; it shares arrays with the first one as long as nothing is added to them. */
static struct slip_instruction *add_copy(struct ejection *e, const struct slip_instruction *ins)
{
    struct slip_instruction *copy = slip_ast_new(e->to, ins->kind, ins->at);

    *copy = *ins;
    slip_ast_append(e->to, copy);
    return copy;
}

static struct slip_instruction *add_from(struct ejection *e, const char *base, const char *name,
                                         struct slip_span at)
{
    struct slip_instruction *from = slip_ast_add(e->to, SLIP_INS_FROM, at);

    slip_instruction_arg(e->to, from, base, at);
    if (name) {
        slip_instruction_arg(e->to, from, "AS", at);
        slip_instruction_arg(e->to, from, name, at);
    }
    return from;
}

static bool takes_installed(const struct slip_instruction *ins)
{
    return ins->kind == SLIP_INS_COPY && slip_instruction_flag_value(ins, "installed");
}

/* --- names of stages ----------------------------------------------------------------------- */

static const char *name_of(const struct slip_instruction *from)
{
    return from->nargs == 3 ? from->args[2].text : NULL;
}

static void to_lower(char *text)
{
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text += 'a' - 'A';
}

static bool is_taken(const struct ejection *e, const char *name)
{
    slip_cleanup(slip_freep) char *key = slip_xstrdup(name);

    to_lower(key);
    return slip_map_get(&e->names, key) != NULL;
}

static const char *free_name(const struct ejection *e, const char *stem, unsigned number)
{
    const char *name = number > 1 ? slip_arena_printf(e->to->arena, "%s-%u", stem, number)
                                  : slip_arena_strdup(e->to->arena, stem);

    while (is_taken(e, name))
        name = slip_arena_printf(e->to->arena, "%s-x", name);
    return name;
}

/* Looks at all stages before any is written. Where some are added, those that were known by their
 * number get a name. */
static int name_stages(struct ejection *e)
{
    for (size_t i = 0; i < e->from->ninstructions; i++) {
        const struct slip_instruction *ins = e->from->instructions[i];
        const char *name = ins->kind == SLIP_INS_FROM ? name_of(ins) : NULL;
        slip_cleanup(slip_freep) char *key = slip_xstrdup(name ? name : "");
        to_lower(key);
        if (name && !slip_is_stage_name(name))
            return slip_fail_at(e->err, ins->at, "'%.64s' cannot be the name of a stage", name);
        if (name)
            slip_map_set(&e->names, key, (void *)(uintptr_t)name);
        e->adds_stages |= takes_installed(ins);
    }
    for (size_t i = 0; e->adds_stages && i < e->from->ninstructions; i++) {
        const struct slip_instruction *ins = e->from->instructions[i];
        if (ins->kind != SLIP_INS_FROM)
            continue;
        slip_cleanup(slip_freep) char *stem = slip_xasprintf("stage-%zu", e->numbered.n);
        slip_strv_add(&e->numbered, name_of(ins) ? name_of(ins) : free_name(e, stem, 1));
    }
    return 0;
}

/* "0" and its like to a name; NULL when it is none. */
static const char *name_of_number(const struct ejection *e, const char *text, size_t len)
{
    slip_cleanup(slip_freep) char *number = slip_xstrndup(text, len);
    uint64_t i;

    return e->adds_stages && len && slip_parse_uint(number, UINT32_MAX, &i) == 0 &&
                   i < e->numbered.n
               ? e->numbered.v[i]
               : NULL;
}

/* The option "from=..." of a mount, where options are set apart by commas; or NULL. */
static const char *from_of_mount(const char *value)
{
    for (const char *p = value; p; p = strchr(p, ',')) {
        p += *p == ',';
        if (slip_starts_with(p, "from="))
            return p;
    }
    return NULL;
}

static const char *rename_mount(struct ejection *e, const char *value)
{
    const char *from = from_of_mount(value);
    size_t n = from ? strcspn(from + 5, ",") : 0;
    const char *name = from ? name_of_number(e, from + 5, n) : NULL;

    return name ? slip_arena_printf(e->to->arena, "%.*s%s%s", (int)(from + 5 - value), value, name,
                                    from + 5 + n)
                : value;
}

/* --- flags --------------------------------------------------------------------------------- */

/* `context`, the main build context by name, is Slipway's own word. */
static int plain_mount(struct ejection *e, const struct slip_instruction *ins,
                       struct slip_flag *flag)
{
    const char *value = rename_mount(e, flag->value), *at = from_of_mount(value);
    size_t n = strlen("from=context");

    flag->value = value;
    if (!at || !slip_starts_with(at, "from=context") || (at[n] && at[n] != ','))
        return 0;
    if (strstr(value, "type=cache")) {
        slip_fail_at(e->err, flag->at.src ? flag->at : ins->at,
                     "other builders have no cache mount that shows the build context below it");
        return slip_error_hint(e->err, "COPY the sources into the stage, or mount them with "
                                       "type=bind");
    }
    const char *rest = at + n + (at[n] == ',');
    if (!*rest && at > value)
        at--; /* it is the last one: the comma in front goes with it */
    flag->value = slip_arena_printf(e->to->arena, "%.*s%s", (int)(at - value), value, rest);
    return 0;
}

/* --- instructions -------------------------------------------------------------------------- */

/* A file of this machine, and not a stage that is called like one. */
static bool is_local_file(const struct ejection *e, const char *base)
{
    static const char *const prefixes[] = { "oci:", "oci-archive:", "docker-archive:", "rootfs:",
                                            "oci-layout:" };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(prefixes); i++)
        if (slip_starts_with(base, prefixes[i]))
            return !is_taken(e, base);
    return false;
}

/* An image whose name alone would mean something else. */
static const char *image_in_full(struct ejection *e, const char *name)
{
    bool other = strcmp(name, "host") == 0 || strcmp(name, "scratch") == 0 || is_taken(e, name) ||
                 is_local_file(e, name);

    return other ? slip_arena_printf(e->to->arena, "docker.io/library/%s", name) : name;
}

/* What FROM names, in words of the others; NULL with *err set. */
static const char *base_of(struct ejection *e, const struct slip_instruction *from)
{
    const char *base = from->args[0].text;
    bool host = strcmp(base, "host") == 0 && !is_taken(e, base);

    if (host && e->options->base)
        return e->options->base;
    bool image = slip_starts_with(base, "docker-image://");
    while (slip_starts_with(base, "docker-image://"))
        base += strlen("docker-image://");
    if (image)
        return image_in_full(e, base);
    if (is_local_file(e, base) && e->options->base && e->options->replace_files)
        return e->options->base;
    if (!host && !is_local_file(e, base))
        return base;
    slip_fail_at(e->err, from->args[0].at.src ? from->args[0].at : from->at,
                 "'%.96s' is on this machine only: no other builder can start from it", base);
    slip_error_hint(e->err, "name an image that takes its place with --base IMAGE");
    return NULL;
}

static int add_run(struct ejection *e, const struct slip_instruction *ins)
{
    struct slip_span at = ins->at;

    if (slip_flag_is_set(ins, "install") && !e->marked) {
        struct slip_instruction *mark = slip_ast_add(e->to, SLIP_INS_RUN, at);
        slip_instruction_arg(e->to, mark, "touch " SLIP_COLLECT_MARK " && sleep 0.1", at);
        comment(e, mark, "What is younger than this file was installed, also outside of DESTDIR.");
        e->marked = true;
    }
    struct slip_instruction *run = add_copy(e, ins);
    if (slip_flag_is_set(ins, "test"))
        comment(e, run, "The tests: an image is only made when they pass.");
    slip_instruction_drop_flag(e->to, run, "install");
    slip_instruction_drop_flag(e->to, run, "test");
    for (size_t i = 0; i < run->nflags; i++)
        if (strcmp(run->flags[i].name, "mount") == 0 && plain_mount(e, ins, &run->flags[i]) < 0)
            return -1;
    return 0;
}

static int add_plain_copy(struct ejection *e, const struct slip_instruction *ins)
{
    static const char *const installed[] = { "closure",  "strip",  "runtime-files", "destdir",
                                             "only",     "dlopen", "data",          "entrypoint",
                                             "class-of", "strict", "acknowledge",   "debug-files",
                                             "sysroot" };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(installed); i++)
        if (slip_instruction_flag_value(ins, installed[i]))
            return slip_fail_at(e->err, ins->at, "--%s goes with --installed", installed[i]);
    struct slip_instruction *copy = add_copy(e, ins);

    const char *from = slip_instruction_flag_value(ins, "from");
    if (!from)
        return 0;
    if (is_local_file(e, from)) {
        slip_fail_at(e->err, ins->at,
                     "'%.96s' is on this machine only: no other builder can copy from it", from);
        return slip_error_hint(e->err, "push it to a registry and name it there");
    }
    const char *name = name_of_number(e, from, strlen(from));
    if (name || strcmp(from, "context") == 0)
        slip_instruction_drop_flag(e->to, copy, "from");
    if (name)
        slip_instruction_flag(e->to, copy, "from", name, ins->at);
    return 0;
}

static int add_instruction(struct ejection *e, const struct slip_instruction *ins)
{
    switch (ins->kind) {
    case SLIP_INS_RUN:
        return add_run(e, ins);
    case SLIP_INS_COPY:
        return add_plain_copy(e, ins);
    default:
        add_copy(e, ins);
        return 0;
    }
}

/* --- COPY --installed ---------------------------------------------------------------------- */

/* A stage of `from`: its FROM, and where the next one is. */
struct span_of_stage {
    size_t first, end;
};

/* The name of the user that the stage sets, when passwd has to know it. */
static const char *user_of(const struct ejection *e, struct span_of_stage s)
{
    const char *user = NULL;

    for (size_t i = s.first; i < s.end; i++)
        if (e->from->instructions[i]->kind == SLIP_INS_USER)
            user = e->from->instructions[i]->args[0].text;
    if (!user || !*user || strcmp(user, "root") == 0 || strcmp(user, "nobody") == 0)
        return NULL;
    const char *name = slip_arena_strndup(e->to->arena, user, strcspn(user, ":"));
    bool is_name = (*name < '0' || *name > '9') &&
                   !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-")];
    return is_name ? name : NULL;
}

/* A stage on the builder that collects; answers its name. */
static const char *add_collection(struct ejection *e, const struct slip_instruction *copy,
                                  const char *user, const char *base)
{
    slip_cleanup(slip_buf_release) struct slip_buf command = SLIP_BUF_INIT;
    const char *builder = slip_instruction_flag_value(copy, "from");
    const char *name = free_name(e, "installed", ++e->collections);
    const char *number = builder ? name_of_number(e, builder, strlen(builder)) : NULL;

    if (!builder || (!number && !is_taken(e, builder)) || copy->nargs != 2 ||
        strcmp(copy->args[0].text, "/") != 0 || strcmp(copy->args[1].text, "/") != 0) {
        slip_fail_at(e->err, copy->at, "COPY --installed takes all that a stage installed");
        slip_error_hint(e->err, "write COPY --from=STAGE --installed ... / /");
        return NULL;
    }
    if (slip_instruction_flag_value(copy, "sysroot")) {
        slip_fail_at(e->err, copy->at, "other builders cannot look for libraries in a sysroot");
        slip_error_hint(e->err, "leave it out, and build for the other platform as a whole: docker "
                                "build --platform ...");
        return NULL;
    }
    struct slip_instruction *from = add_from(e, number ? number : builder, name, nowhere());
    comment(e, from,
            slip_flag_is_set(copy, "debug-files")
                ? "What a debugger reads of the installed files, by their Build-IDs."
                : "The installed files, and the libraries that they need: what is copied below.");
    struct slip_instruction *root = slip_ast_add(e->to, SLIP_INS_USER, nowhere());
    slip_instruction_arg(e->to, root, "0:0", nowhere());
    struct slip_instruction *run = slip_ast_add(e->to, SLIP_INS_RUN, nowhere());
    if (base)
        slip_instruction_flag(
            e->to, run, "mount",
            slip_arena_printf(e->to->arena, "type=bind,from=%s,target=%s", base, SLIP_COLLECT_BASE),
            nowhere());
    slip_collect_command(e->options->collect, copy, user, base != NULL, &command);
    slip_instruction_arg(e->to, run, slip_buf_str(&command), nowhere());
    return name;
}

static void add_collected(struct ejection *e, const struct slip_instruction *copy,
                          const char *stage)
{
    struct slip_instruction *ins = slip_ast_add(e->to, SLIP_INS_COPY, copy->at);

    ins->comment = copy->comment;
    slip_instruction_flag(e->to, ins, "from", stage, nowhere());
    slip_instruction_arg(e->to, ins, SLIP_COLLECT_IMAGE "/", nowhere());
    slip_instruction_arg(e->to, ins, "/", nowhere());
}

/* What stands before the first COPY --installed is a stage of its own, so that the collecting stage
 * can see which libraries are there already. Answers its name; NULL: there is nothing. */
static int add_base_part(struct ejection *e, struct span_of_stage s, size_t first_copy,
                         const char *base, const char **ret)
{
    const struct slip_instruction *from = e->from->instructions[s.first];

    *ret = NULL;
    if (is_scratch(base) && first_copy == s.first + 1)
        return 0;
    slip_cleanup(slip_freep) char *stem =
        slip_xasprintf("%s-base", name_of(from) ? name_of(from) : "image");
    *ret = free_name(e, stem, 1);
    struct slip_instruction *part = add_from(e, base, *ret, from->at);
    part->flags = from->flags;
    part->nflags = from->nflags;
    part->comment = from->comment;
    for (size_t i = s.first + 1; i < first_copy; i++)
        if (add_instruction(e, e->from->instructions[i]) < 0)
            return -1;
    return 0;
}

static int add_runtime(struct ejection *e, struct span_of_stage s, const char *base)
{
    const struct slip_instruction *from = e->from->instructions[s.first];
    const char *user = user_of(e, s), *below = NULL;
    slip_cleanup(slip_strv_release) struct slip_strv stages = SLIP_STRV_INIT;
    size_t first_copy = s.first + 1;

    while (!takes_installed(e->from->instructions[first_copy]))
        first_copy++;
    if (add_base_part(e, s, first_copy, base, &below) < 0)
        return -1;
    for (size_t i = first_copy; i < s.end; i++) {
        const struct slip_instruction *ins = e->from->instructions[i];
        const char *name = takes_installed(ins) ? add_collection(e, ins, user, below) : "";
        if (!name)
            return -1;
        if (*name)
            slip_strv_add(&stages, name);
    }
    struct slip_instruction *top = add_from(e, below ? below : base, name_of(from), from->at);
    if (!below)
        top->comment = from->comment;
    for (size_t i = s.first + 1; below && i < first_copy; i++)
        if (e->from->instructions[i]->kind == SLIP_INS_ARG) /* not every builder hands them on */
            add_copy(e, e->from->instructions[i]);
    size_t n = 0;
    for (size_t i = first_copy; i < s.end; i++) {
        const struct slip_instruction *ins = e->from->instructions[i];
        if (takes_installed(ins))
            add_collected(e, ins, stages.v[n++]);
        else if (add_instruction(e, ins) < 0)
            return -1;
    }
    return 0;
}

/* --- stages -------------------------------------------------------------------------------- */

static int add_stage(struct ejection *e, struct span_of_stage s, size_t number)
{
    const struct slip_instruction *from = e->from->instructions[s.first];
    const char *base = base_of(e, from);

    if (!base)
        return -1;
    e->marked = false;
    for (size_t i = s.first + 1; i < s.end; i++)
        if (takes_installed(e->from->instructions[i]))
            return add_runtime(e, s, base);
    const char *name = name_of(from);
    if (!name && e->adds_stages && s.end < e->from->ninstructions)
        name = e->numbered.v[number];
    struct slip_instruction *top = add_from(e, base, name, from->at);
    top->flags = from->flags;
    top->nflags = from->nflags;
    top->comment = from->comment;
    for (size_t i = s.first + 1; i < s.end; i++)
        if (add_instruction(e, e->from->instructions[i]) < 0)
            return -1;
    return 0;
}

static int add_stages(struct ejection *e)
{
    const struct slip_dockerfile *from = e->from;
    size_t i = 0, number = 0;

    for (; i < from->ninstructions && from->instructions[i]->kind != SLIP_INS_FROM; i++)
        add_copy(e, from->instructions[i]);
    while (i < from->ninstructions) {
        struct span_of_stage s = { i, i + 1 };
        while (s.end < from->ninstructions && from->instructions[s.end]->kind != SLIP_INS_FROM)
            s.end++;
        if (add_stage(e, s, number++) < 0)
            return -1;
        i = s.end;
    }
    return 0;
}

static void release(struct ejection *e)
{
    slip_map_release(&e->names);
    slip_strv_release(&e->numbered);
}

int slip_eject(const struct slip_dockerfile *ast, const struct slip_eject_options *options,
               struct slip_dockerfile *ret, struct slip_error *err)
{
    struct slip_dockerfile to;
    slip_cleanup(
        release) struct ejection e = { .from = ast, .options = options, .to = &to, .err = err };

    slip_dockerfile_init(&to, ast->arena);
    to.source = ast->source;
    to.escape = ast->escape;
    to.syntax = ast->syntax;
    to.check = ast->check;
    if (name_stages(&e) < 0 || add_stages(&e) < 0 ||
        slip_dialect_apply(options->dialect, &to, err) < 0)
        return -1;
    if (options->comment && to.ninstructions) {
        struct slip_instruction *first = to.instructions[0];
        first->comment = first->comment ? slip_arena_printf(to.arena, "%s\n\n%s", options->comment,
                                                            first->comment)
                                        : options->comment;
    }
    *ret = to;
    return 0;
}
