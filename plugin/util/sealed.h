/* sealed.h - a helper program that knows of this process only what it is told (git).
 *
 * It gets exactly the environment it is given, no input, umask 022, and its own two streams. It
 * ends with the thread that started it. Depends on: util/buf, util/error.
 */
#pragma once

#include <signal.h>

#include "util/buf.h"
#include "util/error.h"

struct slip_sealed {
    char *const *argv;                   /* argv[0] is looked up in our PATH */
    const struct slip_strv *env;         /* "K=V" */
    const volatile sig_atomic_t *cancel; /* not 0: it is ended, SLIP_ECANCELLED; may be NULL */
};

/* Runs it to its end. `answer` (may be NULL) gets its output, at most 16 MiB; `complaints` the last
 * 4 KiB or so of what it wrote to stderr. *ret_status as in util/proc.h. A program that is not
 * there is SLIP_EHOST. */
int slip_sealed_run(const struct slip_sealed *sealed, struct slip_buf *answer,
                    struct slip_buf *complaints, int *ret_status, struct slip_error *err);
