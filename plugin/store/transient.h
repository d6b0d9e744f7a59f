/* transient.h - files and directories that live no longer than their writer needs them.
 *
 * A transient has a random name and is locked (flock) by whoever made it, from its first moment in
 * the eyes of others: a maker that loses the race against a sweep starts again. The kernel drops
 * the lock when the maker dies, so what is not locked is litter, whichever way it got there.
 * Only for this room. Depends on: util/.
 */
#pragma once

#include <stdbool.h>

#include "util/error.h"

#define SLIP_TRANSIENT_NAME 24 /* bytes, the NUL included */

void slip_transient_name(char ret_name[SLIP_TRANSIENT_NAME]); /* random */

/* fd of a new empty file (0600, for writing) or directory (0700) in `dirfd`, or -1. */
int slip_transient_file(int dirfd, char ret_name[SLIP_TRANSIENT_NAME], struct slip_error *err);
int slip_transient_dir(int dirfd, char ret_name[SLIP_TRANSIENT_NAME], struct slip_error *err);

/* Opens (or makes) the file `name` and waits for its lock; the file may be swept whenever nobody
 * holds it. fd, or -1. */
int slip_transient_lock(int dirfd, const char *name, struct slip_error *err);

/* The same without waiting, and with others that are also `shared`: 1 and *ret_fd, or 0 when
 * somebody else has it. */
int slip_transient_try(int dirfd, const char *name, bool shared, int *ret_fd,
                       struct slip_error *err);

/* Removes every entry that nobody holds. What cannot be removed now is left alone. */
void slip_transient_sweep(int dirfd);
