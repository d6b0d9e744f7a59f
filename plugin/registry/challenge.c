#include "registry/challenge.h"

#include <string.h>
#include <strings.h>

#include "util/mem.h"

static size_t token(const char *p)
{
    return strcspn(p, " \t,=\"");
}

static const char *skip(const char *p, const char *set)
{
    return p + strspn(p, set);
}

/* A value after '=': a token or a quoted string. Answers where it ends. */
static const char *value(const char *p, struct slip_buf *ret)
{
    slip_buf_clear(ret);
    if (*p != '"') {
        size_t n = strcspn(p, " \t,");
        slip_buf_put(ret, p, n);
        return p + n;
    }
    for (p++; *p && *p != '"'; p++) {
        if (*p == '\\' && p[1])
            p++;
        slip_buf_putc(ret, *p);
    }
    return *p ? p + 1 : p;
}

static void keep(char **to, struct slip_buf *text)
{
    if (!*to)
        *to = slip_xstrdup(slip_buf_str(text));
}

static void parse_line(struct slip_challenge *c, const char *p)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    bool first_bearer = false;

    for (p = skip(p, " \t,"); *p; p = skip(p, " \t,")) {
        size_t n = token(p);
        const char *after = skip(p + n, " \t");
        if (n == 0) {
            p++;                    /* garbage */
        } else if (*after != '=') { /* a scheme; parameters follow */
            first_bearer = n == 6 && strncasecmp(p, "bearer", 6) == 0 && !c->bearer;
            c->bearer = c->bearer || first_bearer;
            c->basic = c->basic || (n == 5 && strncasecmp(p, "basic", 5) == 0);
            p += n;
        } else {
            const char *end = value(skip(after + 1, " \t"), &text);
            if (first_bearer && n == 5 && strncasecmp(p, "realm", n) == 0)
                keep(&c->realm, &text);
            if (first_bearer && n == 7 && strncasecmp(p, "service", n) == 0)
                keep(&c->service, &text);
            if (first_bearer && n == 5 && strncasecmp(p, "scope", n) == 0)
                keep(&c->scope, &text);
            p = end;
        }
    }
}

void slip_challenge_parse(struct slip_challenge *ret, const struct slip_strv *lines)
{
    *ret = SLIP_CHALLENGE_INIT;
    for (size_t i = 0; i < lines->n; i++)
        parse_line(ret, lines->v[i]);
    ret->bearer = ret->bearer && ret->realm;
}

void slip_challenge_release(struct slip_challenge *c)
{
    free(c->realm);
    free(c->service);
    free(c->scope);
    *c = SLIP_CHALLENGE_INIT;
}
