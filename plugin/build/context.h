/* context.h - build contexts that are no directory of the user's, as directories in the store.
 *
 * A tar, in any compression, becomes a snapshot whose files belong to whoever builds; owners in it
 * mean nothing, as everything that is copied from a context is root's. Depends on: archive/sniff,
 * layer/apply, store/.
 */
#pragma once

#include "store/store.h"
#include "util/error.h"

/* Whether a file is one: 1, 0 or -1. What was read of it is given back. */
int slip_context_is_tar(int fd, struct slip_error *err);
/* `fd` is a tar, `identity` stands for its content. *ret is the snapshot's id. */
int slip_context_from_tar(struct slip_store *store, int fd, const char *identity, char ret[65],
                          struct slip_error *err);
/* One with nothing in it. */
int slip_context_empty(struct slip_store *store, char ret[65], struct slip_error *err);
/* Where the files of a snapshot are. Caller frees. */
char *slip_context_path(const struct slip_store *store, const char *snapshot);
