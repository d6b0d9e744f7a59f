#include "util/mem.h"

#include <stdint.h>

static void die(void)
{
    static const char msg[] = "slipway: out of memory\n";

    (void)!write(STDERR_FILENO, msg, sizeof msg - 1);
    _exit(3);
}

void *slip_xmalloc(size_t n)
{
    void *p = malloc(n ? n : 1);

    if (!p)
        die();
    return p;
}

void *slip_xcalloc(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size ? size : 1);

    if (!p)
        die();
    return p;
}

void *slip_xrealloc(void *p, size_t n)
{
    p = realloc(p, n ? n : 1);
    if (!p)
        die();
    return p;
}

char *slip_xstrndup(const char *s, size_t n)
{
    size_t len = strnlen(s, n);
    char *copy = slip_xmalloc(len + 1);

    memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}

char *slip_xstrdup(const char *s)
{
    size_t n = strlen(s) + 1;

    return memcpy(slip_xmalloc(n), s, n);
}

char *slip_xvasprintf(const char *fmt, va_list ap)
{
    char *s = NULL;

    if (vasprintf(&s, fmt, ap) < 0)
        die();
    return s;
}

char *slip_xasprintf(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    char *s = slip_xvasprintf(fmt, ap);
    va_end(ap);
    return s;
}

void *slip_xgrow(void *p, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return p;
    size_t want = *cap ? *cap * 2 : 8;
    if (want > SIZE_MAX / size)
        die();
    *cap = want;
    return slip_xrealloc(p, want * size);
}

struct slip_arena_block {
    struct slip_arena_block *next;
    size_t used, size;
    _Alignas(16) char data[];
};

#define ARENA_BLOCK ((size_t)64 << 10)

void *slip_arena_alloc(struct slip_arena *arena, size_t n)
{
    struct slip_arena_block *b = arena->head;

    n = (n + 15) & ~(size_t)15;
    if (!b || b->size - b->used < n) {
        size_t size = n > ARENA_BLOCK ? n : ARENA_BLOCK;
        b = slip_xmalloc(sizeof *b + size);
        *b = (struct slip_arena_block){ .next = arena->head, .size = size };
        arena->head = b;
    }
    void *p = b->data + b->used;
    b->used += n;
    return memset(p, 0, n);
}

char *slip_arena_strndup(struct slip_arena *arena, const char *s, size_t n)
{
    size_t len = strnlen(s, n);
    char *copy = slip_arena_alloc(arena, len + 1);

    memcpy(copy, s, len);
    return copy;
}

char *slip_arena_strdup(struct slip_arena *arena, const char *s)
{
    size_t n = strlen(s) + 1;

    return memcpy(slip_arena_alloc(arena, n), s, n);
}

char *slip_arena_printf(struct slip_arena *arena, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    slip_cleanup(slip_freep) char *s = slip_xvasprintf(fmt, ap);
    va_end(ap);
    return slip_arena_strdup(arena, s);
}

void slip_arena_release(struct slip_arena *arena)
{
    for (struct slip_arena_block *b = arena->head, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    arena->head = NULL;
}
