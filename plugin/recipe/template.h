/* template.h - templates/<folder>/<name>.Dockerfile: fragments of a Dockerfile with parameters.
 *
 * A template is an ordinary Dockerfile, read by the ordinary parser. In words, flags and scripts:
 *
 *   @name@            the parameter, quoted for where it stands; a list gives several words, or in
 *                     a flag one flag each with --mount, and commas otherwise
 *   @name|text@       the parameter, or `text` when it is empty
 *   @name@=@name@     the pairs of a list, in ENV and LABEL
 *   @?name@ ... @/@   what stands between, unless the parameter is empty
 *   @!name@ ... @/@   the same, if it is empty
 *
 * and in the comment right above an instruction:
 *
 *   #? name           drop the instruction when the parameter is empty (#? !name: unless it is)
 *   #? name --flag    drop that flag
 *   #@ name           an error of the instruction is shown where the parameter was written
 *
 * What is made points into the recipe; only an error in the template itself has its place in the
 * template. Depends on: dockerfile/ast, recipe/quote, util/. Used by: recipe/lower.
 */
#pragma once

#include "dockerfile/ast.h"
#include "recipe/value.h"

struct slip_param {
    const char *name;
    struct slip_values words;         /* none: empty */
    const struct slip_script *script; /* instead of words: stands alone behind RUN */
    bool verbatim;                    /* goes in as it is, without quotes */
    struct slip_span at;              /* where the recipe says it, or what stands for that */
};

struct slip_params {
    struct slip_arena *arena; /* borrowed */
    struct slip_param *v;
    size_t n, cap;
    const struct slip_values *args; /* borrowed: the variables of the recipe */
    struct slip_span at;            /* for instructions that belong to no parameter */
};

/* Adds a parameter, empty at first; the caller fills it. Good until the next one is added. */
struct slip_param *slip_params_add(struct slip_params *params, const char *name,
                                   struct slip_span at);

/* Path of a template in the arena; NULL when there is none of that name. */
const char *slip_template_find(struct slip_arena *arena, const char *dir, const char *folder,
                               const char *name);
/* Reads the template at `path` and appends what it gives to `to`. */
int slip_template_expand(const char *path, const struct slip_params *params,
                         struct slip_dockerfile *to, struct slip_error *err);

/* A RUN of a script: one line as it is, several lines in a heredoc that stops at the first command
 * that fails. */
void slip_template_script(struct slip_dockerfile *to, struct slip_instruction *run,
                          const struct slip_script *script);
