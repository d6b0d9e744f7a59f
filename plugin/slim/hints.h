/* hints.h - what a program's symbols give away about what it will want at run time.
 *
 * No header says that a program looks up users, time zones or certificates; the functions it
 * imports do. Depends on: util/.
 */
#pragma once

#include "slim/closure.h"
#include "slim/elf.h"

/* Whether hints depend on it; for slip_elf_read(). */
bool slip_hint_symbol(const char *name);

/* Adds the hints for one program's own file. `root` and elf's `path` are where its strings can be
 * read; with `plugins_known` the user has said which libraries it opens by itself. */
void slip_hints_of(struct slip_closure *closure, int root, const char *path,
                   const struct slip_elf *elf, bool plugins_known);
/* The same for a library that `path` brings along; only what holds for the whole process. */
void slip_hints_of_library(struct slip_closure *closure, const char *path, const char *library,
                           const struct slip_elf *elf);
/* A hint of no such kind, said whole; `need` once per program: NULL when it was said
 * before. Good until the next one is added. */
struct slip_hint *slip_hint_add(struct slip_closure *closure, const char *path, const char *need,
                                const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* What can be asked about the image once all is known that goes into it. */
struct slip_hint_image {
    void *user;
    bool (*has)(void *user, const char *pattern);   /* a file at this absolute path or glob */
    bool (*has_user)(void *user, const char *name); /* or number, in its /etc/passwd or group */
    const char *runs_as; /* name or number of its user; NULL when it is root */
    bool only_usual;     /* its /etc/passwd has those users only that every such image has */
};

/* Says whether the image meets a hint, and leaves only those names in its text that are missing. */
void slip_hint_settle(struct slip_hint *hint, const struct slip_hint_image *image);

/* A library that `elf` makes glibc open without telling anyone, or NULL: the n-th one. With
 * `old_nss`, the C library is older than 2.34 and has name services in files of their own. */
const char *slip_hint_hidden_library(const struct slip_elf *elf, bool old_nss, size_t n);
/* A static program linked with a glibc that opens libnss_*.so. */
bool slip_hint_static_nss(const struct slip_elf *elf, bool *ret_old);
