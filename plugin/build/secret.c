#include "build/secret.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "util/mem.h"

#define VEIL "***"
#define LINE_LIMIT ((size_t)4 << 10) /* the beginning of a longer line is enough to know it */

static void wipe(struct slip_secret *secret)
{
    explicit_bzero(secret->value, secret->len);
    free(secret->value);
    free(secret->id);
}

void slip_secrets_add(struct slip_secrets *list, const char *id, const void *value, size_t len)
{
    struct slip_secret fresh = { .id = slip_xstrdup(id),
                                 .value = slip_xmalloc(len + 1),
                                 .len = len };

    memcpy(fresh.value, value, len);
    fresh.value[len] = '\0';
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->v[i].id, id) == 0) {
            wipe(&list->v[i]);
            list->v[i] = fresh;
            return;
        }
    list->v = slip_xgrow(list->v, list->n, &list->cap, sizeof *list->v);
    list->v[list->n++] = fresh;
}

const struct slip_secret *slip_secrets_find(const struct slip_secrets *list, const char *id)
{
    for (size_t i = 0; list && i < list->n; i++)
        if (strcmp(list->v[i].id, id) == 0)
            return &list->v[i];
    return NULL;
}

void slip_secrets_release(struct slip_secrets *list)
{
    for (size_t i = 0; i < list->n; i++)
        wipe(&list->v[i]);
    free(list->v);
    *list = SLIP_SECRETS_INIT;
}

/* A text to hide. */
struct needle {
    const char *text;
    size_t len;
};

/* Where in a secret the next one begins, and how many there were. */
struct walk {
    const char *p;
    unsigned n;
};

/* The next line of a secret that is worth hiding. */
static bool next_needle(const struct slip_secret *secret, struct walk *w, struct needle *ret)
{
    const char *end = secret->value + secret->len;

    while (w->p < end && w->n < SLIP_VEIL_LINES) {
        const char *line = w->p, *nl = memchr(line, '\n', (size_t)(end - line));
        size_t n = (size_t)((nl ? nl : end) - line);
        w->p = nl ? nl + 1 : end;
        while (n && (line[n - 1] == '\r' || line[n - 1] == ' ' || line[n - 1] == '\t'))
            n--;
        while (n && (*line == ' ' || *line == '\t')) {
            line++;
            n--;
        }
        if (n >= SLIP_VEIL_MIN) {
            w->n++;
            *ret = (struct needle){ line, n < LINE_LIMIT ? n : LINE_LIMIT };
            return true;
        }
    }
    return false;
}

/* What of a text is ready: whole needles, or the start of one at the very end. */
struct found {
    size_t at, len; /* the earliest needle, the longest of several there; len 0: there is none */
    size_t held;    /* bytes at the end that may become a needle */
};

static void look_for(const struct needle *needle, const char *text, size_t n, struct found *found)
{
    const char *hit = n >= needle->len ? memmem(text, n, needle->text, needle->len) : NULL;
    size_t at = hit ? (size_t)(hit - text) : n;

    if (hit && (!found->len || at < found->at || (at == found->at && needle->len > found->len))) {
        found->at = at;
        found->len = needle->len;
    }
    for (size_t k = n < needle->len - 1 ? n : needle->len - 1; k > found->held; k--)
        if (text[n - k] == needle->text[0] && memcmp(text + n - k, needle->text, k) == 0)
            found->held = k;
}

static struct found look(const struct slip_secrets *list, const char *text, size_t n)
{
    struct found found = { 0 };
    struct needle needle;

    for (size_t i = 0; i < list->n; i++)
        for (struct walk w = { list->v[i].value, 0 }; next_needle(&list->v[i], &w, &needle);)
            look_for(&needle, text, n, &found);
    return found;
}

/* Shows what is ready of a text; answers how many bytes at its end are not, none when it is the
 * last. A needle in what may become a longer one has to wait for that. */
static size_t show(const struct slip_secrets *list, const char *text, size_t n, bool is_last,
                   struct slip_buf *out)
{
    while (n) {
        struct found found = look(list, text, n);
        size_t ready = is_last ? n : n - found.held;
        if (!found.len || found.at >= ready) {
            slip_buf_put(out, text, ready);
            return n - ready;
        }
        slip_buf_put(out, text, found.at);
        slip_buf_puts(out, VEIL);
        text += found.at + found.len;
        n -= found.at + found.len;
    }
    return 0;
}

void slip_veil_put(struct slip_veil *veil, const void *p, size_t n, struct slip_buf *out)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = veil->held;

    veil->held = SLIP_BUF_INIT;
    slip_buf_put(&text, p, n);
    size_t held = show(veil->secrets, text.data, text.len, false, out);
    slip_buf_put(&veil->held, text.data + text.len - held, held);
}

void slip_veil_flush(struct slip_veil *veil, struct slip_buf *out)
{
    (void)show(veil->secrets, veil->held.data, veil->held.len, true, out);
    slip_buf_clear(&veil->held);
}

void slip_veil_release(struct slip_veil *veil)
{
    slip_buf_release(&veil->held);
    veil->held = SLIP_BUF_INIT;
}
