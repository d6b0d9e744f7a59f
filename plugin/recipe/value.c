#include "recipe/value.h"

#include <ctype.h>
#include <string.h>

#include "recipe/quote.h"
#include "util/buf.h"
#include "util/json.h"

char *slip_span_text(struct slip_arena *arena, struct slip_span at)
{
    return slip_arena_strndup(arena, at.src->text + at.off, at.len);
}

/* An array in the arena moves to twice the room when it is full. */
static void *grow(struct slip_arena *arena, void *v, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return v;
    *cap = *cap ? 2 * *cap : 4;
    void *larger = slip_arena_alloc(arena, *cap * size);
    if (n)
        memcpy(larger, v, n * size);
    return larger;
}

void slip_values_add(struct slip_arena *arena, struct slip_values *list, struct slip_value value)
{
    list->v = grow(arena, list->v, list->n, &list->cap, sizeof *list->v);
    list->v[list->n++] = value;
}

void slip_values_append(struct slip_arena *arena, struct slip_values *list,
                        const struct slip_values *from)
{
    for (size_t i = 0; i < from->n; i++)
        slip_values_add(arena, list, from->v[i]);
}

static bool is_empty(const struct slip_assignment *from)
{
    for (size_t i = 0; i < from->n; i++)
        if (from->lines[i].at.len)
            return false;
    return true;
}

/* A comment within a list; the key's own line has none, since nobody would see that it is one. */
static bool is_comment(const struct slip_assignment *from, size_t line)
{
    struct slip_span at = from->lines[line].at;

    return line > 0 && at.len && at.src->text[at.off] == '#';
}

/* Starts a list: `key =` with nothing behind it forgets what an included file said. */
static void begin(const struct slip_assignment *from, struct slip_values *ret)
{
    if (is_empty(from))
        ret->n = 0;
    ret->key = from->key;
}

int slip_value_read_one(struct slip_arena *arena, const struct slip_assignment *from,
                        struct slip_value *ret, struct slip_error *err)
{
    const struct slip_value_line *line = NULL;

    for (size_t i = 0; i < from->n; i++) {
        if (!from->lines[i].at.len || is_comment(from, i))
            continue;
        if (line) {
            slip_fail_at(err, from->lines[i].at, "'%.*s' has one value, and this is a second one",
                         (int)from->key.len, from->key.src->text + from->key.off);
            return slip_error_hint(err, "an indented line continues the key above it; a new key "
                                        "begins at the first column");
        }
        line = &from->lines[i];
    }
    if (!line)
        line = &from->lines[0];
    *ret = (struct slip_value){ slip_span_text(arena, line->at), line->at, from->key };
    return 0;
}

/* Length of the word at the start of s, still in its quotes. */
static size_t raw_word(const char *s, size_t n)
{
    char quote = 0;
    size_t i = 0;

    for (; i < n; i++) {
        if (s[i] == '\\' && quote != '\'')
            i++;
        else if (quote && s[i] == quote)
            quote = 0;
        else if (!quote && isspace((unsigned char)s[i]))
            break;
        else if (!quote && (s[i] == '\'' || s[i] == '"'))
            quote = s[i];
    }
    return i < n ? i : n;
}

/* The word without its quotes; a `$` that they protected is written `\$`. */
static char *unquote_word(struct slip_arena *arena, struct slip_span word, struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    const char *s = word.src->text + word.off;
    size_t quote_at = 0;
    char quote = 0;

    for (size_t i = 0; i < word.len; i++) {
        char c = s[i];
        bool escape = c == '\\' && i + 1 < word.len &&
                      (!quote || (quote == '"' && strchr("\"\\$`", s[i + 1])));
        if (escape)
            c = s[++i];
        else if (quote ? c == quote : c == '\'' || c == '"') {
            quote = quote ? 0 : c;
            quote_at = i;
            continue;
        }
        if (c == '$' && (escape || quote == '\''))
            slip_buf_putc(&out, '\\');
        slip_buf_putc(&out, c);
    }
    if (quote) {
        slip_fail_at(err, (struct slip_span){ word.src, word.off + quote_at, 1 },
                     "a quote is not closed");
        return NULL;
    }
    return slip_arena_strdup(arena, slip_buf_str(&out));
}

int slip_value_split(struct slip_arena *arena, struct slip_span at, struct slip_span key,
                     struct slip_values *ret, struct slip_error *err)
{
    const char *text = at.src->text + at.off;

    if (at.len && text[at.len - 1] == '\\' && (at.len < 2 || text[at.len - 2] != '\\'))
        at.len--; /* as in a shell; the next line belongs to the value in any case */
    for (size_t i = 0; i < at.len;) {
        if (isspace((unsigned char)text[i])) {
            i++;
            continue;
        }
        struct slip_span word = { at.src, at.off + i, raw_word(text + i, at.len - i) };
        const char *plain = unquote_word(arena, word, err);
        if (!plain)
            return -1;
        slip_values_add(arena, ret, (struct slip_value){ plain, word, key });
        i += word.len;
    }
    return 0;
}

int slip_value_read_list(struct slip_arena *arena, const struct slip_assignment *from,
                         struct slip_values *ret, struct slip_error *err)
{
    begin(from, ret);
    for (size_t i = 0; i < from->n; i++) {
        size_t first = ret->n;
        if (is_comment(from, i))
            continue;
        if (slip_value_split(arena, from->lines[i].at, from->key, ret, err) < 0)
            return -1;
        for (size_t k = first; k < ret->n; k++) {
            struct slip_span at = ret->v[k].at;
            if (at.src->text[at.off] != '#')
                continue;
            at.len = from->lines[i].at.off + from->lines[i].at.len - at.off;
            slip_fail_at(err, at, "a comment needs a line of its own");
            return slip_error_hint(err, "a word that begins with '#' is written '\\#...'");
        }
    }
    return 0;
}

/* Lines from `first` on that a backslash at the end joins to one. Returns the last of them. */
static size_t join(struct slip_arena *arena, const struct slip_assignment *from, size_t first,
                   struct slip_value *ret)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    struct slip_span at = from->lines[first].at;
    size_t i = first;

    for (;; i++) {
        struct slip_span line = from->lines[i].at;
        const char *s = line.src->text + line.off;
        bool more = line.len && s[line.len - 1] == '\\' && i + 1 < from->n;
        at.len = line.off + line.len - at.off;
        slip_buf_put(&text, s, line.len - more);
        if (!more)
            break;
    }
    *ret = (struct slip_value){ slip_arena_strndup(arena, slip_buf_str(&text), text.len), at,
                                from->key };
    return i;
}

int slip_value_read_lines(struct slip_arena *arena, const struct slip_assignment *from,
                          struct slip_values *ret, struct slip_error *err)
{
    struct slip_value value;

    (void)err;
    begin(from, ret);
    for (size_t i = 0; i < from->n; i++) {
        if (!from->lines[i].at.len || is_comment(from, i))
            continue;
        i = join(arena, from, i, &value);
        slip_values_add(arena, ret, value);
    }
    return 0;
}

/* A V that is one quoted word loses its quotes. */
static const char *unquote(struct slip_arena *arena, const char *v, struct slip_span at,
                           struct slip_error *err)
{
    if ((v[0] != '"' && v[0] != '\'') || raw_word(v, at.len) != at.len)
        return v;
    return unquote_word(arena, at, err);
}

int slip_value_read_pairs(struct slip_arena *arena, const struct slip_assignment *from,
                          struct slip_values *ret, struct slip_error *err)
{
    begin(from, ret);
    for (size_t i = 0; i < from->n; i++) {
        struct slip_span at = from->lines[i].at, v = at;
        if (!at.len || is_comment(from, i))
            continue;
        char *text = slip_span_text(arena, at), *equal = strchr(text, '=');
        if (!equal || equal == text) {
            slip_fail_at(err, at, "expected NAME=value");
            return slip_error_hint(err, "one pair stands on each line of '%.*s'",
                                   (int)from->key.len, from->key.src->text + from->key.off);
        }
        v.off += (size_t)(equal + 1 - text);
        v.len -= (size_t)(equal + 1 - text);
        const char *plain = unquote(arena, equal + 1, v, err);
        if (!plain)
            return -1;
        *equal = '\0';
        slip_values_add(
            arena, ret,
            (struct slip_value){ slip_arena_printf(arena, "%s=%s", text, plain), at, from->key });
    }
    return 0;
}

static int read_json(struct slip_arena *arena, const char *text, struct slip_span at,
                     struct slip_values *ret, struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *array = slip_json_parse(text, strlen(text), "", err);
    json_t *item;
    size_t i;

    if (!array) {
        slip_error_release(err);
        slip_fail_at(err, at, "this is not a JSON array of strings");
        return slip_error_hint(err, "write [\"program\", \"argument\"], or the words as a shell "
                                    "would read them");
    }
    json_array_foreach (array, i, item) {
        if (!json_is_string(item))
            return slip_fail_at(err, at, "every item of the array must be a string");
        slip_values_add(
            arena, ret,
            (struct slip_value){ slip_arena_strdup(arena, json_string_value(item)), at, ret->key });
    }
    return 0;
}

/* "[ -e /ready ]" is a command, ["a"] and [ "a" ] are arrays, and [a] is a mistake in one. */
static bool is_json(const char *text)
{
    return text[0] == '[' &&
           (!isspace((unsigned char)text[1]) || text[1 + strspn(text + 1, " \t\n")] == '"');
}

int slip_value_read_command(struct slip_arena *arena, const struct slip_assignment *from,
                            struct slip_values *ret, struct slip_error *err)
{
    struct slip_script script;

    *ret = (struct slip_values){ .key = from->key };
    slip_value_read_script(arena, from, &script);
    if (is_json(script.text))
        return read_json(arena, script.text, script.at, ret, err);
    for (size_t i = 0; i < from->n; i++)
        if (slip_value_split(arena, from->lines[i].at, from->key, ret, err) < 0)
            return -1;
    for (size_t i = 0; i < ret->n; i++) /* a command has no variables */
        ret->v[i].text = slip_quote_plain(arena, ret->v[i].text);
    return 0;
}

static void put_line(struct slip_arena *arena, struct slip_script *ret, size_t *cap,
                     struct slip_span at)
{
    ret->lines = grow(arena, ret->lines, ret->n, cap, sizeof *ret->lines);
    ret->lines[ret->n++] = at;
}

void slip_value_read_script(struct slip_arena *arena, const struct slip_assignment *from,
                            struct slip_script *ret)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    size_t common = SIZE_MAX, cap = 0;

    *ret = (struct slip_script){ .key = from->key, .at = from->lines[0].at };
    for (size_t i = 1; i < from->n; i++)
        common = from->lines[i].indent < common ? from->lines[i].indent : common;
    for (size_t i = 0; i < from->n; i++) {
        const struct slip_value_line *line = &from->lines[i];
        size_t keep = i ? line->indent - common : 0;
        struct slip_span at = { line->at.src, line->at.off - keep, line->at.len + keep };
        if (i == 0 && !line->at.len)
            continue;
        for (unsigned k = 0; k < line->blank_lines && ret->n; k++) {
            slip_buf_putc(&text, '\n');
            put_line(arena, ret, &cap, (struct slip_span){ at.src, at.off, 0 });
        }
        if (!ret->n)
            ret->at = line->at;
        else
            slip_buf_putc(&text, '\n');
        slip_buf_put(&text, at.src->text + at.off, at.len);
        put_line(arena, ret, &cap, at);
    }
    ret->text = slip_arena_strndup(arena, slip_buf_str(&text), text.len);
}
