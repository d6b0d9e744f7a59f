/* buf.h - bytes that grow, with a ceiling, and an ordered list of strings.
 *
 * A buffer is always NUL-terminated once something was put in. The ceiling (default 1 GiB) ends
 * the program as out-of-memory does: it is a backstop; sizes from outside are checked before.
 * Depends on: util/mem.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

struct slip_buf {
    char *data; /* owned; NULL while empty */
    size_t len, cap;
};

#define SLIP_BUF_INIT ((struct slip_buf){ 0 })

void slip_buf_put(struct slip_buf *buf, const void *p, size_t n);
void slip_buf_puts(struct slip_buf *buf, const char *s);
void slip_buf_putc(struct slip_buf *buf, char c);
void slip_buf_printf(struct slip_buf *buf, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Room for n more bytes; the caller writes them and adds to len. */
char *slip_buf_reserve(struct slip_buf *buf, size_t n);
/* The text, never NULL; still owned by the buffer. */
const char *slip_buf_str(struct slip_buf *buf);
/* Hands the text over (never NULL) and empties the buffer. */
char *slip_buf_take(struct slip_buf *buf);
void slip_buf_clear(struct slip_buf *buf); /* keeps the memory */
void slip_buf_release(struct slip_buf *buf);

/* A list of owned strings; v[n] is NULL, so it can be an argv. */
struct slip_strv {
    char **v; /* NULL while empty */
    size_t n, cap;
};

#define SLIP_STRV_INIT ((struct slip_strv){ 0 })

void slip_strv_add(struct slip_strv *list, const char *s); /* copies */
void slip_strv_add_take(struct slip_strv *list, char *s);  /* takes over */
void slip_strv_addf(struct slip_strv *list, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void slip_strv_addn(struct slip_strv *list, const char *s, size_t n);
void slip_strv_copy(struct slip_strv *to, const struct slip_strv *from); /* appends */
void slip_strv_truncate(struct slip_strv *list, size_t n);               /* keeps the first n */
int slip_strv_has(const struct slip_strv *list, const char *s);
void slip_strv_sort(struct slip_strv *list); /* bytewise */
/* Environment lists: "K=V" entries. Set replaces in place or appends; get gives V or NULL. */
void slip_strv_setenv(struct slip_strv *list, const char *key, const char *value);
const char *slip_strv_getenv(const struct slip_strv *list, const char *key);
void slip_strv_release(struct slip_strv *list);
