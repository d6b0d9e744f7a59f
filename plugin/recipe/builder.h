/* builder.h - the parameters of the templates that build a project. Depends on: recipe/project,
 * recipe/template. Used by: recipe/lower.
 */
#pragma once

#include "recipe/project.h"
#include "recipe/template.h"

/* Where the install step puts its files; what it writes elsewhere is taken as well. */
#define SLIP_RECIPE_DESTDIR "/slipway-install"

/* Everything that templates/build/ may use. */
int slip_builder_params(const struct slip_recipe *recipe, const struct slip_recipe_options *options,
                        const struct slip_project *project, struct slip_params *ret,
                        struct slip_error *err);

/* Helpers for other parameters: one word; a word without variables; a list as it is. An empty or
 * NULL text makes an empty parameter. */
void slip_param_word(struct slip_params *params, const char *name, const char *text,
                     struct slip_span at);
void slip_param_literal(struct slip_params *params, const char *name, const char *text,
                        struct slip_span at);
void slip_param_list(struct slip_params *params, const char *name, const struct slip_values *list,
                     struct slip_span at);
/* From the key to the end of its line: "packages = gcc make". */
struct slip_span slip_span_of_key(struct slip_span key);
