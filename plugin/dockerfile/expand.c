#include "dockerfile/expand.h"

#include <ctype.h>
#include <locale.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "dockerfile/glob.h"
#include "dockerfile/lex.h"

/* Words in words in words: more than this is not meant for people. */
#define EXPAND_DEPTH 32

struct state {
    const struct slip_expander *with;
    struct slip_word word;
    const char *p;
    unsigned depth;
    struct slip_strv *words; /* splitting: where finished words go; else NULL */
    struct slip_error *err;
};

static int wrong(struct state *s, const char *from, const char *what)
{
    struct slip_span at = s->word.at;
    size_t off = (size_t)(from - s->word.text);

    /* Words of a JSON form or a heredoc do not stand in the source byte by byte. */
    if (at.src && off < at.len && strncmp(at.src->text + at.off, s->word.text, at.len) == 0) {
        at.off += off;
        at.len = s->p > from ? (size_t)(s->p - from) : 1;
    }
    return slip_fail_at(s->err, at, "%s", what);
}

static bool is_ascii_letter(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Length of a letter or digit that is not ASCII, as Unicode sees them; 0 when it is none. */
static size_t other_letter(const char *p)
{
    wchar_t c = 0;
    mbstate_t state = { 0 };

    if ((unsigned char)*p < 0x80)
        return 0;
    locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (!unicode)
        return 0;
    locale_t before = uselocale(unicode);
    size_t n = mbrtowc(&c, p, strlen(p), &state);
    bool is_letter = n <= strlen(p) && iswalnum_l((wint_t)c, unicode);
    uselocale(before);
    freelocale(unicode);
    return is_letter ? n : 0;
}

/* A name, a number, or one of the shell's special parameters; "" when there is none. */
static void read_name(struct state *s, struct slip_buf *name)
{
    if (isdigit((unsigned char)*s->p)) {
        while (isdigit((unsigned char)*s->p))
            slip_buf_putc(name, *s->p++);
    } else if (*s->p && strchr("@*#?-$!", *s->p)) {
        slip_buf_putc(name, *s->p++);
    } else {
        size_t n;
        while ((n = is_ascii_letter(*s->p) ? 1 : other_letter(s->p)) > 0) {
            slip_buf_put(name, s->p, n);
            s->p += n;
        }
    }
}

static const char *lookup(struct state *s, const char *name, bool report)
{
    const char *value = s->with->get(s->with->user, name);

    if (!value && report && s->with->unset)
        s->with->unset(s->with->user, name, s->word.at);
    return value;
}

static int until(struct state *s, char stop, bool raw_escapes, struct slip_buf *out);

static int expand_part(struct state *s, char stop, bool raw_escapes, struct slip_buf *out)
{
    struct slip_strv *words = s->words;

    if (++s->depth > EXPAND_DEPTH)
        return wrong(s, s->p, "variables are nested too deeply");
    s->words = NULL;
    int rc = until(s, stop, raw_escapes, out);
    s->words = words;
    s->depth--;
    return rc;
}

static int required(struct state *s, const char *from, const char *name, const char *value,
                    const char *message)
{
    slip_cleanup(slip_freep) char *text = slip_xasprintf("%s: %s", name,
                                                         *message ? message
                                                         : value  ? "is not allowed to be empty"
                                                                  : "is not allowed to be unset");

    return wrong(s, from, text);
}

/* After ${name, at one of :-+?#% */
static int modifier(struct state *s, const char *from, const char *name, struct slip_buf *out)
{
    slip_cleanup(slip_buf_release) struct slip_buf word = SLIP_BUF_INIT;
    bool empty_is_unset = *s->p == ':';

    s->p += empty_is_unset;
    char op = *s->p;
    if (!op || !strchr(empty_is_unset ? "-+?" : "-+?#%", op))
        return wrong(s, from, "this kind of substitution does not exist");
    s->p++;
    bool pattern = op == '#' || op == '%';
    bool longest = pattern && *s->p == op;
    s->p += longest;
    if (expand_part(s, '}', pattern, &word) < 0)
        return -1;
    const char *value = lookup(s, name, pattern), *text = slip_buf_str(&word);
    bool is_set = value && !(empty_is_unset && !*value);
    if (op == '-') {
        slip_buf_puts(out, is_set ? value : text);
    } else if (op == '+') {
        slip_buf_puts(out, is_set ? text : "");
    } else if (op == '?') {
        if (!is_set)
            return required(s, from, name, value, text);
        slip_buf_puts(out, value);
    } else if (slip_glob_trim(text, value ? value : "", op == '%', longest, out) < 0) {
        return wrong(s, from, "the pattern has an escape that means nothing");
    }
    return 0;
}

/* After ${name, at '/' */
static int replace(struct state *s, const char *from, const char *name, struct slip_buf *out)
{
    slip_cleanup(slip_buf_release) struct slip_buf pattern = SLIP_BUF_INIT, with = SLIP_BUF_INIT;

    s->p++;
    bool all = *s->p == '/';
    s->p += all;
    if (expand_part(s, '/', true, &pattern) < 0 || expand_part(s, '}', true, &with) < 0)
        return -1;
    const char *value = lookup(s, name, true);
    if (slip_glob_replace(slip_buf_str(&pattern), value ? value : "", slip_buf_str(&with), all,
                          out) < 0)
        return wrong(s, from, "the pattern has an escape that means nothing");
    return 0;
}

static int dollar(struct state *s, struct slip_buf *out)
{
    slip_cleanup(slip_buf_release) struct slip_buf name = SLIP_BUF_INIT;
    const char *from = s->p++, *value;

    if (*s->p != '{') {
        read_name(s, &name);
        if (!name.len) {
            slip_buf_putc(out, '$');
            return 0;
        }
        value = lookup(s, name.data, true);
        slip_buf_puts(out, value ? value : "");
        return 0;
    }
    s->p++;
    read_name(s, &name);
    if (!*s->p)
        return wrong(s, from, "the '{' of a variable is not closed");
    if (!name.len)
        return wrong(s, from, "a variable needs a name");
    if (*s->p == '/')
        return replace(s, from, name.data, out);
    if (*s->p != '}')
        return modifier(s, from, name.data, out);
    s->p++;
    value = lookup(s, name.data, true);
    slip_buf_puts(out, value ? value : "");
    return 0;
}

static int single_quoted(struct state *s, struct slip_buf *out)
{
    const char *from = s->p++;

    while (*s->p && *s->p != '\'')
        slip_buf_putc(out, *s->p++);
    if (!*s->p)
        return wrong(s, from, "a single quote is not closed");
    s->p++;
    return 0;
}

static int double_quoted(struct state *s, bool raw_escapes, struct slip_buf *out)
{
    char escape = s->with->escape;
    const char *from = s->p++;

    while (*s->p && *s->p != '"') {
        if (*s->p == '$') {
            if (dollar(s, out) < 0)
                return -1;
            continue;
        }
        if (*s->p == escape && s->p[1]) {
            bool special = s->p[1] == '"' || s->p[1] == '$' || s->p[1] == escape;
            if (!special || raw_escapes)
                slip_buf_putc(out, escape);
            s->p++;
            if (!special)
                continue;
        }
        slip_buf_putc(out, *s->p++);
    }
    if (!*s->p)
        return wrong(s, from, "a double quote is not closed");
    s->p++;
    return 0;
}

/* What a variable brought splits at blanks; the first piece goes on with the word so far. */
static void split(struct state *s, struct slip_buf *out, size_t from)
{
    size_t keep = from;

    for (size_t i = from; i < out->len; i++) {
        if (!slip_is_blank(out->data[i])) {
            out->data[keep++] = out->data[i];
        } else if (keep) {
            slip_strv_addn(s->words, out->data, keep);
            keep = 0;
        }
    }
    if (out->data) {
        out->len = keep;
        out->data[keep] = '\0';
    }
}

static int until(struct state *s, char stop, bool raw_escapes, struct slip_buf *out)
{
    const char *from = s->p;
    int rc = 0;

    while (*s->p && rc == 0) {
        size_t before = out->len;
        char c = *s->p;

        if (stop && c == stop) {
            s->p++;
            return 0;
        }
        if (c == '$') {
            rc = dollar(s, out);
            if (s->words)
                split(s, out, before);
        } else if (c == '\'' && !s->with->keep_quotes) {
            rc = single_quoted(s, out);
        } else if (c == '"' && !s->with->keep_quotes) {
            rc = double_quoted(s, raw_escapes, out);
        } else if (c == s->with->escape) {
            if (raw_escapes)
                slip_buf_putc(out, c);
            if (*++s->p)
                slip_buf_putc(out, *s->p++);
        } else {
            slip_buf_putc(out, *s->p++);
            if (s->words)
                split(s, out, before);
        }
    }
    if (rc == 0 && stop)
        return wrong(s, from,
                     stop == '}' ? "the '{' of a variable is not closed"
                                 : "a replacement needs a second '/'");
    return rc;
}

int slip_expand(const struct slip_expander *expander, struct slip_word word, struct slip_buf *out,
                struct slip_error *err)
{
    struct state s = { .with = expander, .word = word, .p = word.text, .err = err };

    return until(&s, '\0', false, out);
}

int slip_expand_words(const struct slip_expander *expander, struct slip_word word,
                      struct slip_strv *out, struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf last = SLIP_BUF_INIT;
    struct state s = { .with = expander, .word = word, .p = word.text, .words = out, .err = err };

    if (until(&s, '\0', false, &last) < 0)
        return -1;
    if (last.len)
        slip_strv_addn(out, last.data, last.len);
    return 0;
}
