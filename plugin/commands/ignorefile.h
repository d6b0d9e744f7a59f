/* ignorefile.h - which file says what of a context is left out, and what stands in it.
 *
 * Of the main context, the first of these that is there: <Dockerfile>.dockerignore and
 * <Dockerfile>.containerignore beside the Dockerfile; .dockerignore and .containerignore at the
 * top of the context, as for every other context. What others know of it wins: BuildKit reads no
 * .containerignore. A symbolic link stays inside the directory it is looked for in.
 * Depends on: plan/ignore, util/.
 */
#pragma once

#include "util/buf.h"
#include "util/error.h"
#include "util/mem.h"

struct slip_ignore_file {
    const char *const *lines; /* NULL-terminated; NULL: there is none */
    const char *name;         /* as users know it: ".dockerignore" */
};

/* `dockerfile` is NULL for other contexts than the main one. All of *ret lives in the arena. The
 * file's absolute path is added to `inputs`. What is no pattern is an error. */
int slip_ignore_file_read(struct slip_arena *arena, const char *context, const char *dockerfile,
                          struct slip_ignore_file *ret, struct slip_strv *inputs,
                          struct slip_error *err);
