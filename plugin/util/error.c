#include "util/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

/* Bytes of a line that an excerpt shows, and how many of them at most before the place. */
#define EXCERPT_MAX 400
#define EXCERPT_BEFORE 80

__attribute__((format(printf, 4, 0))) static void set(struct slip_error *err, enum slip_errc code,
                                                      int sys_errno, const char *fmt, va_list ap)
{
    slip_error_release(err);
    err->code = code;
    err->sys_errno = sys_errno;
    err->msg = slip_xvasprintf(fmt, ap);
}

int slip_fail(struct slip_error *err, enum slip_errc code, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    set(err, code, 0, fmt, ap);
    va_end(ap);
    return -1;
}

int slip_fail_errno(struct slip_error *err, const char *fmt, ...)
{
    int saved = errno;
    va_list ap;

    va_start(ap, fmt);
    set(err, SLIP_ESYSTEM, saved, fmt, ap);
    va_end(ap);
    if (saved == ENOSPC || saved == EDQUOT) {
        err->code = SLIP_EHOST;
        slip_error_hint(err,
                        "make room ('slipway cache prune' removes what no image needs), or set "
                        "SLIPWAY_STORE to a larger disk");
    }
    return -1;
}

int slip_fail_at(struct slip_error *err, struct slip_span at, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    set(err, SLIP_EINPUT, 0, fmt, ap);
    va_end(ap);
    err->at = at;
    return -1;
}

int slip_error_context(struct slip_error *err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    slip_cleanup(slip_freep) char *context = slip_xvasprintf(fmt, ap);
    va_end(ap);
    char *joined = slip_xasprintf("%s: %s", context, err->msg ? err->msg : "failed");
    free(err->msg);
    err->msg = joined;
    return -1;
}

int slip_error_hint(struct slip_error *err, const char *fmt, ...)
{
    va_list ap;

    if (err->hint)
        return -1;
    va_start(ap, fmt);
    err->hint = slip_xvasprintf(fmt, ap);
    va_end(ap);
    return -1;
}

static const char *line_around(const struct slip_span *at, unsigned *line, size_t *len)
{
    const char *text = at->src->text, *start = text;
    size_t off = at->off <= at->src->len ? at->off : at->src->len;

    *line = 1;
    for (const char *p = text; p < text + off; p++)
        if (*p == '\n') {
            start = p + 1;
            ++*line;
        }
    const char *nl = memchr(start, '\n', (size_t)(text + at->src->len - start));
    *len = (size_t)((nl ? nl : text + at->src->len) - start);
    return start;
}

unsigned slip_span_line(struct slip_span at)
{
    unsigned line = 0;
    size_t len;

    if (at.src)
        line_around(&at, &line, &len);
    return line;
}

size_t slip_span_column(struct slip_span at)
{
    unsigned line;
    size_t len;

    if (!at.src)
        return 0;
    return (size_t)(at.src->text + at.off - line_around(&at, &line, &len)) + 1;
}

/* How much of "user:password@host/..." is nobody's business; a user of ssh alone is no secret. */
static size_t login_len(const char *s, size_t n, bool is_ssh)
{
    size_t end = 0, len = 0;
    bool has_password = false;

    while (end < n && !strchr("/?# \t\"'", s[end])) {
        if (s[end++] == '@')
            len = end - 1;
    }
    for (size_t i = 0; i < len; i++)
        has_password = has_password || s[i] == ':';
    return is_ssh && !has_password ? 0 : len;
}

/* Bytes that could steer a terminal are shown as '?', what logs in to a host as '*'. */
static void put_clean(FILE *out, const char *s, size_t n)
{
    size_t secret = 0; /* up to here */

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (i >= 3 && memcmp(s + i - 3, "://", 3) == 0)
            secret = i + login_len(s + i, n - i, i >= 6 && memcmp(s + i - 6, "ssh", 3) == 0);
        fputc(i < secret ? '*' : c == '\t' || (c >= 0x20 && c != 0x7f) ? c : '?', out);
    }
}

/* Of a line that is longer than anyone would read, the part around the place. */
static void narrow(const char **start, size_t *len, size_t *col)
{
    size_t skip = *col > EXCERPT_BEFORE ? *col - EXCERPT_BEFORE : 0;

    if (*len <= EXCERPT_MAX)
        return;
    *start += skip;
    *col -= skip;
    *len = *len - skip < EXCERPT_MAX ? *len - skip : EXCERPT_MAX;
}

void slip_diagnostic_print(FILE *out, struct slip_span at, const char *severity, const char *msg,
                           const char *hint)
{
    const char *start = NULL;
    unsigned line = 0;
    size_t len = 0, col = 0;

    if (at.src) {
        start = line_around(&at, &line, &len);
        col = (size_t)(at.src->text + at.off - start);
        fprintf(out, "%s:%u:%zu: ", at.src->name, line, col + 1);
        narrow(&start, &len, &col);
    }
    fprintf(out, "%s: %s\n", severity, msg);

    if (start) {
        fprintf(out, "%5u | ", line);
        put_clean(out, start, len);
        fputs("\n      | ", out);
        for (size_t i = 0; i < col && i < len; i++) /* keep tabs, so that the caret lines up */
            fputc(start[i] == '\t' ? '\t' : ' ', out);
        fputc('^', out);
        for (size_t i = 1; i < at.len && col + i < len; i++)
            fputc('~', out);
        fputc('\n', out);
    }
    if (hint)
        fprintf(out, "hint: %s\n", hint);
}

void slip_error_print(const struct slip_error *err, FILE *out)
{
    slip_cleanup(slip_freep) char *msg =
        err->sys_errno ? slip_xasprintf("%s: %s", err->msg, strerror(err->sys_errno))
                       : slip_xstrdup(err->msg ? err->msg : "failed");

    slip_diagnostic_print(out, err->at, "error", msg, err->hint);
}

void slip_error_release(struct slip_error *err)
{
    free(err->msg);
    free(err->hint);
    *err = SLIP_ERROR_INIT;
}

void slip_error_move(struct slip_error *to, struct slip_error *from)
{
    slip_error_release(to);
    *to = *from;
    *from = SLIP_ERROR_INIT;
}
