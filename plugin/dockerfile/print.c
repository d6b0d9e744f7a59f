#include <string.h>

#include "dockerfile/ast.h"
#include "dockerfile/lex.h"
#include "util/json.h"

/* Lines longer than this get one flag per line. */
#define PRINT_COLUMNS 100

struct printer {
    struct slip_buf *out;
    char escape;
    const struct slip_instruction *ins; /* the one being printed */
    struct slip_error *err;
};

static int cannot(struct printer *p, const char *text, const char *why)
{
    slip_fail_at(p->err, p->ins->at, "%s cannot be written with '%.64s': %s",
                 slip_instruction_name(p->ins->kind), text, why);
    return -1;
}

static bool has_blank(const char *text)
{
    for (; *text; text++)
        if (slip_is_blank(*text))
            return true;
    return false;
}

/* Would the end of this text join the next line to it? */
static bool ends_in_escape(const char *text, char escape)
{
    size_t n = strlen(text);

    return n && text[n - 1] == escape && (n == 1 || text[n - 2] != escape);
}

/* Would it take a blank behind it for one of its own? */
static bool escapes_next(const char *text, char escape)
{
    size_t n = strlen(text), escapes = 0;

    while (escapes < n && text[n - 1 - escapes] == escape)
        escapes++;
    return escapes % 2;
}

/* A long command is broken where a tab follows a blank: joined again, the lines have both. */
static void put_command(struct printer *p, const char *text)
{
    bool is_long = strlen(text) > PRINT_COLUMNS;

    for (const char *gap; is_long && (gap = strstr(text, " \t")); text = gap + 1) {
        slip_buf_put(p->out, text, (size_t)(gap + 1 - text));
        if (gap[1 + strspn(gap + 1, " \t")] != '#') /* which would begin a comment */
            slip_buf_printf(p->out, "%c\n", p->escape);
    }
    slip_buf_puts(p->out, text);
}

static int put_text(struct printer *p, const char *text, bool is_last)
{
    size_t n = strlen(text);

    if (strchr(text, '\n'))
        return cannot(p, text, "a line break cannot stand here");
    bool escaped = n > 1 && text[n - 2] == p->escape && !is_last;
    if (n == 0 || slip_is_blank(text[0]) || (slip_is_blank(text[n - 1]) && !escaped))
        return cannot(p, text, "it is empty, or begins or ends with a blank");
    if (is_last && ends_in_escape(text, p->escape))
        return cannot(p, text, "it ends in the character that joins lines");
    if (p->ins->kind == SLIP_INS_RUN && !p->ins->nheredocs)
        put_command(p, text);
    else
        slip_buf_puts(p->out, text);
    return 0;
}

static bool is_pair_kind(const struct slip_instruction *ins)
{
    return ins->kind == SLIP_INS_ENV || ins->kind == SLIP_INS_LABEL;
}

static int put_words(struct printer *p, size_t from, bool blanks_ok)
{
    /* Words such as '["a' and 'b"]' must not come back as a JSON array, in which no form feed can
     * stand; between words any blank will do. */
    bool like_json = !blanks_ok && !p->ins->nheredocs && p->ins->nargs > from + 1 &&
                     p->ins->args[from].text[0] == '[';

    for (size_t i = from; i < p->ins->nargs; i++) {
        const char *text = p->ins->args[i].text;
        if (!blanks_ok && has_blank(text))
            return cannot(p, text, "it has a blank");
        if (i > from)
            slip_buf_putc(p->out, like_json ? '\f' : ' ');
        /* The old form of ENV: a name that ends in an escape would take the blank behind it. */
        if (i > from && escapes_next(p->ins->args[i - 1].text, p->escape) && is_pair_kind(p->ins))
            slip_buf_putc(p->out, ' ');
        if (put_text(p, text, i + 1 == p->ins->nargs) < 0)
            return -1;
    }
    return 0;
}

static int put_json(struct printer *p, size_t from)
{
    slip_buf_putc(p->out, '[');
    for (size_t i = from; i < p->ins->nargs; i++) {
        slip_cleanup(slip_json_decrefp) json_t *word = json_string(p->ins->args[i].text);
        if (!word)
            return cannot(p, p->ins->args[i].text, "it is not UTF-8");
        slip_cleanup(slip_freep) char *text = json_dumps(word, JSON_ENCODE_ANY);
        slip_buf_printf(p->out, "%s%s", i > from ? ", " : "", text);
    }
    slip_buf_putc(p->out, ']');
    return 0;
}

static int put_instruction(struct printer *p, const struct slip_instruction *ins);

static int put_args(struct printer *p)
{
    const struct slip_instruction *ins = p->ins;
    size_t from = 0;

    if (ins->kind == SLIP_INS_ONBUILD) {
        int rc = put_instruction(p, ins->trigger);
        p->ins = ins;
        return rc;
    }
    if (ins->kind == SLIP_INS_HEALTHCHECK) {
        slip_buf_puts(p->out, ins->args[0].text);
        if (ins->nargs == 1 && !ins->json)
            return 0;
        slip_buf_putc(p->out, ' ');
        from = 1;
    }
    if (ins->json)
        return put_json(p, from);
    switch (ins->kind) {
    case SLIP_INS_ADD:
    case SLIP_INS_COPY:
    case SLIP_INS_VOLUME:
    case SLIP_INS_EXPOSE:
    case SLIP_INS_FROM:
        return put_words(p, from, false);
    default:
        return put_words(p, from, true);
    }
}

/* Quotes and backslashes are taken off again when flags are read. */
static int put_flag(struct printer *p, const struct slip_flag *flag)
{
    slip_buf_printf(p->out, "--%s", flag->name);
    if (!flag->value)
        return 0;
    slip_buf_putc(p->out, '=');
    if (strchr(flag->value, '\n'))
        return cannot(p, flag->value, "a line break cannot stand in a flag");
    bool quote = has_blank(flag->value) || strpbrk(flag->value, "'\"\\");
    if (quote)
        slip_buf_putc(p->out, '"');
    for (const char *c = flag->value; *c; c++) {
        if (*c == '"' || *c == '\\')
            slip_buf_putc(p->out, '\\');
        slip_buf_putc(p->out, *c);
    }
    if (quote)
        slip_buf_putc(p->out, '"');
    return 0;
}

static size_t width_of_flags(const struct slip_instruction *ins)
{
    size_t width = 0;

    for (size_t i = 0; i < ins->nflags; i++)
        width += strlen(ins->flags[i].name) + 4 +
                 (ins->flags[i].value ? strlen(ins->flags[i].value) : 0);
    return width;
}

static int put_instruction(struct printer *p, const struct slip_instruction *ins)
{
    bool wide = ins->nflags > 1 && width_of_flags(ins) + 40 > PRINT_COLUMNS;
    /* Behind the last flag a new line would be a comment, or take in the next instruction. */
    bool like_comment = ins->nargs && !ins->json && ins->args[0].text[0] == '#';
    bool ends_here = !ins->nargs && !ins->json && !ins->trigger;

    p->ins = ins;
    slip_buf_printf(p->out, "%s ", slip_instruction_name(ins->kind));
    for (size_t i = 0; i < ins->nflags; i++) {
        if (put_flag(p, &ins->flags[i]) < 0)
            return -1;
        if (wide && !((like_comment || ends_here) && i + 1 == ins->nflags))
            slip_buf_printf(p->out, " %c\n    ", p->escape);
        else
            slip_buf_putc(p->out, ' ');
    }
    if (ins->nargs && !ins->json && strncmp(ins->args[0].text, "--", 2) == 0)
        slip_buf_puts(p->out, "-- ");
    return put_args(p);
}

static int put_heredocs(struct printer *p, const struct slip_instruction *ins)
{
    p->ins = ins;
    for (size_t i = 0; i < ins->nheredocs; i++) {
        const struct slip_heredoc *doc = &ins->heredocs[i];
        size_t n = strlen(doc->text);
        if (n && doc->text[n - 1] != '\n')
            return cannot(p, doc->name, "its text does not end with a line break");
        slip_buf_printf(p->out, "%s%s\n", doc->text, doc->name);
    }
    return ins->trigger ? put_heredocs(p, ins->trigger) : 0;
}

static void put_comment(struct slip_buf *out, const char *comment)
{
    for (const char *line = comment; line;) {
        size_t n = strcspn(line, "\n");
        slip_buf_printf(out, n ? "# %.*s\n" : "#%.*s\n", (int)n, line);
        line = line[n] ? line + n + 1 : NULL;
    }
}

static void put_header(const struct slip_dockerfile *ast, struct slip_buf *out)
{
    const char *first = ast->ninstructions ? ast->instructions[0]->comment : NULL;

    if (ast->syntax.text)
        slip_buf_printf(out, "# syntax=%s\n", ast->syntax.text);
    if (ast->escape != '\\')
        slip_buf_printf(out, "# escape=%c\n", ast->escape);
    if (ast->check.text)
        slip_buf_printf(out, "# check=%s\n", ast->check.text);
    /* A comment such as "escape=`" must not become a directive. */
    if (out->len || (first && strchr(first, '=')))
        slip_buf_putc(out, '\n');
}

int slip_dockerfile_print(const struct slip_dockerfile *ast, struct slip_buf *out,
                          struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    struct printer p = { .out = &text, .escape = ast->escape, .err = err };

    put_header(ast, &text);
    for (size_t i = 0; i < ast->ninstructions; i++) {
        const struct slip_instruction *ins = ast->instructions[i];
        if (i && (ins->comment || ins->kind == SLIP_INS_FROM))
            slip_buf_putc(&text, '\n');
        put_comment(&text, ins->comment);
        if (put_instruction(&p, ins) < 0)
            return -1;
        slip_buf_putc(&text, '\n');
        if (put_heredocs(&p, ins) < 0)
            return -1;
    }
    slip_buf_put(out, text.data ? text.data : "", text.len);
    return 0;
}

static void put_flat(struct slip_buf *out, const char *text)
{
    for (; *text; text++)
        slip_buf_putc(out, *text == '\n' || *text == '\r' ? ' ' : *text);
}

void slip_instruction_line(const struct slip_instruction *ins, struct slip_buf *out)
{
    slip_cleanup(slip_buf_release) struct slip_buf words = SLIP_BUF_INIT;
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;

    slip_buf_puts(out, slip_instruction_name(ins->kind));
    for (size_t i = 0; i < ins->nflags; i++) {
        slip_buf_printf(out, " --%s%s", ins->flags[i].name, ins->flags[i].value ? "=" : "");
        if (ins->flags[i].value)
            put_flat(out, ins->flags[i].value);
    }
    if (ins->trigger) {
        slip_buf_putc(out, ' ');
        slip_instruction_line(ins->trigger, out);
        return;
    }
    struct printer p = { .out = &words, .ins = ins, .err = &ignored };
    bool json = ins->json && put_json(&p, ins->kind == SLIP_INS_HEALTHCHECK) == 0;
    for (size_t i = 0; i < ins->nargs && !(json && i); i++) {
        if (json && ins->kind != SLIP_INS_HEALTHCHECK)
            break;
        slip_buf_putc(out, ' ');
        put_flat(out, ins->args[i].text);
    }
    if (json)
        slip_buf_printf(out, " %s", slip_buf_str(&words));
    if (ins->kind == SLIP_INS_RUN && ins->nheredocs) { /* its first line says what it is about */
        const char *text = ins->heredocs[0].text + strspn(ins->heredocs[0].text, " \t\r\n");
        size_t n = strcspn(text, "\r\n");
        slip_buf_printf(out, " (%.*s%s)", (int)(n > 72 ? 72 : n), text, text[n] ? "..." : "");
    }
}
