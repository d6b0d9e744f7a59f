/* error.h - one value that says what failed, where in whose text, and what to try next.
 *
 * Every function that takes a `struct slip_error *err` last either
 *   returns 0 (or a documented answer >= 0) and leaves *err alone, or
 *   returns -1 and has filled *err; callers may add context on the way up.
 * Nothing below commands/ prints. Depends on: libc.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

#define SLIP_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* What kind of failure; commands/ turns it into the exit status. */
enum slip_errc {
    SLIP_EUSAGE = 1, /* the command line is wrong: exit 2 */
    SLIP_EINPUT,     /* a recipe, a Dockerfile, a context or an image is wrong: exit 2 */
    SLIP_ESTEP,      /* a step or a test ran and failed: exit 1 */
    SLIP_ESYSTEM,    /* the kernel said no; sys_errno says why: exit 1 */
    SLIP_EHOST,      /* this host cannot (namespaces, space): exit 3 */
    SLIP_EREMOTE,    /* a registry said no, or nothing: exit 4 */
    SLIP_EPOLICY,    /* a budget, a lint, a lock: exit 5 */
    SLIP_EINTEGRITY, /* bytes are not what their digest says: exit 1 */
    SLIP_ECANCELLED, /* Ctrl-C or a failing sibling: exit 130 */
};

/* Text a user wrote. Lives as long as the invocation, so a span may point into it. */
struct slip_source {
    const char *name; /* as the user spelled the path */
    const char *text; /* NUL-terminated at text[len] */
    size_t len;
};

/* A place in it. Line and column are worked out only when an error is shown. */
struct slip_span {
    const struct slip_source *src; /* NULL: no place */
    size_t off, len;
};

struct slip_error {
    enum slip_errc code;
    int sys_errno;
    struct slip_span at;
    char *msg;  /* owned */
    char *hint; /* owned, may be NULL */
};

#define SLIP_ERROR_INIT ((struct slip_error){ 0 })

/* All of these return -1, so that `return slip_fail(...)` is a whole error path. */
int slip_fail(struct slip_error *err, enum slip_errc code, const char *fmt, ...) SLIP_PRINTF(3, 4);
int slip_fail_errno(struct slip_error *err, const char *fmt, ...) SLIP_PRINTF(2, 3);
int slip_fail_at(struct slip_error *err, struct slip_span at, const char *fmt, ...)
    SLIP_PRINTF(3, 4);

/* Puts "<context>: " before the message. */
int slip_error_context(struct slip_error *err, const char *fmt, ...) SLIP_PRINTF(2, 3);
/* Sets the hint unless one was given nearer to the cause. */
int slip_error_hint(struct slip_error *err, const char *fmt, ...) SLIP_PRINTF(2, 3);

/* 1-based line and byte column of a span; 0 without a source. */
unsigned slip_span_line(struct slip_span at);
size_t slip_span_column(struct slip_span at);

/* One diagnostic in compiler shape: place, severity, message, excerpt with caret, hint. */
void slip_diagnostic_print(FILE *out, struct slip_span at, const char *severity, const char *msg,
                           const char *hint);
void slip_error_print(const struct slip_error *err, FILE *out);
void slip_error_release(struct slip_error *err);
/* Moves *from into *to, which must be empty. */
void slip_error_move(struct slip_error *to, struct slip_error *from);
