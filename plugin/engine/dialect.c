#include "engine/dialect.h"

#include <string.h>

#include "engine/heredoc.h"
#include "util/str.h"

struct dialect {
    struct slip_dockerfile *ast;
    enum slip_dialect kind;
    struct slip_error *err;
    bool needs_frontend; /* something that builders of today may not have */
    bool said_network, said_link, said_start;
    const char *shell; /* of the stage */
};

int slip_dialect_parse(const char *name, enum slip_dialect *ret, struct slip_error *err)
{
    static const char *const names[] = {
        [SLIP_DIALECT_PORTABLE] = "portable", [SLIP_DIALECT_CURRENT] = "current"
    };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++)
        if (strcmp(name, names[i]) == 0) {
            *ret = (enum slip_dialect)i;
            return 0;
        }
    slip_fail(err, SLIP_EUSAGE, "there is no dialect '%.64s'", name);
    const char *near = slip_suggest(name, names, SLIP_ARRAY_LEN(names));
    return near ? slip_error_hint(err, "did you mean '%s'?", near)
                : slip_error_hint(err, "it is portable, current or slipway");
}

static int refuse(struct dialect *d, const struct slip_instruction *ins, const char *what,
                  const char *instead)
{
    slip_fail_at(d->err, ins->at, "%s %s cannot be said in the dialect 'portable'",
                 slip_instruction_name(ins->kind), what);
    return slip_error_hint(d->err, "%s, or write the dialect 'current'", instead);
}

/* A remark above the instruction, for the first of its kind. */
static void say_once(struct dialect *d, struct slip_instruction *ins, bool *said, const char *text)
{
    if (*said)
        return;
    *said = true;
    ins->comment =
        ins->comment ? slip_arena_printf(d->ast->arena, "%s\n%s", ins->comment, text) : text;
}

/* ${v:-w}, ${v:+w}, ${v} are in every builder; the rest of what ${ can do is not. */
static bool has_young_variable(const char *text)
{
    for (const char *p = strchr(text, '$'); p; p = strchr(p + 1, '$')) {
        if (p[1] != '{')
            continue;
        const char *op = p + 2 +
                         strspn(p + 2, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789_");
        if (*op && *op != '}' && !(op[0] == ':' && (op[1] == '-' || op[1] == '+')))
            return true;
    }
    return false;
}

static bool expands(enum slip_instruction_kind kind)
{
    return kind != SLIP_INS_RUN && kind != SLIP_INS_CMD && kind != SLIP_INS_ENTRYPOINT &&
           kind != SLIP_INS_SHELL && kind != SLIP_INS_HEALTHCHECK && kind != SLIP_INS_ONBUILD &&
           kind != SLIP_INS_MAINTAINER;
}

static int check_variables(struct dialect *d, const struct slip_instruction *ins)
{
    for (size_t i = 0; expands(ins->kind) && i < ins->nargs; i++) {
        if (!has_young_variable(ins->args[i].text))
            continue;
        if (d->kind == SLIP_DIALECT_PORTABLE)
            return refuse(d, ins, "with this kind of ${variable}",
                          "use ${name}, ${name:-word} or ${name:+word}");
        d->needs_frontend = true;
    }
    return 0;
}

/* Flags that no builder of the portable kind has, and that change what is built. */
static int check_flags(struct dialect *d, const struct slip_instruction *ins)
{
    static const struct {
        const char *name, *instead;
    } young[] = {
        { "parents", "copy each directory to its place" },
        { "exclude", "name the files, or leave them out in .dockerignore" },
        { "checksum", "check the file in a RUN" },
        { "keep-git-dir", "clone in a RUN" },
        { "unpack", "unpack in a RUN" },
        { "device", "leave the device out" },
    };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(young); i++) {
        if (!slip_instruction_flag_value(ins, young[i].name))
            continue;
        slip_cleanup(slip_freep) char *flag = slip_xasprintf("--%s", young[i].name);
        if (d->kind == SLIP_DIALECT_PORTABLE)
            return refuse(d, ins, flag, young[i].instead);
        d->needs_frontend = true;
    }
    const char *mode = slip_instruction_flag_value(ins, "chmod");
    if (mode && mode[strspn(mode, "01234567")]) {
        if (d->kind == SLIP_DIALECT_PORTABLE)
            return refuse(d, ins, "--chmod without a number", "write an octal mode such as 0755");
        d->needs_frontend = true;
    }
    return 0;
}

static int is_git(const char *source)
{
    return slip_starts_with(source, "git@") || slip_starts_with(source, "git://") ||
           slip_starts_with(source, "ssh://") ||
           (strstr(source, "://") && strstr(source, ".git") &&
            strchr("#/", strstr(source, ".git")[4]));
}

static int apply_copy(struct dialect *d, struct slip_instruction *ins)
{
    if (d->kind != SLIP_DIALECT_PORTABLE)
        return 0;
    if (ins->nheredocs)
        return refuse(d, ins, "of a text", "put the text into a file");
    for (size_t i = 0; ins->kind == SLIP_INS_ADD && i + 1 < ins->nargs; i++)
        if (is_git(ins->args[i].text))
            return refuse(d, ins, "of a git repository", "clone it in a RUN");
    if (slip_flag_is_set(ins, "link"))
        say_once(d, ins, &d->said_link,
                 "--link is left out here: docker 20.10 does not know it. The files are the same.");
    slip_instruction_drop_flag(d->ast, ins, "link");
    return 0;
}

static int apply_run(struct dialect *d, struct slip_instruction *ins)
{
    const char *network = slip_instruction_flag_value(ins, "network");

    for (size_t i = 0; i < ins->nflags; i++) {
        const char *mount = strcmp(ins->flags[i].name, "mount") == 0 ? ins->flags[i].value : "";
        bool young = strstr(mount, "type=secret") && strstr(mount, ",env=");
        if (young && d->kind == SLIP_DIALECT_PORTABLE)
            return refuse(d, ins, "with a secret in the environment",
                          "read the file that the secret is in");
        d->needs_frontend |= young;
    }
    if (d->kind != SLIP_DIALECT_PORTABLE)
        return 0;
    if (network && strcmp(network, "none") == 0)
        say_once(
            d, ins, &d->said_network,
            "Slipway runs this without a network, and those below that only build; docker 20.10 "
            "has no word\nfor it.");
    if (network && strcmp(network, "host") == 0)
        return refuse(d, ins, "--network=host", "build with docker build --network=host");
    slip_instruction_drop_flag(d->ast, ins, "network");
    if (slip_flag_is_set(ins, "security") &&
        strcmp(slip_instruction_flag_value(ins, "security"), "sandbox"))
        return refuse(d, ins, "--security", "leave it out");
    slip_instruction_drop_flag(d->ast, ins, "security"); /* a sandbox is what there is */
    if (ins->nheredocs) {
        if (d->shell && !strstr("sh bash ash dash ksh zsh",
                                slip_starts_with(d->shell, "/bin/") ? d->shell + 5 : d->shell))
            return refuse(d, ins, "of a text with a SHELL of another kind",
                          "put the text into a file");
        slip_heredoc_unfold(d->ast, ins);
    }
    return 0;
}

static void apply_healthcheck(struct dialect *d, struct slip_instruction *ins)
{
    if (!slip_instruction_flag_value(ins, "start-interval"))
        return;
    if (d->kind == SLIP_DIALECT_CURRENT) {
        d->needs_frontend = true;
        return;
    }
    say_once(d, ins, &d->said_start,
             "--start-interval is left out: docker 20.10 checks at --interval from the start.");
    slip_instruction_drop_flag(d->ast, ins, "start-interval");
}

static int apply(struct dialect *d, struct slip_instruction *ins)
{
    if (check_flags(d, ins) < 0 || check_variables(d, ins) < 0)
        return -1;
    switch (ins->kind) {
    case SLIP_INS_FROM:
        d->shell = NULL;
        return 0;
    case SLIP_INS_SHELL:
        d->shell = ins->nargs ? ins->args[0].text : NULL;
        return 0;
    case SLIP_INS_ADD:
    case SLIP_INS_COPY:
        return apply_copy(d, ins);
    case SLIP_INS_RUN:
        return apply_run(d, ins);
    case SLIP_INS_HEALTHCHECK:
        apply_healthcheck(d, ins);
        return 0;
    case SLIP_INS_ONBUILD: {
        struct slip_instruction *trigger = slip_ast_new(d->ast, ins->trigger->kind, ins->at);
        *trigger = *ins->trigger;
        ins->trigger = trigger;
        return apply(d, trigger);
    }
    default:
        return 0;
    }
}

int slip_dialect_apply(enum slip_dialect kind, struct slip_dockerfile *ast, struct slip_error *err)
{
    struct dialect d = { .ast = ast, .kind = kind, .err = err };

    for (size_t i = 0; i < ast->ninstructions; i++)
        if (apply(&d, ast->instructions[i]) < 0)
            return -1;
    if (kind == SLIP_DIALECT_PORTABLE)
        ast->syntax.text = NULL; /* nothing here needs a frontend from elsewhere */
    else if (d.needs_frontend && !ast->syntax.text)
        ast->syntax.text = "docker/dockerfile:1";
    return 0;
}
