#include "util/ini.h"

#include <ctype.h>
#include <ini.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "util/mem.h"

/* inih hands its handler copies and no position. It does ask us for every line first, though, so
 * the reader remembers where the current line stands, says no to what inih would pass over, and
 * the handler looks its text up there. */
struct walk {
    const struct slip_source *src;
    size_t line, end, next; /* the line inih is chewing on, without and with its end */
    struct slip_span section, key;
    unsigned blank_lines;
    bool stood_in; /* the line was given to inih with another first character */
    size_t asked, answered;
    slip_ini_fn *each;
    void *user;
    struct slip_error *err;
    bool failed;
};

static struct slip_span here(const struct walk *w, size_t off, size_t len)
{
    return (struct slip_span){ w->src, off, len };
}

static int say_no(struct walk *w)
{
    w->failed = true;
    return -1;
}

static int give(struct walk *w, const struct slip_ini_item *item)
{
    return w->each(w->user, item, w->err) < 0 ? say_no(w) : 0;
}

static int take_section(struct walk *w)
{
    const char *text = w->src->text;
    const char *close = memchr(text + w->line, ']', w->end - w->line);
    size_t from = w->line + 1, to;

    if (!close) {
        slip_fail_at(w->err, here(w, w->line, w->end - w->line),
                     "a section name must end with ']'");
        return say_no(w);
    }
    to = (size_t)(close - text);
    if (to + 1 != w->end) {
        slip_fail_at(w->err, here(w, to + 1, w->end - to - 1), "nothing may follow a section name");
        slip_error_hint(w->err, "a comment needs a line of its own");
        return say_no(w);
    }
    while (from < to && isspace((unsigned char)text[from]))
        from++;
    while (to > from && isspace((unsigned char)text[to - 1]))
        to--;
    if (to - w->line - 1 > SLIP_INI_SECTION_MAX) {
        slip_fail_at(w->err, here(w, from, to - from),
                     "a section name has at most %d characters, this one has %zu",
                     SLIP_INI_SECTION_MAX, to - from);
        return say_no(w);
    }
    w->section = here(w, from, to - from);
    w->key = (struct slip_span){ 0 };
    return give(w, &(struct slip_ini_item){ .kind = SLIP_INI_SECTION, .section = w->section });
}

static int check_key(struct walk *w)
{
    const char *line = w->src->text + w->line;
    size_t len = w->end - w->line;
    const char *equal = memchr(line, '=', len), *colon = memchr(line, ':', len);

    if (line[0] == '=') {
        slip_fail_at(w->err, here(w, w->line, 1), "a key must stand before '='");
        return say_no(w);
    }
    if (colon && (!equal || colon < equal)) { /* to inih, this would be the end of the key */
        slip_fail_at(w->err, here(w, (size_t)(colon - w->src->text), 1),
                     "a key ends with '=', not with ':'");
        return say_no(w);
    }
    if (!equal) {
        slip_fail_at(w->err, here(w, w->line, len), "expected 'key = value' or '[section]'");
        if (w->key.src)
            slip_error_hint(w->err, "indent the line if it is more of '%.*s'", (int)w->key.len,
                            w->key.src->text + w->key.off);
        return say_no(w);
    }
    return 0;
}

/* Nobody sees such a byte, and every reader behind us takes it for something else. */
static int check_bytes(struct walk *w)
{
    for (size_t i = w->line; i < w->end; i++) {
        unsigned char c = (unsigned char)w->src->text[i];
        if (c >= 0x20 || c == '\t')
            continue;
        slip_fail_at(w->err, here(w, i, 1), "a control character (0x%02x) cannot stand here", c);
        return say_no(w);
    }
    return 0;
}

/* Looks at the line before inih does; `buf` is inih's copy of it. */
static int look_at(struct walk *w, char *buf)
{
    const char *line = w->src->text + w->line;

    w->stood_in = false;
    if (check_bytes(w) < 0)
        return -1;
    if (w->line == w->end) {
        w->blank_lines++;
        return 0;
    }
    if (isspace((unsigned char)line[0])) {
        size_t lead = strspn(line, " \t\r\v\f");
        if (!w->key.src) {
            slip_fail_at(w->err, here(w, w->line + lead, w->end - w->line - lead),
                         "an indented line continues the key above it, and there is none");
            slip_error_hint(w->err, "begin the line at its first column");
            return say_no(w);
        }
        w->asked++;
        if (line[lead] == '#' || line[lead] == ';') {
            buf[lead] = '.'; /* or inih drops it as a comment */
            w->stood_in = true;
        }
        return 0;
    }
    if (line[0] == '#' || line[0] == ';')
        return 0;
    if (line[0] == '[')
        return take_section(w);
    w->asked++;
    return check_key(w);
}

static char *next_line(char *buf, int room, void *arg)
{
    struct walk *w = arg;
    const char *from = w->src->text + w->next;
    size_t left = w->src->len - w->next, bom = 0;

    if (left == 0 || w->failed)
        return NULL;
    const char *nl = memchr(from, '\n', left);
    size_t len = nl ? (size_t)(nl - from) + 1 : left;
    if (room < 0 || len >= (size_t)room) {
        slip_fail_at(w->err, here(w, w->next, len), "line is longer than this inih can read");
        say_no(w);
        return NULL;
    }
    memcpy(buf, from, len);
    buf[len] = '\0';
    if (w->next == 0 && len >= 3 && memcmp(from, "\xef\xbb\xbf", 3) == 0)
        bom = 3;
    w->line = w->next + bom;
    w->next += len;
    for (w->end = w->next; w->end > w->line; w->end--)
        if (!isspace((unsigned char)w->src->text[w->end - 1]))
            break;
    return look_at(w, buf + bom) < 0 ? NULL : buf;
}

static int on_pair(struct walk *w, const char *key, const char *value)
{
    const char *text = w->src->text;
    bool more = isspace((unsigned char)text[w->line]);
    size_t from = w->line;

    if (!more) {
        w->key = here(w, w->line, strlen(key));
        from = (size_t)((const char *)memchr(text + w->line, '=', w->end - w->line) - text) + 1;
        w->blank_lines = 0;
    }
    while (from < w->end && isspace((unsigned char)text[from]))
        from++;
    struct slip_ini_item item = { more ? SLIP_INI_MORE : SLIP_INI_KEY, w->section, w->key,
                                  here(w, from, w->end - from), more ? w->blank_lines : 0 };
    w->blank_lines = 0;
    w->answered++;
    if (strlen(value) != item.value.len ||
        (!w->stood_in && memcmp(value, text + from, item.value.len) != 0)) {
        slip_fail_at(w->err, item.value, "this inih does not give back what was written");
        return say_no(w);
    }
    return give(w, &item);
}

#if INI_HANDLER_LINENO
static int handler(void *arg, const char *section, const char *key, const char *value, int lineno)
{
    (void)lineno;
#else
static int handler(void *arg, const char *section, const char *key, const char *value)
{
#endif
    (void)section;
    return on_pair(arg, key, value) == 0;
}

static size_t longest_line(const struct slip_source *src)
{
    size_t longest = 0, run = 0;

    for (size_t i = 0; i < src->len; i++) {
        run = src->text[i] == '\n' ? 0 : run + 1;
        longest = run > longest ? run : longest;
    }
    return longest;
}

int slip_ini_parse(const struct slip_source *src, slip_ini_fn *each, void *user,
                   struct slip_error *err)
{
    struct walk w = { .src = src, .each = each, .user = user, .err = err };
    const char *nul = memchr(src->text, '\0', src->len);
    size_t room = longest_line(src) + 8;

    if (nul)
        return slip_fail_at(err, here(&w, (size_t)(nul - src->text), 1),
                            "a NUL byte cannot stand in a text file");
    if (room > INT_MAX / 2)
        return slip_fail_at(err, here(&w, 0, 0), "a line is too long");
    ini_use_stack = false;
    ini_allow_realloc = false; /* the first buffer holds the longest line */
    ini_initial_alloc = (int)room;
    ini_max_line = (int)room;
    ini_allow_multiline = true;
    ini_allow_bom = true;
    ini_allow_inline_comments = false;
    ini_allow_no_value = false;
    ini_stop_on_first_error = true;

    int rc = ini_parse_stream(next_line, &w, handler, &w);
    if (w.failed)
        return -1;
    if (rc != 0 || w.asked != w.answered) /* a line that we let through did not come back */
        return slip_fail_at(err, here(&w, w.line, w.end - w.line),
                            "this inih cannot read the line");
    return 0;
}
