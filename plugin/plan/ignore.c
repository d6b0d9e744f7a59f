#include "plan/ignore.h"

#include <stdint.h>
#include <string.h>

#include "plan/match.h"
#include "plan/rune.h"
#include "util/fs.h"
#include "util/mem.h"

/* A pattern is a row of elements, and matching keeps the set of those a path may have reached:
 * no backtracking, and a look at the set tells whether anything longer could still match. */
enum element_kind {
    ELEMENT_CHAR,
    ELEMENT_ONE,     /* ? */
    ELEMENT_SET,     /* [...] */
    ELEMENT_NAME,    /* * : within one component */
    ELEMENT_ANY,     /* ** at the end: everything */
    ELEMENT_DIRS,    /* ** in the middle: nothing, or directories with their slash */
    ELEMENT_IN_DIRS, /* its other half: inside a directory's name; only after a '/' it goes on */
};

struct element {
    enum element_kind kind;
    uint32_t c;
    const char *set; /* ELEMENT_SET: "[...]", borrowed from the pattern */
    size_t set_len;
};

struct pattern {
    char *text; /* owned; cleaned */
    bool negated;
    struct element *elements; /* owned */
    size_t n;
};

struct slip_ignore {
    struct pattern *patterns; /* owned */
    size_t n, cap;
    size_t widest; /* elements of the longest pattern */
};

static void add(struct pattern *p, enum element_kind kind, uint32_t c)
{
    p->elements[p->n++] = (struct element){ .kind = kind, .c = c };
}

/* Reads "**"; returns what comes after it. */
static const char *compile_deep(struct pattern *p, const char *at)
{
    bool first = at == p->text;
    const char *rest = at + 2;
    bool slash = *rest == '/';

    rest += slash;
    /* docker takes a leading "**" that no '/' follows as "ends in", if the rest is plain */
    if (!*rest || (first && !slash && !slip_match_is_pattern(rest))) {
        add(p, ELEMENT_ANY, 0);
    } else {
        add(p, ELEMENT_DIRS, 0);
        add(p, ELEMENT_IN_DIRS, 0);
    }
    return rest;
}

static void compile(struct pattern *p)
{
    const char *at = p->text;

    p->elements = slip_xcalloc(2 * strlen(at) + 1, sizeof *p->elements);
    while (*at) {
        uint32_t c;
        if (at[0] == '*' && at[1] == '*') {
            at = compile_deep(p, at);
        } else if (*at == '*') {
            add(p, ELEMENT_NAME, 0);
            at++;
        } else if (*at == '?') {
            add(p, ELEMENT_ONE, 0);
            at++;
        } else if (*at == '[') { /* slip_match() has found the set sound */
            const char *end = at + 1 + (at[1] == '^');
            do
                end += end[0] == '\\' ? 2 : 1;
            while (*end != ']');
            add(p, ELEMENT_SET, 0);
            p->elements[p->n - 1].set = at;
            p->elements[p->n - 1].set_len = (size_t)(end - at) + 1;
            at = end + 1;
        } else {
            at += *at == '\\';
            at += slip_rune(at, &c);
            add(p, ELEMENT_CHAR, c);
        }
    }
}

static char *trimmed(const char *line)
{
    line += strspn(line, " \t\r\n\v\f");
    size_t n = strlen(line);
    while (n && strchr(" \t\r\n\v\f", line[n - 1]))
        n--;
    return slip_xstrndup(line, n);
}

/* The pattern of a line, cleaned as a path, or NULL for a comment or an empty line. */
static char *clean_line(const char *line, bool *negated)
{
    if (*line == '#')
        return NULL;
    slip_cleanup(slip_freep) char *text = trimmed(line);
    *negated = *text == '!';
    if (!*text)
        return NULL;
    slip_cleanup(slip_freep) char *bare = trimmed(text + *negated);
    if (!*bare)
        return slip_xstrdup("");
    char *clean = slip_path_clean(bare);
    if (clean[0] == '/' && clean[1])
        memmove(clean, clean + 1, strlen(clean));
    return clean;
}

static int add_line(struct slip_ignore *ignore, const char *line, size_t number,
                    struct slip_error *err)
{
    struct pattern p = { 0 };

    p.text = clean_line(line, &p.negated);
    if (!p.text)
        return 0;
    if (!*p.text || slip_match(p.text, ".") < 0) {
        slip_fail(err, SLIP_EINPUT, "line %zu of the ignore rules, '%.64s', is not a pattern",
                  number, line);
        slip_error_hint(err, *p.text ? "close the '[', or write \\ in front of a special character"
                                     : "'!' needs a pattern behind it");
        free(p.text);
        return -1;
    }
    compile(&p);
    if (p.n > ignore->widest)
        ignore->widest = p.n;
    ignore->patterns =
        slip_xgrow(ignore->patterns, ignore->n, &ignore->cap, sizeof *ignore->patterns);
    ignore->patterns[ignore->n++] = p;
    return 0;
}

int slip_ignore_compile(const char *const *lines, struct slip_ignore **ret, struct slip_error *err)
{
    struct slip_ignore *ignore = slip_xcalloc(1, sizeof *ignore);

    for (size_t i = 0; lines && lines[i]; i++) {
        bool bom = i == 0 && strncmp(lines[0], "\xef\xbb\xbf", 3) == 0;
        if (add_line(ignore, lines[i] + (bom ? 3 : 0), i + 1, err) < 0) {
            slip_ignore_free(ignore);
            return -1;
        }
    }
    *ret = ignore;
    return 0;
}

void slip_ignore_free(struct slip_ignore *ignore)
{
    if (!ignore)
        return;
    for (size_t i = 0; i < ignore->n; i++) {
        free(ignore->patterns[i].text);
        free(ignore->patterns[i].elements);
    }
    free(ignore->patterns);
    free(ignore);
}

/* Reaching an element that may match nothing means reaching the next as well. */
static void reach(const struct pattern *p, bool *set, size_t i)
{
    for (;; i++) {
        if (set[i]) /* and so is all that it reaches */
            return;
        set[i] = true;
        if (i == p->n)
            return;
        if (p->elements[i].kind == ELEMENT_DIRS)
            i++; /* the half inside a name is reached by a character only */
        else if (p->elements[i].kind != ELEMENT_NAME && p->elements[i].kind != ELEMENT_ANY)
            return;
    }
}

static bool in_set(const struct element *e, const char *at, size_t len)
{
    slip_cleanup(slip_freep) char *set = slip_xstrndup(e->set, e->set_len);
    slip_cleanup(slip_freep) char *c = slip_xstrndup(at, len);

    return slip_match(set, c) == 1;
}

static void step(const struct pattern *p, const bool *now, bool *next, const char *at, size_t len,
                 uint32_t c)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct element *e = &p->elements[i];
        if (!now[i])
            continue;
        switch (e->kind) {
        case ELEMENT_CHAR:
            if (c == e->c)
                reach(p, next, i + 1);
            break;
        case ELEMENT_ONE:
            if (c != '/')
                reach(p, next, i + 1);
            break;
        case ELEMENT_SET:
            if (in_set(e, at, len))
                reach(p, next, i + 1);
            break;
        case ELEMENT_NAME:
            if (c != '/')
                reach(p, next, i);
            break;
        case ELEMENT_ANY:
            reach(p, next, i);
            break;
        case ELEMENT_DIRS:
        case ELEMENT_IN_DIRS: {
            size_t inside = e->kind == ELEMENT_DIRS ? i + 1 : i;
            next[inside] = true;
            if (c == '/')
                reach(p, next, inside + 1);
            break;
        }
        }
    }
}

enum answer {
    ANSWER_NO,
    ANSWER_BELOW, /* not this path, but perhaps one below it */
    ANSWER_YES,   /* this path or a parent of it */
};

/* Two rows of flags, n + 1 each, are lent by the caller. */
static enum answer match(const struct pattern *p, const char *path, bool *rows)
{
    bool *now = rows, *next = rows + p->n + 1;

    memset(now, 0, (p->n + 1) * sizeof *now);
    reach(p, now, 0);
    for (const char *at = path;;) {
        if (now[p->n] && at > path && (!*at || *at == '/'))
            return ANSWER_YES;
        uint32_t c = '/'; /* after the end: as if something stood below */
        size_t len = *at ? slip_rune(at, &c) : 1;
        memset(next, 0, (p->n + 1) * sizeof *next);
        step(p, now, next, *at ? at : "/", len, c);
        bool *swap = now;
        now = next;
        next = swap;
        if (!*at)
            break;
        at += len;
    }
    for (size_t i = 0; i < p->n; i++)
        if (now[i])
            return ANSWER_BELOW;
    return ANSWER_NO;
}

static bool is_root(const char *path)
{
    return !*path || strcmp(path, ".") == 0;
}

bool slip_ignore_match(const struct slip_ignore *ignore, const char *path, bool is_dir)
{
    slip_cleanup(slip_freep) bool *rows = slip_xcalloc(2 * (ignore->widest + 1), sizeof *rows);
    bool out = false;

    if (is_dir && is_root(path))
        return false;
    for (size_t i = 0; i < ignore->n; i++) {
        const struct pattern *p = &ignore->patterns[i];
        if (p->negated == out && match(p, path, rows) == ANSWER_YES)
            out = !p->negated;
    }
    return out;
}

bool slip_ignore_may_descend(const struct slip_ignore *ignore, const char *dir)
{
    slip_cleanup(slip_freep) bool *rows = slip_xcalloc(2 * (ignore->widest + 1), sizeof *rows);
    bool out = false, below = false;

    if (is_root(dir))
        return true;
    for (size_t i = 0; i < ignore->n; i++) {
        const struct pattern *p = &ignore->patterns[i];
        enum answer answer = match(p, dir, rows);
        if (answer == ANSWER_YES) {
            out = !p->negated;
            below = false; /* what stood before no longer counts below here */
        } else if (p->negated && answer == ANSWER_BELOW) {
            below = true;
        }
    }
    return !out || below;
}
