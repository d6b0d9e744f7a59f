/* mem.h - memory in three lifetimes: the scope, the object, the invocation.
 *
 * Scope: slip_cleanup(f) calls f(&variable) when the variable goes out of scope. In-place types
 * name their own release (`slip_buf_release`); plain pointers, fds and FILEs use the helpers here.
 * Object: malloc and a release in its module. Invocation: an arena, freed as a whole.
 * Out of memory ends the program with a line on stderr: a build tool has nothing better to do, and
 * the store is safe because everything in it is published by one rename. Sizes that come from
 * outside are checked before they reach these functions. Depends on: libc.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define slip_cleanup(f) __attribute__((cleanup(f)))
#define SLIP_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define SLIP_UNUSED __attribute__((unused))

static inline void slip_freep(void *pp)
{
    void *p;
    memcpy(&p, pp, sizeof p); /* *pp may be any pointer type */
    free(p);
}

static inline void slip_closep(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static inline void slip_fclosep(FILE **f)
{
    if (*f)
        (void)fclose(*f);
}

/* Hands the value over and leaves the "nothing here" value behind. */
#define SLIP_TAKE(var, nothing)                     \
    __extension__({                                 \
        __typeof__(var) *at_ = &(var), had_ = *at_; \
        *at_ = (nothing);                           \
        had_;                                       \
    })
#define SLIP_TAKE_FD(fd) SLIP_TAKE(fd, -1)
#define SLIP_TAKE_PTR(p) SLIP_TAKE(p, NULL)

void *slip_xmalloc(size_t n);
void *slip_xcalloc(size_t n, size_t size);
void *slip_xrealloc(void *p, size_t n);
char *slip_xstrdup(const char *s);
char *slip_xstrndup(const char *s, size_t n);
char *slip_xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *slip_xvasprintf(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

/* Makes room for one more element of a plain array; used as
 *   v = slip_xgrow(v, n, &cap, sizeof *v); v[n++] = x; */
void *slip_xgrow(void *p, size_t n, size_t *cap, size_t size);

/* Memory for everything parsed and planned in one invocation; nobody frees a node. */
struct slip_arena {
    struct slip_arena_block *head;
};

#define SLIP_ARENA_INIT ((struct slip_arena){ 0 })

void *slip_arena_alloc(struct slip_arena *arena, size_t n); /* zeroed, aligned to 16 */
char *slip_arena_strdup(struct slip_arena *arena, const char *s);
char *slip_arena_strndup(struct slip_arena *arena, const char *s, size_t n);
char *slip_arena_printf(struct slip_arena *arena, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void slip_arena_release(struct slip_arena *arena);
