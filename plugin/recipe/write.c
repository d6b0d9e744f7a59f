#include "recipe/write.h"

#include <string.h>
#include <strings.h>

#include "recipe/lower.h"
#include "util/source.h"
#include "util/str.h"

#define INDENT "    "

static const char *stage_name(const struct slip_dockerfile *ast,
                              const struct slip_instruction *from, size_t number)
{
    char *name = from->nargs == 3 ? slip_arena_strdup(ast->arena, from->args[2].text)
                                  : slip_arena_printf(ast->arena, "stage-%zu", number);

    for (char *p = name; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p += 'a' - 'A';
    return name;
}

static void put_comment(struct slip_buf *out, const char *comment)
{
    for (const char *p = comment; p && *p;) {
        size_t n = strcspn(p, "\n");
        slip_buf_printf(out, n ? "# %.*s\n" : "#%.*s\n", (int)n, p);
        p += n + (p[n] == '\n');
    }
}

/* Instructions [from, to) behind `steps =`. */
static int put_steps(const struct slip_dockerfile *ast, size_t from, size_t to,
                     struct slip_buf *out, struct slip_error *err)
{
    struct slip_dockerfile part = *ast;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    if (from == to)
        return 0;
    part.syntax.text = part.check.text = NULL;
    part.instructions = ast->instructions + from;
    part.ninstructions = to - from;
    if (slip_dockerfile_print(&part, &text, err) < 0)
        return -1;
    slip_buf_puts(out, "steps =\n");
    const char *p = slip_buf_str(&text);
    for (p += strspn(p, "\n"); *p;) {
        size_t n = strcspn(p, "\n");
        if (n)
            slip_buf_puts(out, INDENT);
        slip_buf_put(out, p, n);
        slip_buf_putc(out, '\n');
        p += n + (p[n] == '\n');
    }
    return 0;
}

static int put_stage(const struct slip_dockerfile *ast, size_t first, size_t end, size_t number,
                     struct slip_buf *out, struct slip_error *err)
{
    const struct slip_instruction *from = ast->instructions[first];
    const char *platform = slip_instruction_flag_value(from, "platform");

    slip_buf_putc(out, '\n');
    put_comment(out, from->comment);
    slip_buf_printf(out, "[stage %s]\nfrom = %s\n", stage_name(ast, from, number),
                    from->args[0].text);
    if (platform)
        slip_buf_printf(out, "platform = %s\n", platform);
    return put_steps(ast, first + 1, end, out, err);
}

/* Both trees without what a recipe does not keep: comments, directives, the case of names. */
static void make_plain(struct slip_dockerfile *ast)
{
    struct slip_instruction **list =
        slip_arena_alloc(ast->arena, (ast->ninstructions + 1) * sizeof *list);
    size_t number = 0;

    for (size_t i = 0; i < ast->ninstructions; i++) {
        list[i] = slip_ast_new(ast, ast->instructions[i]->kind, ast->instructions[i]->at);
        *list[i] = *ast->instructions[i];
        list[i]->comment = NULL;
        if (list[i]->kind != SLIP_INS_FROM)
            continue;
        const struct slip_word words[3] = { list[i]->args[0],
                                            { "AS", list[i]->at },
                                            { stage_name(ast, list[i], number++), list[i]->at } };
        list[i]->args = slip_arena_alloc(ast->arena, sizeof words);
        memcpy(list[i]->args, words, sizeof words);
        list[i]->nargs = 3;
    }
    ast->instructions = list;
    ast->syntax.text = ast->check.text = NULL;
}

/* Where the trees part; the number of the instruction. */
static size_t first_difference(struct slip_dockerfile *a, struct slip_dockerfile *b)
{
    struct slip_dockerfile one = *a, other = *b;
    size_t i = 0;

    one.ninstructions = other.ninstructions = 1;
    for (; i < a->ninstructions && i < b->ninstructions; i++) {
        one.instructions = a->instructions + i;
        other.instructions = b->instructions + i;
        if (!slip_dockerfile_equal(&one, &other))
            break;
    }
    return i;
}

static int compare(const struct slip_dockerfile *ast, const char *text, struct slip_error *err)
{
    static const struct slip_recipe_options options = { .templates = "/" };
    slip_cleanup(slip_recipe_release) struct slip_recipe recipe = SLIP_RECIPE_INIT;
    const struct slip_source *src = slip_source_text(ast->arena, "recipe", text, strlen(text));
    struct slip_dockerfile before = *ast, after;

    if (slip_recipe_parse(ast->arena, src, "/", &recipe, err) < 0 ||
        slip_recipe_lower(ast->arena, &recipe, &options, &after, err) < 0) {
        err->at = (struct slip_span){ 0 };
        return slip_error_context(err, "a recipe cannot say this");
    }
    make_plain(&before);
    make_plain(&after);
    size_t i = first_difference(&before, &after);
    if (i == before.ninstructions && i == after.ninstructions)
        return 0;
    if (i == before.ninstructions)
        i--;
    slip_fail_at(err, before.instructions[i]->at, "a recipe cannot say this as it is written here");
    return slip_error_hint(err, "blanks at the ends of lines, and paths that are not absolute, "
                                "would be lost");
}

static int check(const struct slip_dockerfile *ast, struct slip_error *err)
{
    struct slip_span top = { ast->source, 0, 0 };
    size_t number = 0;

    if (ast->escape != '\\') {
        slip_fail_at(err, top, "a recipe has no escape character but \\");
        return slip_error_hint(err, "leave out the directive, and write \\ in its place");
    }
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    for (size_t i = 0; i < ast->ninstructions; i++) {
        const struct slip_instruction *ins = ast->instructions[i];
        if (ins->kind != SLIP_INS_FROM)
            continue;
        const char *name = stage_name(ast, ins, number++);
        if (slip_strv_has(&names, name))
            return slip_fail_at(err, ins->at, "a recipe cannot have two stages '%s'", name);
        slip_strv_add(&names, name);
    }
    return 0;
}

int slip_recipe_write(const struct slip_dockerfile *ast, const char *name, struct slip_buf *out,
                      struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf stages = SLIP_BUF_INIT, text = SLIP_BUF_INIT;
    const char *last = "";
    size_t first = 0, number = 0;

    if (check(ast, err) < 0)
        return -1;
    while (ast->instructions[first]->kind != SLIP_INS_FROM)
        first++;
    size_t globals = first;
    while (first < ast->ninstructions) {
        size_t end = first + 1;
        while (end < ast->ninstructions && ast->instructions[end]->kind != SLIP_INS_FROM)
            end++;
        last = stage_name(ast, ast->instructions[first], number);
        if (put_stage(ast, first, end, number++, &stages, err) < 0)
            return -1;
        first = end;
    }
    slip_buf_printf(&text, "[image]\nname = %s\nstage = %s\n", name, last);
    if (put_steps(ast, 0, globals, &text, err) < 0)
        return -1;
    slip_buf_puts(&text, slip_buf_str(&stages));
    if (compare(ast, slip_buf_str(&text), err) < 0)
        return -1;
    slip_buf_puts(out, slip_buf_str(&text));
    return 0;
}
