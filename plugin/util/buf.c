#include "util/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

#define BUF_CEILING ((size_t)1 << 30)

char *slip_buf_reserve(struct slip_buf *buf, size_t n)
{
    if (n >= BUF_CEILING - buf->len)
        n = SIZE_MAX - buf->len - 1; /* makes the allocation below fail and say so */
    if (buf->len + n + 1 > buf->cap) {
        size_t want = buf->cap * 2 > 64 ? buf->cap * 2 : 64;
        if (want < buf->len + n + 1)
            want = buf->len + n + 1;
        buf->data = slip_xrealloc(buf->data, want);
        buf->cap = want;
    }
    buf->data[buf->len] = '\0'; /* room that is never written to is no text */
    return buf->data + buf->len;
}

void slip_buf_put(struct slip_buf *buf, const void *p, size_t n)
{
    char *at = slip_buf_reserve(buf, n);

    if (n)
        memcpy(at, p, n);
    at[n] = '\0';
    buf->len += n;
}

void slip_buf_puts(struct slip_buf *buf, const char *s)
{
    slip_buf_put(buf, s, strlen(s));
}

void slip_buf_putc(struct slip_buf *buf, char c)
{
    slip_buf_put(buf, &c, 1);
}

void slip_buf_printf(struct slip_buf *buf, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    slip_cleanup(slip_freep) char *s = slip_xvasprintf(fmt, ap);
    va_end(ap);
    slip_buf_puts(buf, s);
}

const char *slip_buf_str(struct slip_buf *buf)
{
    return buf->data ? buf->data : "";
}

char *slip_buf_take(struct slip_buf *buf)
{
    char *s = buf->data ? buf->data : slip_xstrdup("");

    *buf = SLIP_BUF_INIT;
    return s;
}

void slip_buf_clear(struct slip_buf *buf)
{
    buf->len = 0;
    if (buf->data)
        buf->data[0] = '\0';
}

void slip_buf_release(struct slip_buf *buf)
{
    free(buf->data);
    *buf = SLIP_BUF_INIT;
}

void slip_strv_add_take(struct slip_strv *list, char *s)
{
    list->v = slip_xgrow(list->v, list->n + 1, &list->cap, sizeof *list->v);
    list->v[list->n++] = s;
    list->v[list->n] = NULL;
}

void slip_strv_add(struct slip_strv *list, const char *s)
{
    slip_strv_add_take(list, slip_xstrdup(s));
}

void slip_strv_addn(struct slip_strv *list, const char *s, size_t n)
{
    slip_strv_add_take(list, slip_xstrndup(s, n));
}

void slip_strv_addf(struct slip_strv *list, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    slip_strv_add_take(list, slip_xvasprintf(fmt, ap));
    va_end(ap);
}

void slip_strv_copy(struct slip_strv *to, const struct slip_strv *from)
{
    for (size_t i = 0; i < from->n; i++)
        slip_strv_add(to, from->v[i]);
}

int slip_strv_has(const struct slip_strv *list, const char *s)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->v[i], s) == 0)
            return 1;
    return 0;
}

static int bytewise(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void slip_strv_sort(struct slip_strv *list)
{
    if (list->n > 1)
        qsort(list->v, list->n, sizeof *list->v, bytewise);
}

static char **find_env(const struct slip_strv *list, const char *key)
{
    size_t n = strlen(key);

    for (size_t i = 0; i < list->n; i++)
        if (strncmp(list->v[i], key, n) == 0 && list->v[i][n] == '=')
            return &list->v[i];
    return NULL;
}

void slip_strv_truncate(struct slip_strv *list, size_t n)
{
    while (list->n > n) {
        free(list->v[--list->n]);
        list->v[list->n] = NULL;
    }
}

void slip_strv_setenv(struct slip_strv *list, const char *key, const char *value)
{
    char **at = find_env(list, key), *entry = slip_xasprintf("%s=%s", key, value);

    if (!at) {
        slip_strv_add_take(list, entry);
        return;
    }
    free(*at);
    *at = entry;
}

const char *slip_strv_getenv(const struct slip_strv *list, const char *key)
{
    char **at = find_env(list, key);

    return at ? *at + strlen(key) + 1 : NULL;
}

void slip_strv_release(struct slip_strv *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->v[i]);
    free(list->v);
    *list = SLIP_STRV_INIT;
}
