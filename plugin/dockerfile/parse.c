#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "dockerfile/ast.h"
#include "dockerfile/flags.h"
#include "dockerfile/lex.h"
#include "util/str.h"

/* One instruction being read: the logical line, and how far we are. */
struct parser {
    struct slip_dockerfile *ast;
    struct slip_lexer *lexer;
    struct slip_line line;
    size_t pos;
    struct slip_error *err;
};

static struct slip_span span(const struct parser *p, size_t from, size_t to)
{
    return slip_line_span(&p->line, from, to);
}

static void skip_blanks(struct parser *p)
{
    while (p->pos < p->line.len && slip_is_blank(p->line.text[p->pos]))
        p->pos++;
}

static void add_arg(struct parser *p, struct slip_instruction *ins, size_t from, size_t to)
{
    slip_cleanup(slip_freep) char *text = slip_xstrndup(p->line.text + from, to - from);

    slip_instruction_arg(p->ast, ins, text, span(p, from, to));
}

/* The rest of the line, as it is. */
static void add_rest(struct parser *p, struct slip_instruction *ins)
{
    skip_blanks(p);
    if (p->pos < p->line.len)
        add_arg(p, ins, p->pos, p->line.len);
    p->pos = p->line.len;
}

/* Words between blanks; quotes mean nothing here. */
static void add_blank_words(struct parser *p, struct slip_instruction *ins)
{
    for (skip_blanks(p); p->pos < p->line.len; skip_blanks(p)) {
        size_t from = p->pos;
        while (p->pos < p->line.len && !slip_is_blank(p->line.text[p->pos]))
            p->pos++;
        add_arg(p, ins, from, p->pos);
    }
}

/* Moves over one word in which quotes and escapes protect blanks; they stay part of it. Returns
 * its end, which is before pos when a lone escape ended the line. */
static size_t skip_quoted_word(struct parser *p, char escape)
{
    const char *text = p->line.text;
    char quote = 0;

    for (; p->pos < p->line.len; p->pos++) {
        char c = text[p->pos];
        if (c == escape && quote != '\'') {
            if (p->pos + 1 == p->line.len)
                return p->pos++;
            p->pos++;
        } else if (quote) {
            if (c == quote)
                quote = 0;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (slip_is_blank(c)) {
            break;
        }
    }
    return p->pos;
}

static void add_quoted_words(struct parser *p, struct slip_instruction *ins)
{
    for (skip_blanks(p); p->pos < p->line.len; skip_blanks(p)) {
        size_t from = p->pos, to = skip_quoted_word(p, p->ast->escape);
        if (to > from)
            add_arg(p, ins, from, to);
    }
}

/* 1: the rest is a JSON array of strings and was added. 0: it is something else. */
static int add_json(struct parser *p, struct slip_instruction *ins)
{
    json_error_t ignored;

    skip_blanks(p);
    if (p->pos == p->line.len || p->line.text[p->pos] != '[')
        return 0;
    json_t *array = json_loadb(p->line.text + p->pos, p->line.len - p->pos, 0, &ignored);
    if (!array)
        return 0;
    size_t i, at = p->pos;
    json_t *item;
    json_array_foreach (array, i, item) {
        if (!json_is_string(item)) {
            json_decref(array);
            slip_fail_at(p->err, span(p, p->pos, p->line.len),
                         "an array of words may only hold strings");
            return slip_error_hint(p->err, "put each element in double quotes");
        }
        size_t from = at + strcspn(p->line.text + at, "\"");
        for (at = from + 1; p->line.text[at] != '"'; at++)
            at += p->line.text[at] == '\\';
        at++;
        slip_instruction_arg(p->ast, ins, json_string_value(item), span(p, from, at));
    }
    json_decref(array);
    ins->json = true;
    p->pos = p->line.len;
    return 1;
}

static int add_command(struct parser *p, struct slip_instruction *ins)
{
    int rc = add_json(p, ins);

    if (rc == 0)
        add_rest(p, ins);
    return rc < 0 ? -1 : 0;
}

static int add_list(struct parser *p, struct slip_instruction *ins)
{
    int rc = add_json(p, ins);

    if (rc == 0)
        add_blank_words(p, ins);
    return rc < 0 ? -1 : 0;
}

static int complain(struct parser *p, const struct slip_instruction *ins, const char *what,
                    const char *hint)
{
    slip_fail_at(p->err, ins->keyword, "%s %s", slip_instruction_name(ins->kind), what);
    return hint ? slip_error_hint(p->err, "%s", hint) : -1;
}

static int check_names(struct parser *p, const struct slip_instruction *ins)
{
    for (size_t i = 0; i < ins->nargs; i++)
        if (ins->args[i].text[0] == '=')
            return slip_fail_at(p->err, ins->args[i].at, "%s needs a name before '='",
                                slip_instruction_name(ins->kind));
    return 0;
}

static int add_pairs(struct parser *p, struct slip_instruction *ins)
{
    skip_blanks(p);
    size_t start = p->pos, end = skip_quoted_word(p, p->ast->escape);
    bool is_pair = memchr(p->line.text + start, '=', end - start) != NULL;

    p->pos = start;
    if (!is_pair) { /* the old form: a name, a blank, and the rest is the value */
        while (p->pos < p->line.len && !slip_is_blank(p->line.text[p->pos]))
            p->pos++;
        if (p->pos > start)
            add_arg(p, ins, start, p->pos);
        add_rest(p, ins);
        return ins->nargs == 2 ? 0
                               : complain(p, ins, "needs a name and a value", "write NAME=value");
    }
    add_quoted_words(p, ins);
    for (size_t i = 0; i < ins->nargs; i++)
        if (!strchr(ins->args[i].text, '=')) {
            slip_fail_at(p->err, ins->args[i].at, "'%s' has no '='", ins->args[i].text);
            return slip_error_hint(p->err, "write NAME=value, and quotes around a value that has "
                                           "blanks");
        }
    return check_names(p, ins);
}

static int add_from(struct parser *p, struct slip_instruction *ins)
{
    add_blank_words(p, ins);
    if (ins->nargs == 1)
        return 0;
    if (ins->nargs == 3 && strcasecmp(ins->args[1].text, "as") == 0)
        return 0;
    for (size_t i = 1; i < ins->nargs; i++)
        if (ins->args[i].text[0] == '#') {
            slip_fail_at(p->err, ins->args[i].at, "a comment cannot stand behind an instruction");
            return slip_error_hint(p->err, "give the comment a line of its own");
        }
    return complain(p, ins, "takes an image, or an image AS a name",
                    ins->nargs == 0 ? NULL : "write FROM image, or FROM image AS name");
}

static int add_healthcheck(struct parser *p, struct slip_instruction *ins)
{
    skip_blanks(p);
    size_t from = p->pos;

    while (p->pos < p->line.len && !slip_is_blank(p->line.text[p->pos]))
        p->pos++;
    slip_cleanup(slip_freep) char *type = slip_xstrndup(p->line.text + from, p->pos - from);
    bool none = strcasecmp(type, "NONE") == 0;
    if (!none && strcasecmp(type, "CMD") != 0) {
        slip_fail_at(p->err, p->pos > from ? span(p, from, p->pos) : ins->keyword,
                     "HEALTHCHECK is followed by CMD or NONE, not by '%s'", type);
        return slip_error_hint(p->err, "write HEALTHCHECK CMD command, or HEALTHCHECK NONE");
    }
    slip_instruction_arg(p->ast, ins, none ? "NONE" : "CMD", span(p, from, p->pos));
    if (add_command(p, ins) < 0)
        return -1;
    if (none && (ins->nargs > 1 || ins->json))
        return complain(p, ins, "NONE stands alone", NULL);
    return none || ins->nargs > 1 ? 0 : complain(p, ins, "CMD needs a command", NULL);
}

static struct slip_instruction *parse_instruction(struct parser *p);

static int add_trigger(struct parser *p, struct slip_instruction *ins)
{
    skip_blanks(p);
    if (p->pos == p->line.len)
        return complain(p, ins, "needs an instruction", NULL);
    size_t end = p->pos;
    while (end < p->line.len && !slip_is_blank(p->line.text[end]))
        end++;
    enum slip_instruction_kind kind = slip_instruction_kind_of(p->line.text + p->pos, end - p->pos);
    if (kind == SLIP_INS_ONBUILD || kind == SLIP_INS_FROM || kind == SLIP_INS_MAINTAINER)
        return slip_fail_at(p->err, span(p, p->pos, end), "%s cannot be triggered by ONBUILD",
                            slip_instruction_name(kind));
    slip_cleanup(slip_buf_release) struct slip_buf written = SLIP_BUF_INIT;
    slip_buf_put(&written, p->line.text + p->pos, p->line.len - p->pos);
    ins->trigger = parse_instruction(p);
    if (!ins->trigger)
        return -1;
    for (size_t i = 0; i < ins->trigger->nheredocs; i++)
        slip_buf_printf(&written, "\n%s%s", ins->trigger->heredocs[i].text,
                        ins->trigger->heredocs[i].name);
    ins->trigger->written = slip_arena_strdup(p->ast->arena, slip_buf_str(&written));
    return 0;
}

static int add_args(struct parser *p, struct slip_instruction *ins)
{
    switch (ins->kind) {
    case SLIP_INS_RUN:
    case SLIP_INS_CMD:
    case SLIP_INS_ENTRYPOINT:
    case SLIP_INS_SHELL:
        return add_command(p, ins);
    case SLIP_INS_ADD:
    case SLIP_INS_COPY:
    case SLIP_INS_VOLUME:
        return add_list(p, ins);
    case SLIP_INS_ENV:
    case SLIP_INS_LABEL:
        return add_pairs(p, ins);
    case SLIP_INS_FROM:
        return add_from(p, ins);
    case SLIP_INS_HEALTHCHECK:
        return add_healthcheck(p, ins);
    case SLIP_INS_ONBUILD:
        return add_trigger(p, ins);
    case SLIP_INS_ARG:
        add_quoted_words(p, ins);
        return check_names(p, ins);
    case SLIP_INS_EXPOSE:
        add_blank_words(p, ins);
        return 0;
    default:
        add_rest(p, ins);
        return 0;
    }
}

static int check_volumes(struct parser *p, const struct slip_instruction *ins)
{
    for (size_t i = 0; i < ins->nargs; i++)
        if (!ins->args[i].text[strspn(ins->args[i].text, " \t\v\f\r\n")])
            return slip_fail_at(p->err, ins->args[i].at, "VOLUME needs a path; this one is empty");
    return ins->nargs ? 0 : complain(p, ins, "needs an argument", NULL);
}

static int check_count(struct parser *p, const struct slip_instruction *ins)
{
    switch (ins->kind) {
    case SLIP_INS_ADD:
    case SLIP_INS_COPY:
        return ins->nargs >= 2
                   ? 0
                   : complain(p, ins, "needs at least a source and a destination", NULL);
    case SLIP_INS_SHELL:
        return ins->json && ins->nargs
                   ? 0
                   : complain(p, ins, "needs the JSON form", "write SHELL [\"/bin/sh\", \"-c\"]");
    case SLIP_INS_CMD: /* without a command, the shell gets an empty one */
    case SLIP_INS_ENTRYPOINT:
    case SLIP_INS_RUN:
    case SLIP_INS_ONBUILD:
        return 0;
    case SLIP_INS_VOLUME:
        return check_volumes(p, ins);
    default:
        return ins->nargs ? 0 : complain(p, ins, "needs an argument", NULL);
    }
}

/* --name=value, with quotes and backslashes as a shell has them. */
static void add_flag(struct parser *p, struct slip_instruction *ins)
{
    slip_cleanup(slip_buf_release) struct slip_buf word = SLIP_BUF_INIT;
    size_t from = p->pos;
    char quote = 0;

    for (; p->pos < p->line.len; p->pos++) {
        char c = p->line.text[p->pos];
        if (c == '\\') {
            if (p->pos + 1 < p->line.len)
                slip_buf_putc(&word, p->line.text[++p->pos]);
        } else if (quote ? c == quote : c == '\'' || c == '"') {
            quote = quote ? 0 : c;
        } else if (!quote && slip_is_blank(c)) {
            break;
        } else {
            slip_buf_putc(&word, c);
        }
    }
    char *name = word.data + 2, *equals = strchr(name, '=');
    if (equals)
        *equals = '\0';
    slip_instruction_flag(p->ast, ins, name, equals ? equals + 1 : NULL, span(p, from, p->pos));
}

static int add_flags(struct parser *p, struct slip_instruction *ins)
{
    for (;;) {
        skip_blanks(p);
        const char *at = p->line.text + p->pos;
        if (strncmp(at, "--", 2) != 0)
            break;
        if (!at[2] || slip_is_blank(at[2])) { /* "--" ends the flags */
            p->pos += 2;
            break;
        }
        if (at[2] == '\'' || at[2] == '"' || at[2] == '\\' || at[2] == '=') {
            slip_fail_at(p->err, span(p, p->pos, p->pos + 2), "a flag needs a name");
            return -1;
        }
        add_flag(p, ins);
    }
    return slip_flags_check(ins, p->err);
}

static int unknown_instruction(struct parser *p, size_t from, size_t to)
{
    const char *names[SLIP_INS_COUNT];
    slip_cleanup(slip_freep) char *word = slip_xstrndup(p->line.text + from, to - from);

    for (size_t i = 0; i < SLIP_INS_COUNT; i++)
        names[i] = slip_instruction_name((enum slip_instruction_kind)i);
    slip_fail_at(p->err, span(p, from, to), "'%.64s' is not an instruction", word);
    const char *near = slip_suggest(word, names, SLIP_INS_COUNT);
    if (near)
        return slip_error_hint(p->err, "did you mean '%s'?", near);
    return slip_error_hint(p->err, "a line that goes on needs '%c' at the end of the one before it",
                           p->ast->escape);
}

/* "<<", which blanks may part from the name behind it */
static bool is_arrows(const char *word, size_t len)
{
    size_t digits = strspn(word, "0123456789");

    return len == digits + 2 && strncmp(word + digits, "<<", 2) == 0;
}

static int read_heredocs(struct parser *p, struct slip_instruction *ins, size_t from)
{
    if (ins->json)
        return 0;
    p->pos = from;
    for (skip_blanks(p); p->pos < p->line.len; skip_blanks(p)) {
        struct slip_heredoc doc = { 0 };
        size_t at = p->pos, to = skip_quoted_word(p, '\\'), first = to;
        if (ins->kind == SLIP_INS_RUN && is_arrows(p->line.text + at, to - at)) {
            skip_blanks(p);
            to = skip_quoted_word(p, '\\');
        }
        if (!slip_heredoc_word(p->ast->arena, p->line.text + at, to - at, &doc))
            continue;
        doc.at = span(p, at, to);
        if (to > first && !slip_lex_has_end(p->lexer, &doc))
            continue; /* a shift in $((1 << 2)) */
        if (ins->kind != SLIP_INS_RUN && doc.name[strcspn(doc.name, " \t\v\f\r")])
            return slip_fail_at(p->err, doc.at, "the name of a text cannot have a blank here");
        if (slip_lex_heredoc(p->lexer, &doc, p->err) < 0)
            return -1;
        slip_ast_heredoc(p->ast, ins, doc);
    }
    return 0;
}

/* A quote that is not closed hides what follows, so there are no heredocs then. */
static bool quotes_are_closed(const struct parser *p, size_t from)
{
    char quote = 0;

    for (size_t i = from; i < p->line.len; i++) {
        char c = p->line.text[i];
        if (c == '\\' && quote != '\'')
            i++;
        else if (quote ? c == quote : c == '\'' || c == '"')
            quote = quote ? 0 : c;
    }
    return !quote;
}

static struct slip_instruction *parse_instruction(struct parser *p)
{
    size_t from = p->pos;

    while (p->pos < p->line.len && !slip_is_blank(p->line.text[p->pos]))
        p->pos++;
    const char *word = p->line.text + from;
    size_t len = p->pos - from;
    enum slip_instruction_kind kind = slip_instruction_kind_of(word, len);
    if (kind == SLIP_INS_COUNT) {
        unknown_instruction(p, from, p->pos);
        return NULL;
    }
    struct slip_span end = span(p, p->line.len - 1, p->line.len), at = span(p, from, p->pos);
    struct slip_instruction *ins = slip_ast_new(p->ast, kind, at);
    ins->at.len = end.off + 1 - at.off;
    ins->lower_case = word[0] >= 'a';
    for (size_t i = 1; i < len; i++)
        ins->mixed_case |= (word[i] >= 'a') != ins->lower_case;
    if (add_flags(p, ins) < 0)
        return NULL;
    size_t args = p->pos;
    if (add_args(p, ins) < 0 || check_count(p, ins) < 0)
        return NULL;
    if ((kind == SLIP_INS_RUN || kind == SLIP_INS_COPY || kind == SLIP_INS_ADD) &&
        quotes_are_closed(p, args) && read_heredocs(p, ins, args) < 0)
        return NULL;
    p->pos = p->line.len;
    return ins;
}

static int parse_line(struct parser *p)
{
    p->pos = 0;
    if (p->line.blank_inside.src)
        slip_ast_remark(p->ast, "NoEmptyContinuation", p->line.blank_inside,
                        "an empty line within an instruction");
    struct slip_instruction *ins = parse_instruction(p);
    if (!ins)
        return -1;
    ins->comment = p->line.comment;
    slip_ast_append(p->ast, ins);
    return 0;
}

/* Nothing but global ARGs may stand in front of the first stage. */
static int check_shape(const struct slip_dockerfile *ast, struct slip_error *err)
{
    struct slip_span top = { ast->source, 0, 0 };
    size_t i = 0;

    while (i < ast->ninstructions && ast->instructions[i]->kind == SLIP_INS_ARG)
        i++;
    if (i == ast->ninstructions) {
        slip_fail_at(err, top,
                     ast->ninstructions ? "there is no stage" : "there is no instruction");
        return slip_error_hint(err, "a Dockerfile needs at least one FROM");
    }
    if (ast->instructions[i]->kind == SLIP_INS_FROM)
        return 0;
    slip_fail_at(err, ast->instructions[i]->keyword, "%s stands before the first FROM",
                 slip_instruction_name(ast->instructions[i]->kind));
    return slip_error_hint(err, "only ARG may stand there");
}

static int check_bytes(const struct slip_source *src, size_t from, size_t to,
                       struct slip_error *err)
{
    const char *nul = memchr(src->text + from, '\0', to - from);
    struct slip_span at = { src, nul ? (size_t)(nul - src->text) : 0, 1 };

    return nul ? slip_fail_at(err, at, "a NUL byte cannot stand in a Dockerfile") : 0;
}

int slip_dockerfile_parse(struct slip_arena *arena, const struct slip_source *source,
                          struct slip_dockerfile *ret, struct slip_error *err)
{
    struct slip_lexer lexer = { arena, source, 0, source->len, '\\' };

    slip_dockerfile_init(ret, arena);
    ret->source = source;
    if (check_bytes(source, 0, source->len, err) < 0 || slip_lex_directives(&lexer, ret, err) < 0)
        return -1;
    struct parser p = { .ast = ret, .lexer = &lexer, .err = err };
    while (slip_lex_line(&lexer, &p.line))
        if (parse_line(&p) < 0)
            return -1;
    return check_shape(ret, err);
}

int slip_dockerfile_parse_at(struct slip_dockerfile *ast, struct slip_span text,
                             struct slip_error *err)
{
    struct slip_lexer lexer = { ast->arena, text.src, text.off, text.off + text.len, ast->escape };
    struct parser p = { .ast = ast, .lexer = &lexer, .err = err };

    if (check_bytes(text.src, text.off, lexer.end, err) < 0)
        return -1;
    if (!slip_lex_line(&lexer, &p.line))
        return slip_fail_at(err, text, "there is no instruction here");
    if (parse_line(&p) < 0)
        return -1;
    if (slip_lex_line(&lexer, &p.line)) {
        slip_fail_at(err, p.line.at, "there is a second instruction here");
        return slip_error_hint(err, "write it as a step of its own");
    }
    return 0;
}
