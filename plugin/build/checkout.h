/* checkout.h - the files of one commit as a snapshot of the store.
 *
 * Fetched is as little as the other side can give: the ref with nothing below it; else the commit
 * by its name; else everything, and the commit is looked for there. What comes out depends on the
 * commit alone: modes 0644 and 0755, the commit's time everywhere, no ".git" but where it is asked
 * for. Only for build/remote_git.c. Depends on: build/gitcmd, store/snapshot.
 */
#pragma once

#include "build/gitcmd.h"

/* `full_ref` (may be NULL) is where the commit was last seen. */
int slip_checkout(struct slip_gitcmd *git, const char *commit, const char *full_ref, const char *id,
                  struct slip_error *err);
