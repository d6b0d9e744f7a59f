/* resolve.h - where a path would lead inside a root, also when its end does not exist yet.
 * Depends on: util/fs.
 */
#pragma once

/* Follows the links of `path` beneath `root` as far as there is something, and appends the rest:
 * an absolute path without links. NULL with errno (ELOOP). Caller frees. */
char *slip_resolve_missing(int root, const char *path);
