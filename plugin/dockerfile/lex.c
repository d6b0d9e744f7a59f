#include "dockerfile/lex.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* One physical line: [from, to) without its end, and where the next one starts. */
struct physical {
    size_t from, to, next;
};

static bool next_physical(const struct slip_lexer *lexer, struct physical *ret)
{
    const char *text = lexer->src->text;

    if (lexer->pos >= lexer->end)
        return false;
    const char *nl = memchr(text + lexer->pos, '\n', lexer->end - lexer->pos);
    ret->from = lexer->pos;
    ret->to = nl ? (size_t)(nl - text) : lexer->end;
    ret->next = nl ? ret->to + 1 : lexer->end;
    while (ret->to > ret->from && text[ret->to - 1] == '\r')
        ret->to--;
    return true;
}

static size_t skip_blanks(const char *text, size_t from, size_t to)
{
    while (from < to && slip_is_blank(text[from]))
        from++;
    return from;
}

static size_t trim_end(const char *text, size_t from, size_t to)
{
    while (to > from && slip_is_blank(text[to - 1]))
        to--;
    return to;
}

/* "# key = value" */
static bool split_directive(const char *text, size_t from, size_t to, struct physical *key,
                            struct physical *value)
{
    size_t p = skip_blanks(text, from, to);

    if (p == to || text[p] != '#')
        return false;
    key->from = p = skip_blanks(text, p + 1, to);
    if (p == to || !isalpha((unsigned char)text[p]))
        return false;
    while (p < to && isalnum((unsigned char)text[p]))
        p++;
    key->to = p;
    p = skip_blanks(text, p, to);
    if (p == to || text[p] != '=')
        return false;
    value->from = skip_blanks(text, p + 1, to);
    value->to = trim_end(text, value->from, to);
    return value->to > value->from;
}

static bool is_key(const char *text, const struct physical *key, const char *name)
{
    return key->to - key->from == strlen(name) &&
           strncasecmp(text + key->from, name, key->to - key->from) == 0;
}

int slip_lex_directives(struct slip_lexer *lexer, struct slip_dockerfile *ast,
                        struct slip_error *err)
{
    const char *text = lexer->src->text;
    struct slip_word escape = { 0 };
    struct {
        const char *name;
        struct slip_word *word;
    } known[] = { { "syntax", &ast->syntax }, { "check", &ast->check }, { "escape", &escape } };
    struct physical line, key, value;

    if (lexer->end - lexer->pos >= 3 && memcmp(text + lexer->pos, "\xef\xbb\xbf", 3) == 0)
        lexer->pos += 3;
    while (next_physical(lexer, &line) && split_directive(text, line.from, line.to, &key, &value)) {
        struct slip_word *word = NULL;
        for (size_t i = 0; i < SLIP_ARRAY_LEN(known); i++)
            if (is_key(text, &key, known[i].name))
                word = known[i].word;
        if (!word) /* an ordinary comment, which ends the directives */
            break;
        struct slip_span at = { lexer->src, value.from, value.to - value.from };
        if (word->text) {
            at = (struct slip_span){ lexer->src, key.from, key.to - key.from };
            return slip_fail_at(err, at, "the directive '%.*s' is given twice", (int)at.len,
                                text + at.off);
        }
        *word = (struct slip_word){ slip_arena_strndup(lexer->arena, text + at.off, at.len), at };
        lexer->pos = line.next;
    }
    if (escape.text) {
        if (strcmp(escape.text, "\\") != 0 && strcmp(escape.text, "`") != 0) {
            slip_fail_at(err, escape.at, "'%s' cannot be the escape character", escape.text);
            return slip_error_hint(err, "it is either \\ (the default) or `");
        }
        lexer->escape = escape.text[0];
    }
    ast->escape = lexer->escape;
    return 0;
}

/* Ends the line in one escape, not two? Then *to is moved in front of it. */
static bool continues(const struct slip_lexer *lexer, size_t from, size_t *to)
{
    const char *text = lexer->src->text;
    size_t p = *to;

    while (p > from && (text[p - 1] == ' ' || text[p - 1] == '\t'))
        p--;
    if (p == from || text[p - 1] != lexer->escape)
        return false;
    if (p - 1 > from && text[p - 2] == lexer->escape)
        return false;
    *to = p - 1;
    return true;
}

struct joiner {
    struct slip_lexer *lexer;
    struct slip_buf text;
    struct slip_line *line;
    size_t cap;
};

static void join(struct joiner *j, size_t from, size_t to)
{
    struct slip_line *line = j->line;

    if (line->npieces == j->cap) {
        size_t cap = j->cap ? 2 * j->cap : 4;
        struct slip_line_piece *larger =
            slip_arena_alloc(j->lexer->arena, cap * sizeof *line->pieces);
        if (line->npieces)
            memcpy(larger, line->pieces, line->npieces * sizeof *larger);
        line->pieces = larger;
        j->cap = cap;
    }
    line->pieces[line->npieces++] = (struct slip_line_piece){ j->text.len, from };
    slip_buf_put(&j->text, j->lexer->src->text + from, to - from);
}

/* Reads what the first line, already joined, continues into. */
static void join_continuations(struct joiner *j)
{
    struct slip_lexer *lexer = j->lexer;
    struct physical at;

    for (bool more = true; more && next_physical(lexer, &at);) {
        lexer->pos = at.next;
        size_t first = skip_blanks(lexer->src->text, at.from, at.to);
        if (first == at.to) {
            if (!j->line->blank_inside.src)
                j->line->blank_inside = (struct slip_span){ lexer->src, at.from, 0 };
            continue;
        }
        if (lexer->src->text[first] == '#')
            continue;
        more = continues(lexer, at.from, &at.to);
        join(j, at.from, at.to);
    }
}

/* Blanks at the end go, and with them an escape that continues into nothing: on a line of its own
 * it could not be told from one that joins. */
static void trim(struct slip_buf *text, char escape)
{
    for (;;) {
        text->len = trim_end(text->data, 0, text->len);
        if (text->len == 0 || text->data[text->len - 1] != escape ||
            (text->len > 1 && text->data[text->len - 2] == escape))
            break;
        text->len--;
    }
    text->data[text->len] = '\0';
}

static void add_comment(struct slip_buf *comment, bool *has, const char *text, size_t from,
                        size_t to)
{
    from = skip_blanks(text, from + 1, to);
    to = trim_end(text, from, to);
    if (*has)
        slip_buf_putc(comment, '\n');
    slip_buf_put(comment, text + from, to - from);
    *has = true;
}

int slip_lex_line(struct slip_lexer *lexer, struct slip_line *ret)
{
    slip_cleanup(slip_buf_release) struct slip_buf comment = SLIP_BUF_INIT;
    const char *text = lexer->src->text;
    bool has_comment = false;
    struct physical at;

    while (next_physical(lexer, &at)) {
        lexer->pos = at.next;
        size_t first = skip_blanks(text, at.from, at.to), last = at.to;
        if (first == at.to) {
            slip_buf_clear(&comment);
            has_comment = false;
            continue;
        }
        if (text[first] == '#') {
            add_comment(&comment, &has_comment, text, first, at.to);
            continue;
        }
        *ret = (struct slip_line){ .src = lexer->src };
        struct joiner j = { lexer, SLIP_BUF_INIT, ret, 0 };
        bool more = continues(lexer, first, &last);
        if (last > first)
            join(&j, first, last);
        if (more)
            join_continuations(&j);
        size_t skip = j.text.len ? skip_blanks(j.text.data, 0, j.text.len) : 0;
        if (j.text.len)
            trim(&j.text, lexer->escape);
        if (j.text.len > skip) {
            ret->len = j.text.len - skip;
            ret->text = slip_arena_strndup(lexer->arena, j.text.data + skip, ret->len);
            while (ret->npieces > 1 && ret->pieces[1].at <= skip) {
                ret->pieces++;
                ret->npieces--;
            }
            ret->pieces[0].off += skip - ret->pieces[0].at;
            ret->pieces[0].at = skip;
            for (size_t i = 0; i < ret->npieces; i++)
                ret->pieces[i].at -= skip;
        }
        slip_buf_release(&j.text);
        if (!ret->len)
            continue;
        if (has_comment)
            ret->comment = slip_arena_strdup(lexer->arena, slip_buf_str(&comment));
        struct slip_span end = slip_line_span(ret, ret->len - 1, ret->len);
        ret->at =
            (struct slip_span){ lexer->src, ret->pieces[0].off, end.off + 1 - ret->pieces[0].off };
        return 1;
    }
    return 0;
}

/* The last piece that begins at or before a byte. */
static size_t piece_of(const struct slip_line *line, size_t at)
{
    size_t low = 0, high = line->npieces;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (line->pieces[middle].at <= at)
            low = middle;
        else
            high = middle;
    }
    return low;
}

struct slip_span slip_line_span(const struct slip_line *line, size_t from, size_t to)
{
    size_t i = piece_of(line, from), end = to;

    if (i + 1 < line->npieces && line->pieces[i + 1].at < to)
        end = line->pieces[i + 1].at;
    return (struct slip_span){ line->src, line->pieces[i].off + (from - line->pieces[i].at),
                               end > from ? end - from : 0 };
}

static bool ends(const struct slip_lexer *lexer, const struct slip_heredoc *doc, struct physical at)
{
    const char *text = lexer->src->text;
    size_t n = strlen(doc->name);

    while (doc->strip_tabs && at.from < at.to && text[at.from] == '\t')
        at.from++;
    return at.to - at.from == n && memcmp(text + at.from, doc->name, n) == 0;
}

bool slip_lex_has_end(const struct slip_lexer *lexer, const struct slip_heredoc *doc)
{
    struct slip_lexer ahead = *lexer;
    struct slip_heredoc any = *doc;
    struct physical at;

    any.strip_tabs = true;
    for (; next_physical(&ahead, &at); ahead.pos = at.next)
        if (ends(&ahead, &any, at))
            return true;
    return false;
}

int slip_lex_heredoc(struct slip_lexer *lexer, struct slip_heredoc *doc, struct slip_error *err)
{
    const char *text = lexer->src->text;
    size_t start = lexer->pos;
    struct physical at;

    while (next_physical(lexer, &at)) {
        size_t end = lexer->pos;
        lexer->pos = at.next;
        if (ends(lexer, doc, at)) {
            doc->text = slip_arena_strndup(lexer->arena, text + start, end - start);
            return 0;
        }
    }
    slip_fail_at(err, doc->at, "the text that starts here has no end");
    return slip_error_hint(err, "end it with '%s' on a line of its own", doc->name);
}

int slip_heredoc_word(struct slip_arena *arena, const char *word, size_t len,
                      struct slip_heredoc *ret)
{
    slip_cleanup(slip_buf_release) struct slip_buf name = SLIP_BUF_INIT;
    size_t i = 0;
    char quote = 0;
    bool quoted = false;

    while (i < len && isdigit((unsigned char)word[i]))
        i++;
    if (len - i < 3 || word[i] != '<' || word[i + 1] != '<')
        return 0;
    i += 2;
    bool strip = word[i] == '-';
    i += strip;
    while (!strip && i < len && slip_is_blank(word[i]))
        i++;
    for (; i < len; i++) {
        if (word[i] == '<' || (!quote && slip_is_blank(word[i])))
            return 0;
        if (quote && word[i] == quote) {
            quote = 0;
        } else if (!quote && (word[i] == '\'' || word[i] == '"')) {
            quote = word[i];
            quoted = true;
        } else if (quote != '\'' && word[i] == '\\' && i + 1 < len &&
                   (!quote || strchr("\"$\\", word[i + 1]))) {
            slip_buf_putc(&name, word[++i]);
        } else {
            slip_buf_putc(&name, word[i]);
        }
    }
    if (quote || !name.len)
        return 0;
    ret->name = slip_arena_strdup(arena, slip_buf_str(&name));
    ret->expand = !quoted;
    ret->strip_tabs = strip;
    return 1;
}
