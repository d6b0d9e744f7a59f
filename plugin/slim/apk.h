/* apk.h - Alpine's package database: /lib/apk/db/installed.
 *
 * Paragraphs of one-letter fields: P name, V version, A architecture, o origin, L licence, m
 * maintainer, U home page; F opens a directory and R names a file in it. The text is not trusted.
 * Depends on: slim/package, util/.
 */
#pragma once

#include "slim/package.h"

typedef void slip_apk_file_fn(void *user, const char *path, const char *package);

/* Adds the packages of a database, and calls `file` (may be NULL) for each file they own. */
void slip_apk_parse(const char *text, size_t len, struct slip_packages *ret, slip_apk_file_fn *file,
                    void *user);
/* The same for the one in a root; without it nothing is added. */
void slip_apk_read(int root, struct slip_packages *ret, slip_apk_file_fn *file, void *user);

/* The paragraph of a package that owns just these files (absolute paths, sorted), with the empty
 * line that ends it. */
void slip_apk_paragraph(const struct slip_package *package, const struct slip_strv *paths,
                        struct slip_buf *out);
