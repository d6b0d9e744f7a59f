/* strings.h - what a program's own texts give away: names of users, helpers and libraries.
 *
 * A text is what stands between two zero bytes of the file. Depends on: util/.
 */
#pragma once

#include "slim/elf.h"

/* At most so many are told of one file. */
#define SLIP_STRINGS_MOST 8

/* Names of libraries that NEEDED does not list. */
void slip_strings_libraries(int root, const char *path, const struct slip_elf *elf,
                            struct slip_strv *ret);
/* Absolute paths of programs that are there in `root`. */
void slip_strings_programs(int root, const char *path, const struct slip_elf *elf,
                           struct slip_strv *ret);
/* Names of users that services run as: the usual ones, those that packages made in the builder, and
 * the program's own name. */
void slip_strings_users(int root, const char *path, struct slip_strv *ret);
/* A place where distributions keep certificates, "" when none is named. Caller frees. */
char *slip_strings_certificates(int root, const char *path);
