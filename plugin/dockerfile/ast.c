#include "dockerfile/ast.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

static const char *const names[SLIP_INS_COUNT] = {
    [SLIP_INS_ADD] = "ADD",
    [SLIP_INS_ARG] = "ARG",
    [SLIP_INS_CMD] = "CMD",
    [SLIP_INS_COPY] = "COPY",
    [SLIP_INS_ENTRYPOINT] = "ENTRYPOINT",
    [SLIP_INS_ENV] = "ENV",
    [SLIP_INS_EXPOSE] = "EXPOSE",
    [SLIP_INS_FROM] = "FROM",
    [SLIP_INS_HEALTHCHECK] = "HEALTHCHECK",
    [SLIP_INS_LABEL] = "LABEL",
    [SLIP_INS_MAINTAINER] = "MAINTAINER",
    [SLIP_INS_ONBUILD] = "ONBUILD",
    [SLIP_INS_RUN] = "RUN",
    [SLIP_INS_SHELL] = "SHELL",
    [SLIP_INS_STOPSIGNAL] = "STOPSIGNAL",
    [SLIP_INS_USER] = "USER",
    [SLIP_INS_VOLUME] = "VOLUME",
    [SLIP_INS_WORKDIR] = "WORKDIR",
};

const char *slip_instruction_name(enum slip_instruction_kind kind)
{
    return kind < SLIP_INS_COUNT ? names[kind] : "?";
}

enum slip_instruction_kind slip_instruction_kind_of(const char *name, size_t len)
{
    for (size_t i = 0; i < SLIP_INS_COUNT; i++)
        if (strlen(names[i]) == len && strncasecmp(names[i], name, len) == 0)
            return (enum slip_instruction_kind)i;
    return SLIP_INS_COUNT;
}

/* Makes room for element n of an array in the arena: at each power of two it moves to a block
 * twice as large, so the count alone says how large the block is. */
static void *grow(struct slip_arena *arena, void *v, size_t n, size_t size)
{
    if (n & (n - 1) || (n == 0 && v))
        return v;
    void *larger = slip_arena_alloc(arena, (n ? 2 * n : 1) * size);
    if (n)
        memcpy(larger, v, n * size);
    return larger;
}

void slip_dockerfile_init(struct slip_dockerfile *ast, struct slip_arena *arena)
{
    *ast = (struct slip_dockerfile){ .arena = arena, .escape = '\\' };
}

struct slip_instruction *slip_ast_new(struct slip_dockerfile *ast, enum slip_instruction_kind kind,
                                      struct slip_span at)
{
    struct slip_instruction *ins = slip_arena_alloc(ast->arena, sizeof *ins);

    *ins = (struct slip_instruction){ .kind = kind, .at = at, .keyword = at };
    return ins;
}

struct slip_instruction *slip_ast_add(struct slip_dockerfile *ast, enum slip_instruction_kind kind,
                                      struct slip_span at)
{
    struct slip_instruction *ins = slip_ast_new(ast, kind, at);

    slip_ast_append(ast, ins);
    return ins;
}

void slip_ast_append(struct slip_dockerfile *ast, struct slip_instruction *ins)
{
    ast->instructions = grow(ast->arena, ast->instructions, ast->ninstructions, sizeof(void *));
    ast->instructions[ast->ninstructions++] = ins;
}

void slip_ast_remark(struct slip_dockerfile *ast, const char *rule, struct slip_span at,
                     const char *text)
{
    ast->remarks = grow(ast->arena, ast->remarks, ast->nremarks, sizeof *ast->remarks);
    ast->remarks[ast->nremarks++] =
        (struct slip_remark){ rule, slip_arena_strdup(ast->arena, text), at };
}

void slip_instruction_comment(struct slip_dockerfile *ast, struct slip_instruction *ins,
                              const char *text)
{
    ins->comment = slip_arena_strdup(ast->arena, text);
}

void slip_instruction_flag(struct slip_dockerfile *ast, struct slip_instruction *ins,
                           const char *name, const char *value, struct slip_span at)
{
    ins->flags = grow(ast->arena, ins->flags, ins->nflags, sizeof *ins->flags);
    ins->flags[ins->nflags++] =
        (struct slip_flag){ slip_arena_strdup(ast->arena, name),
                            value ? slip_arena_strdup(ast->arena, value) : NULL, at };
}

void slip_instruction_arg(struct slip_dockerfile *ast, struct slip_instruction *ins,
                          const char *text, struct slip_span at)
{
    ins->args = grow(ast->arena, ins->args, ins->nargs, sizeof *ins->args);
    ins->args[ins->nargs++] = (struct slip_word){ slip_arena_strdup(ast->arena, text), at };
}

static void escape_into(struct slip_buf *out, const char *text, const char *special, char escape)
{
    for (const char *p = text; *p; p++) {
        if (*p == escape || strchr(special, *p))
            slip_buf_putc(out, escape);
        slip_buf_putc(out, *p);
    }
}

/* Within double quotes only '$', '"' and the escape itself need an escape; blanks need quotes. */
static void quote_into(struct slip_buf *out, const char *text, char escape)
{
    bool plain = *text && !text[strcspn(text, " \t\v\f\r'\"$\\`#")];

    if (!plain)
        slip_buf_putc(out, '"');
    escape_into(out, text, "$\"", escape);
    if (!plain)
        slip_buf_putc(out, '"');
}

/* Words that blanks would tear apart, or that would start a heredoc, need the JSON form. */
static bool needs_json(const struct slip_instruction *ins, const char *text)
{
    bool can =
        ins->kind == SLIP_INS_COPY || ins->kind == SLIP_INS_ADD || ins->kind == SLIP_INS_VOLUME;

    return can && (!*text || text[strcspn(text, " \t\v\f\r")] || strstr(text, "<<"));
}

void slip_instruction_literal(struct slip_dockerfile *ast, struct slip_instruction *ins,
                              const char *text, struct slip_span at)
{
    slip_cleanup(slip_buf_release) struct slip_buf raw = SLIP_BUF_INIT;
    size_t n = strlen(text);

    ins->json |= needs_json(ins, text);
    if (!ins->json && n && (strchr(" \t", text[0]) || strchr(" \t", text[n - 1])))
        quote_into(&raw, text, ast->escape);
    else
        escape_into(&raw, text, "$'\"", ast->escape);
    slip_instruction_arg(ast, ins, slip_buf_str(&raw), at);
}

void slip_instruction_pair(struct slip_dockerfile *ast, struct slip_instruction *ins,
                           const char *name, const char *value, struct slip_span at)
{
    slip_cleanup(slip_buf_release) struct slip_buf raw = SLIP_BUF_INIT;

    quote_into(&raw, name, ast->escape);
    if (value) {
        slip_buf_putc(&raw, '=');
        if (*value)
            quote_into(&raw, value, ast->escape);
    }
    slip_instruction_arg(ast, ins, slip_buf_str(&raw), at);
}

void slip_instruction_exec(struct slip_dockerfile *ast, struct slip_instruction *ins,
                           const char *const *argv, struct slip_span at)
{
    if (ins->kind == SLIP_INS_HEALTHCHECK)
        slip_instruction_arg(ast, ins, "CMD", at);
    ins->json = true;
    for (size_t i = 0; argv[i]; i++)
        slip_instruction_arg(ast, ins, argv[i], at);
}

void slip_ast_heredoc(struct slip_dockerfile *ast, struct slip_instruction *ins,
                      struct slip_heredoc doc)
{
    ins->heredocs = grow(ast->arena, ins->heredocs, ins->nheredocs, sizeof *ins->heredocs);
    ins->heredocs[ins->nheredocs++] = doc;
}

static bool has_line(const char *text, const char *line)
{
    size_t n = strlen(line);

    for (const char *p = text; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL) {
        size_t len = strcspn(p, "\n");
        while (len && p[len - 1] == '\r')
            len--;
        if (len == n && strncmp(p, line, n) == 0)
            return true;
    }
    return false;
}

static void add_heredoc(struct slip_dockerfile *ast, struct slip_instruction *ins, const char *name,
                        const char *text, struct slip_span at)
{
    size_t len = strlen(text);
    const char *free_name = name;

    for (unsigned i = 1; has_line(text, free_name); i++)
        free_name = slip_arena_printf(ast->arena, "%s%u", name, i);
    struct slip_heredoc doc = { .name = slip_arena_strdup(ast->arena, free_name), .at = at };
    doc.text =
        slip_arena_printf(ast->arena, "%s%s", text, len && text[len - 1] != '\n' ? "\n" : "");
    slip_instruction_arg(ast, ins, slip_arena_printf(ast->arena, "<<\"%s\"", doc.name), at);
    slip_ast_heredoc(ast, ins, doc);
}

void slip_instruction_script(struct slip_dockerfile *ast, struct slip_instruction *ins,
                             const char *text, struct slip_span at)
{
    add_heredoc(ast, ins, "EOF", text, at);
}

void slip_instruction_inline(struct slip_dockerfile *ast, struct slip_instruction *ins,
                             const char *name, const char *text, struct slip_span at)
{
    add_heredoc(ast, ins, name, text, at);
}

const char *slip_instruction_flag_value(const struct slip_instruction *ins, const char *name)
{
    for (size_t i = 0; i < ins->nflags; i++)
        if (strcmp(ins->flags[i].name, name) == 0)
            return ins->flags[i].value ? ins->flags[i].value : "";
    return NULL;
}

bool slip_flag_is_set(const struct slip_instruction *ins, const char *name)
{
    const char *value = slip_instruction_flag_value(ins, name);

    return value && strcasecmp(value, "false") != 0;
}

void slip_instruction_drop_flag(struct slip_dockerfile *ast, struct slip_instruction *ins,
                                const char *name)
{
    struct slip_flag *kept = slip_arena_alloc(ast->arena, (ins->nflags + 1) * sizeof *kept);
    size_t n = 0;

    for (size_t i = 0; i < ins->nflags; i++)
        if (strcmp(ins->flags[i].name, name) != 0)
            kept[n++] = ins->flags[i];
    ins->flags = kept;
    ins->nflags = n;
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool equal_instruction(const struct slip_instruction *a, const struct slip_instruction *b)
{
    if (!a || !b)
        return a == b;
    if (a->kind != b->kind || a->json != b->json || a->nflags != b->nflags ||
        a->nargs != b->nargs || a->nheredocs != b->nheredocs || !same(a->comment, b->comment) ||
        !equal_instruction(a->trigger, b->trigger))
        return false;
    for (size_t i = 0; i < a->nflags; i++)
        if (!same(a->flags[i].name, b->flags[i].name) ||
            !same(a->flags[i].value, b->flags[i].value))
            return false;
    for (size_t i = 0; i < a->nargs; i++)
        if (!same(a->args[i].text, b->args[i].text))
            return false;
    for (size_t i = 0; i < a->nheredocs; i++)
        if (!same(a->heredocs[i].name, b->heredocs[i].name) ||
            !same(a->heredocs[i].text, b->heredocs[i].text) ||
            a->heredocs[i].expand != b->heredocs[i].expand ||
            a->heredocs[i].strip_tabs != b->heredocs[i].strip_tabs)
            return false;
    return true;
}

bool slip_dockerfile_equal(const struct slip_dockerfile *a, const struct slip_dockerfile *b)
{
    if (a->escape != b->escape || !same(a->syntax.text, b->syntax.text) ||
        !same(a->check.text, b->check.text) || a->ninstructions != b->ninstructions)
        return false;
    for (size_t i = 0; i < a->ninstructions; i++)
        if (!equal_instruction(a->instructions[i], b->instructions[i]))
            return false;
    return true;
}
