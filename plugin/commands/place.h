/* place.h - what the user names as a build context, as a directory that can be read.
 *
 *   DIR                        itself
 *   FILE, -                    a tar in any compression, from a file or standard input; - may also
 *                              be a Dockerfile, and the context is empty then
 *   https://... , git@...      a git repository, by the rules of plan/remote.h (file:// too)
 *   http[s]://...              a tar, or a Dockerfile that is the context's only file
 *
 * All but the first come into the store and are read there: nobody else writes to them, the ignore
 * file in them is not looked at (as in BuildKit), and the Dockerfile is one of their files, that
 * `-f` names. Depends on: build/context, build/remote.
 */
#pragma once

#include "commands/command.h"

struct slip_place {
    const char *dir;        /* in the arena */
    const char *dockerfile; /* in `dir`: the only one there is, or NULL: as usual */
    const char *text;       /* a Dockerfile that came instead of a context, or NULL */
    bool fetched;           /* not a directory of the user's */
    int64_t time;           /* of a git commit; 0: not known */
};

/* `where` NULL: the current directory, which then nobody named. */
int slip_place_open(struct slip_session *s, const char *where, struct slip_place *ret,
                    struct slip_error *err);
/* The text at a URL, for -f; NULL with *err. */
const struct slip_source *slip_place_source(struct slip_session *s, const char *url,
                                            struct slip_error *err);
/* The directory of a context that is a tar file; NULL with *err. In the arena. */
const char *slip_place_unpack(struct slip_session *s, const char *file, struct slip_error *err);
