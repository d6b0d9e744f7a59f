/* eject.h - a Dockerfile in the words that another builder knows.
 *
 * Slipway's own words go: FROM host, RUN --install and --test, COPY --installed become what they
 * mean, written out: an ordinary base, an ordinary RUN, a stage that collects the installed files
 * with their libraries. Then what the dialect cannot say is written another way, or left out with
 * a comment that says so where it changes how things are built, or is an error where it would
 * change what is built. Nothing goes silently.
 *
 *   portable   docker 20.10 with BuildKit as it is, without a frontend from elsewhere; buildah 1.28
 *   current    BuildKit's frontend 1.20; `# syntax=` is set where builders of today may be older
 *
 * Depends on: dockerfile/. Used by: commands/.
 */
#pragma once

#include "dockerfile/ast.h"

enum slip_dialect {
    SLIP_DIALECT_PORTABLE,
    SLIP_DIALECT_CURRENT,
};

struct slip_eject_options {
    enum slip_dialect dialect;
    const char *base;    /* image that takes the place of `host` */
    bool replace_files;  /* it takes the place of oci:, rootfs: and their like, too */
    const char *collect; /* the script that collects: templates/eject/collect.sh */
    const char *comment; /* lines for the top of the file, or NULL */
};

/* "portable" or "current"; -1 with a suggestion. */
int slip_dialect_parse(const char *name, enum slip_dialect *ret, struct slip_error *err);
/* `ast` is left as it is; *ret shares its parts. */
int slip_eject(const struct slip_dockerfile *ast, const struct slip_eject_options *options,
               struct slip_dockerfile *ret, struct slip_error *err);
