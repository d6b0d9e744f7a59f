/* runtime.h - the last stage: installed files, copies, and how the image runs.
 * Depends on: recipe/project, dockerfile/ast. Used by: recipe/lower.
 */
#pragma once

#include "recipe/project.h"

/* Everything of the runtime stage but the FROM and the packages of a base. */
int slip_runtime_add(struct slip_arena *arena, const struct slip_recipe *recipe,
                     const struct slip_project *project, struct slip_dockerfile *to,
                     struct slip_error *err);
/* The stage of [image] debug-image, which stands on that one. */
int slip_runtime_add_debug(struct slip_arena *arena, const struct slip_recipe *recipe,
                           const struct slip_project *project, struct slip_dockerfile *to,
                           struct slip_error *err);

/* An instruction with one word, with NAME=value, in which variables stay variables. */
struct slip_instruction *slip_runtime_word(struct slip_dockerfile *to,
                                           enum slip_instruction_kind kind,
                                           const struct slip_value *value);
void slip_runtime_pair(struct slip_dockerfile *to, enum slip_instruction_kind kind,
                       const struct slip_value *pair);
