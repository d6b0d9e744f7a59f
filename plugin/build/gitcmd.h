/* gitcmd.h - the program git, for one remote repository; what it may know and do is in remote.h.
 * Life: begin, any number of commands, release. Only for build/remote_git.c and build/checkout.c.
 * Depends on: build/remote, util/sealed.
 */
#pragma once

#include "build/remote.h"

struct slip_gitcmd {
    struct slip_sources *sources;     /* borrowed */
    const struct slip_remote *remote; /* borrowed */
    struct slip_strv env;             /* owned; it has the credentials */
    char *url;                        /* owned: the repository, without credentials */
};

#define SLIP_GITCMD_INIT ((struct slip_gitcmd){ 0 })

int slip_gitcmd_begin(struct slip_gitcmd *git, struct slip_sources *sources,
                      const struct slip_remote *remote, struct slip_error *err);
/* Nothing that is fetched from now on may come from file://, whoever names it. */
void slip_gitcmd_forbid_files(struct slip_gitcmd *git);
/* `git WORD... NULL` in directory `dir`. Its output goes to `answer` (may be NULL). A failure is
 * SLIP_EREMOTE with git's own words, fit for a terminal and without credentials. */
int slip_gitcmd(const struct slip_gitcmd *git, const char *dir, struct slip_buf *answer,
                struct slip_error *err, ...) __attribute__((sentinel));
void slip_gitcmd_release(struct slip_gitcmd *git);
