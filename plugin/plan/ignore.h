/* ignore.h - which files of a build context are left out (.dockerignore, COPY --exclude).
 *
 * Rules as in docker: one pattern a line; '#' in the first column starts a comment; the last
 * pattern that matches a path or one of its parents decides; '!' takes back; '**' is any number of
 * directories; '*', '?', [a-z] and \c as in plan/match.h. Patterns and paths are relative to the
 * context, a leading '/' means nothing. Thread-safe once compiled. Depends on: util/error.
 */
#pragma once

#include <stdbool.h>

#include "util/error.h"

struct slip_ignore;

/* NULL-terminated lines; NULL is none. The error names the line. Free with slip_ignore_free(). */
int slip_ignore_compile(const char *const *lines, struct slip_ignore **ret, struct slip_error *err);
/* Is `path` ("a/b", no leading or trailing slash) left out? Directories are told apart by nothing
 * in the rules; is_dir is for the context's own root, "" or ".", which never is. */
bool slip_ignore_match(const struct slip_ignore *ignore, const char *path, bool is_dir);
/* For a directory that is left out: may a rule take something below it back? A walk skips it when
 * not. True for one that is not left out. */
bool slip_ignore_may_descend(const struct slip_ignore *ignore, const char *dir);
void slip_ignore_free(struct slip_ignore *ignore);
