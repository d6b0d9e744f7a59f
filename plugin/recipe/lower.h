/* lower.h - from a recipe to the instructions that it stands for.
 *
 * The templates say how; the recipe says what. What comes out is a Dockerfile like any other, in
 * Slipway's dialect (FROM host, RUN --install, COPY --installed), whose places point at what the
 * user wrote: `slipway generate` prints it, and an error of a step is shown in the recipe.
 * The builder stage is called build, the last one runtime.
 *
 * No program is run; of the file system, only the templates are read and the source directory is
 * looked at. Depends on: dockerfile/ast, recipe/recipe, util/. Used by: commands/.
 */
#pragma once

#include <stdbool.h>

#include "dockerfile/ast.h"
#include "recipe/recipe.h"

struct slip_recipe_options {
    const char *templates; /* directory that holds toolchain/, build/ and runtime/ */
    const char *target;    /* the stage that is asked for, or NULL: the debug image's stage is only
                              there when it is, so that the last stage is what is built */
    unsigned jobs;         /* of the build steps; 0: one for each processor */
    /* For a file that other builders read: this image takes the place of the toolchains `tree` and
     * `host`, with the packages that the build system needs where the recipe names none. Sources
     * are copied into the builder stage. NULL: for Slipway. */
    const char *elsewhere;
    bool mounts; /* elsewhere: those builders have bind and cache mounts that outlive a build */
};

/* What the build must be given besides the instructions. */
struct slip_recipe_needs {
    const char *context;                     /* directory of the main build context */
    struct slip_strv contexts;               /* owned: NAME=DIR, further ones */
    const struct slip_values *host_packages; /* borrowed: to be installed on this machine */
    struct slip_strv templates;              /* owned: the template files that are used */
};

#define SLIP_RECIPE_NEEDS_INIT ((struct slip_recipe_needs){ 0 })

int slip_recipe_lower(struct slip_arena *arena, const struct slip_recipe *recipe,
                      const struct slip_recipe_options *options, struct slip_dockerfile *ret,
                      struct slip_error *err);

int slip_recipe_needs(struct slip_arena *arena, const struct slip_recipe *recipe,
                      const struct slip_recipe_options *options, struct slip_recipe_needs *ret,
                      struct slip_error *err);
void slip_recipe_needs_release(struct slip_recipe_needs *needs);
