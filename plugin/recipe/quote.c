#include "recipe/quote.h"

#include <ctype.h>
#include <string.h>

#include "util/str.h"

static bool is_plain_dollar(const char *p)
{
    return p[0] == '\\' && p[1] == '$';
}

static void put_escaped(struct slip_buf *out, const char *text, const char *special)
{
    for (const char *p = text; *p; p++) {
        if (is_plain_dollar(p)) {
            slip_buf_puts(out, "\\$");
            p++;
            continue;
        }
        if (strchr(special, *p))
            slip_buf_putc(out, '\\');
        slip_buf_putc(out, *p);
    }
}

void slip_quote_word(struct slip_buf *out, const char *text)
{
    put_escaped(out, text, "\\\"'");
}

void slip_quote_pair_value(struct slip_buf *out, const char *text)
{
    bool plain = *text && !text[strcspn(text, " \t\v\f\r'\"\\`#")];

    if (!*text)
        return;
    if (!plain)
        slip_buf_putc(out, '"');
    put_escaped(out, text, "\\\"");
    if (!plain)
        slip_buf_putc(out, '"');
}

/* Length of $NAME or ${NAME} at p, 0 when it is not this variable. */
static size_t variable_at(const char *p, const char *name, size_t len)
{
    if (p[0] != '$' || !len)
        return 0;
    if (p[1] == '{')
        return strncmp(p + 2, name, len) == 0 && (p[2 + len] == '}' || p[2 + len] == ':')
                   ? strcspn(p, "}") + 1
                   : 0;
    return strncmp(p + 1, name, len) == 0 && !isalnum((unsigned char)p[1 + len]) &&
                   p[1 + len] != '_'
               ? 1 + len
               : 0;
}

bool slip_uses_variable(const char *text, const char *name, size_t len)
{
    for (const char *p = strchr(text, '$'); p; p = strchr(p + 1, '$'))
        if (variable_at(p, name, len))
            return true;
    return false;
}

static size_t any_variable_at(const char *p, const struct slip_values *args)
{
    for (size_t i = 0; i < args->n; i++) {
        struct slip_span key = args->v[i].key;
        size_t n = variable_at(p, key.src->text + key.off, key.len);
        if (n && p[n - 1]) /* not beyond the end of an unclosed brace */
            return n;
    }
    return 0;
}

void slip_quote_shell(struct slip_buf *out, const char *text, const struct slip_values *args)
{
    slip_cleanup(slip_buf_release) struct slip_buf plain = SLIP_BUF_INIT, active = SLIP_BUF_INIT;
    bool has_variable = false;

    for (const char *p = text; *p; p++) {
        size_t n = any_variable_at(p, args);
        if (n) {
            slip_buf_put(&active, p, n);
            p += n - 1;
            has_variable = true;
            continue;
        }
        p += is_plain_dollar(p);
        slip_buf_putc(&plain, *p);
        if (strchr("\\\"$`", *p))
            slip_buf_putc(&active, '\\');
        slip_buf_putc(&active, *p);
    }
    if (has_variable)
        slip_buf_printf(out, "\"%s\"", slip_buf_str(&active));
    else
        slip_shell_quote(out, slip_buf_str(&plain));
}

char *slip_quote_literal(struct slip_arena *arena, const char *text)
{
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;

    for (const char *p = text; *p; p++) {
        if (*p == '$')
            slip_buf_putc(&out, '\\');
        slip_buf_putc(&out, *p);
    }
    return slip_arena_strdup(arena, slip_buf_str(&out));
}

char *slip_quote_plain(struct slip_arena *arena, const char *text)
{
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;

    for (const char *p = text; *p; p++) {
        p += is_plain_dollar(p);
        slip_buf_putc(&out, *p);
    }
    return slip_arena_strdup(arena, slip_buf_str(&out));
}
