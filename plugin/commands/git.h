/* git.h - what git knows of a source directory: which commit, when, and where it comes from.
 *
 * git itself is asked, so that worktrees, submodules and every kind of repository are understood.
 * No git, no repository, no commit yet, a repository that git does not trust, a directory that is
 * not part of the commit (an unpacked tarball in somebody's checkout): all of that is an answer
 * without anything in it, never an error. Depends on: util/.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/buf.h"

struct slip_git {
    char *revision; /* owned: the commit that is checked out; whether files differ is not told, as
                       most of them may have no part in the image */
    char *source; /* owned: URL of "origin", or of the only remote; NULL: none that others reach */
    struct slip_strv watch; /* files that change when the answers do */
};

#define SLIP_GIT_INIT ((struct slip_git){ 0 })

void slip_git_look(const char *dir, struct slip_git *ret);
/* Time of that commit, or 0. */
int64_t slip_git_time(const char *dir);
/* Whether files of the commit are not as they are in it. */
bool slip_git_is_modified(const char *dir);
void slip_git_release(struct slip_git *git);

/* The address of a repository for everybody: without credentials, "git@host:a/b.git" and ssh://
 * as https://, and without the ".git" that one may say or not, so that two clones agree. NULL for
 * what only means something on this machine (paths, file://, bundles). Caller frees. */
char *slip_git_public_url(const char *url);
