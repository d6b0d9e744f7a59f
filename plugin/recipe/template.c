#include "recipe/template.h"

#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "recipe/quote.h"
#include "util/fs.h"
#include "util/source.h"
#include "util/str.h"

/* What a text is part of decides how a parameter in it is quoted. */
enum context { IN_SHELL, IN_WORD, IN_FLAG, IN_PAIR };

/* A fragment need not begin with FROM, but the parser asks for one. */
#define FRAGMENT "FROM scratch\n"

struct expansion {
    const struct slip_params *params;
    const struct slip_source *src;    /* the template */
    const struct slip_source *parsed; /* the same, behind FRAGMENT */
    struct slip_dockerfile *to;
    struct slip_instruction *ins;
    struct slip_error *err;
};

/* "@?name|text@", taken apart. */
struct marker {
    char sign; /* '?', '!', '/', or 0 */
    const char *name, *otherwise;
    size_t name_len, otherwise_len;
    size_t len; /* of all of it; 0: this is no marker */
};

struct slip_param *slip_params_add(struct slip_params *params, const char *name,
                                   struct slip_span at)
{
    if (params->n == params->cap) {
        params->cap = params->cap ? 2 * params->cap : 32;
        struct slip_param *larger = slip_arena_alloc(params->arena, params->cap * sizeof *larger);
        if (params->n)
            memcpy(larger, params->v, params->n * sizeof *larger);
        params->v = larger;
    }
    params->v[params->n] = (struct slip_param){ .name = name, .at = at };
    return &params->v[params->n++];
}

const char *slip_template_find(struct slip_arena *arena, const char *dir, const char *folder,
                               const char *name)
{
    if (!*name || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")])
        return NULL;
    const char *path = slip_arena_printf(arena, "%s/%s/%s.Dockerfile", dir, folder, name);
    return access(path, R_OK) == 0 ? path : NULL;
}

static struct marker marker_at(const char *p)
{
    struct marker m = { 0 };
    const char *at = p + 1;

    if (*p != '@')
        return m;
    if (at[0] == '/' && at[1] == '@')
        return (struct marker){ .sign = '/', .name = at, .len = 3 };
    if (*at == '?' || *at == '!')
        m.sign = *at++;
    m.name = at;
    while (islower((unsigned char)*at) || *at == '-')
        at++;
    m.name_len = (size_t)(at - m.name);
    if (*at == '|' && !m.sign) {
        m.otherwise = ++at;
        m.otherwise_len = strcspn(at, "@");
        at += m.otherwise_len;
    }
    if (*at == '@' && m.name_len)
        m.len = (size_t)(at + 1 - p);
    return m;
}

/* From the parsed text to the file. */
static struct slip_span in_file(const struct expansion *e, struct slip_span at)
{
    if (at.src == e->parsed)
        at = (struct slip_span){ e->src, at.off - strlen(FRAGMENT), at.len };
    return at;
}

/* Where in the template a piece of text stands; `near` is the word that holds it. */
static struct slip_span place(const struct expansion *e, struct slip_span near, const char *text,
                              size_t len)
{
    near = in_file(e, near);
    const char *from = e->src->text + near.off;
    const char *hit = memmem(from, e->src->len - near.off, text, len);

    return hit ? (struct slip_span){ e->src, (size_t)(hit - e->src->text), len } : near;
}

static const struct slip_param *find(const struct expansion *e, const char *name, size_t len,
                                     struct slip_span near)
{
    slip_cleanup(slip_freep) char *word = slip_xstrndup(name, len);

    for (size_t i = 0; i < e->params->n; i++)
        if (strcmp(e->params->v[i].name, word) == 0)
            return &e->params->v[i];
    slip_fail_at(e->err, place(e, near, word, len), "this template has no parameter '%s'", word);
    slip_cleanup(slip_freep) const char **names = slip_xcalloc(e->params->n + 1, sizeof *names);
    for (size_t i = 0; i < e->params->n; i++)
        names[i] = e->params->v[i].name;
    const char *like = slip_suggest(word, names, e->params->n);
    if (like)
        slip_error_hint(e->err, "did you mean '%s'?", like);
    return NULL;
}

static bool is_empty(const struct slip_param *param)
{
    return !param->words.n && !(param->script && param->script->text);
}

static void put_value(const struct expansion *e, const struct slip_param *param, const char *text,
                      enum context in, struct slip_buf *out)
{
    if (param->verbatim)
        slip_buf_puts(out, text);
    else if (in == IN_SHELL)
        slip_quote_shell(out, text, e->params->args);
    else if (in == IN_PAIR)
        slip_quote_pair_value(out, text);
    else
        slip_quote_word(out, text);
}

static void put_param(const struct expansion *e, const struct slip_param *param,
                      const struct marker *m, enum context in, struct slip_buf *out)
{
    if (is_empty(param) && m->otherwise)
        slip_buf_put(out, m->otherwise, m->otherwise_len);
    for (size_t i = 0; i < param->words.n; i++) {
        if (i)
            slip_buf_putc(out, in == IN_SHELL ? ' ' : ',');
        put_value(e, param, param->words.v[i].text, in, out);
    }
}

/* Where "@?name@" ends what it guards; NULL with *err when it does not. */
static const char *end_of_guard(const struct expansion *e, const char *from, struct slip_span near)
{
    const char *end = strstr(from, "@/@");

    if (!end)
        slip_fail_at(e->err, in_file(e, near), "'@?name@' needs a '@/@' behind it");
    return end;
}

/* Blanks that stood around something empty become one. */
static const char *close_gap(const struct slip_buf *out, const char *p)
{
    bool gap = !out->len || out->data[out->len - 1] == ' ' || out->data[out->len - 1] == '\n';

    return gap ? p + strspn(p, " ") : p;
}

/* Appends `text` with its parameters filled in. *ret_at becomes the place of the last one. */
static int put_text(const struct expansion *e, const char *text, struct slip_span near,
                    enum context in, struct slip_buf *out, struct slip_span *ret_at)
{
    for (const char *p = text; *p;) {
        struct marker m = marker_at(p);
        if (!m.len) {
            slip_buf_putc(out, *p++);
            continue;
        }
        p += m.len;
        if (m.sign == '/') {
            p = close_gap(out, p);
            continue;
        }
        const struct slip_param *param = find(e, m.name, m.name_len, near);
        if (!param)
            return -1;
        if (m.sign) {
            const char *end = end_of_guard(e, p, near);
            if (!end)
                return -1;
            if (is_empty(param) == (m.sign == '?'))
                p = close_gap(out, end + 3);
            continue;
        }
        if (param->script)
            return slip_fail_at(e->err, in_file(e, near), "a script stands alone behind RUN");
        put_param(e, param, &m, in, out);
        if (param->words.n)
            *ret_at = param->at;
        else if (!m.otherwise)
            p = close_gap(out, p);
    }
    while (out->len && out->data[out->len - 1] == ' ')
        out->data[--out->len] = '\0';
    return 0;
}

/* The parameter when the text is nothing but "@name@". */
static int whole(const struct expansion *e, const char *text, struct slip_span near,
                 const struct slip_param **ret)
{
    struct marker m = marker_at(text);

    *ret = NULL;
    if (!m.len || text[m.len] || m.sign || m.otherwise)
        return 0;
    *ret = find(e, m.name, m.name_len, near);
    return *ret ? 0 : -1;
}

static int put_flag(const struct expansion *e, const struct slip_flag *flag)
{
    slip_cleanup(slip_buf_release) struct slip_buf value = SLIP_BUF_INIT;
    const struct slip_param *alone = NULL;
    struct slip_span at = e->ins->at;

    if (!flag->value) { /* stands for the parameter of its name, if there is one */
        for (size_t i = 0; i < e->params->n; i++)
            if (strcmp(e->params->v[i].name, flag->name) == 0)
                at = e->params->v[i].at;
        slip_instruction_flag(e->to, e->ins, flag->name, NULL, at);
        return 0;
    }
    if (whole(e, flag->value, flag->at, &alone) < 0)
        return -1;
    if (alone && is_empty(alone))
        return 0;
    if (alone && strcmp(flag->name, "mount") == 0) {
        for (size_t i = 0; i < alone->words.n; i++) {
            slip_buf_clear(&value);
            put_value(e, alone, alone->words.v[i].text, IN_FLAG, &value);
            slip_instruction_flag(e->to, e->ins, flag->name, slip_buf_str(&value), at);
        }
        return 0;
    }
    if (put_text(e, flag->value, flag->at, IN_FLAG, &value, &at) < 0)
        return -1;
    slip_instruction_flag(e->to, e->ins, flag->name, slip_buf_str(&value), at);
    return 0;
}

static enum context context_of(const struct slip_instruction *from)
{
    switch (from->kind) {
    case SLIP_INS_RUN:
    case SLIP_INS_CMD:
    case SLIP_INS_ENTRYPOINT:
    case SLIP_INS_HEALTHCHECK:
        return IN_SHELL;
    case SLIP_INS_ENV:
    case SLIP_INS_LABEL:
    case SLIP_INS_ARG:
        return IN_PAIR;
    default:
        return IN_WORD;
    }
}

/* The list behind "@name@=@name@", or NULL. */
static const struct slip_param *pairs_of(const struct expansion *e, const struct slip_word *arg)
{
    struct marker m = marker_at(arg->text);

    if (!m.len || m.sign || m.otherwise || arg->text[m.len] != '=' ||
        strncmp(arg->text, arg->text + m.len + 1, m.len) != 0 || arg->text[2 * m.len + 1])
        return NULL;
    return find(e, m.name, m.name_len, arg->at);
}

/* NAME=value of a list of pairs. */
static void put_pair(const struct expansion *e, const struct slip_value *pair)
{
    slip_cleanup(slip_buf_release) struct slip_buf word = SLIP_BUF_INIT;
    size_t n = strcspn(pair->text, "=");

    slip_buf_put(&word, pair->text, n + (pair->text[n] == '='));
    if (pair->text[n])
        slip_quote_pair_value(&word, pair->text + n + 1);
    slip_instruction_arg(e->to, e->ins, slip_buf_str(&word), pair->at);
}

/* A word as an argument; a blank, or what would begin a heredoc, asks for the JSON form where there
 * is one. */
static void put_word(const struct expansion *e, const char *text, struct slip_span at)
{
    enum slip_instruction_kind kind = e->ins->kind;

    if ((strpbrk(text, " \t") || strstr(text, "<<")) &&
        (kind == SLIP_INS_COPY || kind == SLIP_INS_ADD || kind == SLIP_INS_VOLUME))
        e->ins->json = true;
    slip_instruction_arg(e->to, e->ins, text, at);
}

static int put_arg(const struct expansion *e, const struct slip_word *arg, enum context in)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    const struct slip_param *alone = NULL;
    struct slip_span at = e->ins->at;

    if (in == IN_PAIR && (alone = pairs_of(e, arg))) {
        for (size_t i = 0; i < alone->words.n; i++)
            put_pair(e, &alone->words.v[i]);
        return 0;
    }
    if (whole(e, arg->text, arg->at, &alone) < 0)
        return -1;
    if (alone && alone->script) {
        slip_template_script(e->to, e->ins, alone->script);
        return 0;
    }
    for (size_t i = 0; alone && in != IN_SHELL && i < alone->words.n; i++) {
        slip_buf_clear(&text);
        put_value(e, alone, alone->words.v[i].text, in, &text);
        put_word(e, slip_buf_str(&text), alone->words.v[i].at);
    }
    if (alone && in != IN_SHELL)
        return 0;
    if (put_text(e, arg->text, arg->at, in, &text, &at) < 0)
        return -1;
    put_word(e, slip_buf_str(&text), at);
    return 0;
}

static int put_heredoc(const struct expansion *e, const struct slip_heredoc *from)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    struct slip_heredoc doc = *from;

    doc.at = e->ins->at;
    if (put_text(e, from->text, from->at, IN_SHELL, &text, &doc.at) < 0)
        return -1;
    doc.name = slip_arena_strdup(e->to->arena, from->name);
    doc.text = slip_arena_strndup(e->to->arena, slip_buf_str(&text), text.len);
    slip_ast_heredoc(e->to, e->ins, doc);
    return 0;
}

/* What the comment above an instruction says about it. */
struct directives {
    bool drop;
    struct slip_strv flags; /* owned: to drop */
    struct slip_buf comment;
    struct slip_span at;
};

static void directives_release(struct directives *d)
{
    slip_strv_release(&d->flags);
    slip_buf_release(&d->comment);
}

static int read_directive(const struct expansion *e, const char *line, struct slip_span near,
                          struct directives *d)
{
    char sign = line[0];
    const char *name = line + 1 + strspn(line + 1, " ");
    bool turned = *name == '!';

    name += turned;
    size_t n = strcspn(name, " ");
    const char *flag = name + n + strspn(name + n, " ");
    const struct slip_param *param = find(e, name, n, near);
    if (!param)
        return -1;
    if (sign == '@' || (!*flag && !turned))
        d->at = param->at;
    if (sign == '@' || is_empty(param) == turned)
        return 0;
    if (slip_starts_with(flag, "--"))
        slip_strv_add(&d->flags, flag + 2);
    else
        d->drop = true;
    return 0;
}

static int read_directives(const struct expansion *e, const struct slip_instruction *from,
                           struct directives *d)
{
    /* The comment stands above: look for its words from the start of the file on. */
    struct slip_span near = { e->src, 0, 0 };

    for (const char *p = from->comment; p && *p;) {
        size_t n = strcspn(p, "\n");
        slip_cleanup(slip_freep) char *line = slip_xstrndup(p, n);
        p += n + (p[n] == '\n');
        if (line[0] == '?' || line[0] == '@') {
            if (read_directive(e, line, near, d) < 0)
                return -1;
            continue;
        }
        if (d->comment.len)
            slip_buf_putc(&d->comment, '\n');
        slip_buf_puts(&d->comment, line);
    }
    return 0;
}

static int expand_instruction(struct expansion *e, const struct slip_instruction *from)
{
    slip_cleanup(directives_release) struct directives d = { .at = e->params->at };
    enum context in = context_of(from);

    if (read_directives(e, from, &d) < 0)
        return -1;
    if (d.drop)
        return 0;
    e->ins = slip_ast_add(e->to, from->kind, d.at);
    e->ins->json = from->json;
    if (d.comment.len)
        slip_instruction_comment(e->to, e->ins, slip_buf_str(&d.comment));
    for (size_t i = 0; i < from->nflags; i++)
        if (!slip_strv_has(&d.flags, from->flags[i].name) && put_flag(e, &from->flags[i]) < 0)
            return -1;
    for (size_t i = 0; i < from->nargs; i++)
        if (put_arg(e, &from->args[i], from->nheredocs ? IN_WORD : in) < 0)
            return -1;
    for (size_t i = 0; i < from->nheredocs; i++)
        if (put_heredoc(e, &from->heredocs[i]) < 0)
            return -1;
    return 0;
}

int slip_template_expand(const char *path, const struct slip_params *params,
                         struct slip_dockerfile *to, struct slip_error *err)
{
    struct slip_dockerfile from;
    struct expansion e = { .params = params, .to = to, .err = err };

    e.src = slip_source_read(params->arena, path, err);
    if (!e.src)
        return -1;
    const char *text = slip_arena_printf(params->arena, FRAGMENT "%s", e.src->text);
    e.parsed = slip_source_text(params->arena, path, text, strlen(text));
    if (slip_dockerfile_parse(params->arena, e.parsed, &from, err) < 0) {
        err->at = in_file(&e, err->at);
        return -1;
    }
    for (size_t i = 1; i < from.ninstructions; i++)
        if (expand_instruction(&e, from.instructions[i]) < 0)
            return -1;
    return 0;
}

void slip_template_script(struct slip_dockerfile *to, struct slip_instruction *run,
                          const struct slip_script *script)
{
    const char *text = script->text;
    size_t n = strlen(text);

    if (!strchr(text, '\n') && !strstr(text, "<<") && text[0] != '[' && text[n - 1] != '\\' &&
        !strchr(text, '#')) {
        slip_instruction_arg(to, run, text, script->at);
        return;
    }
    if (!slip_starts_with(text, "#!")) /* an interpreter of its own knows no set -e */
        text = slip_arena_printf(to->arena, "set -e; %s", text);
    slip_instruction_script(to, run, text, script->at);
}
