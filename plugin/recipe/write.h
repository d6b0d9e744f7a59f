/* write.h - recipes that are written: from a Dockerfile, or to start a project with.
 * Depends on: dockerfile/ast, recipe/lower. Used by: commands/.
 */
#pragma once

#include "dockerfile/ast.h"

/* The recipe that means what the Dockerfile does: each stage as a [stage], its instructions as they
 * are. What was written is read again and compared, so that nothing is lost on the way; what a
 * recipe cannot say (the escape character '`', two stages of one name) is an error with its place.
 * `name`: of the image. */
int slip_recipe_write(const struct slip_dockerfile *ast, const char *name, struct slip_buf *out,
                      struct slip_error *err);
/* A recipe for the project in `dir`, told by its files. Fails when there is none that is known. */
int slip_recipe_start(const char *dir, const char *name, struct slip_buf *out,
                      struct slip_error *err);
