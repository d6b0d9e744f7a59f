/* graft.h - instructions that a recipe spells out, read by the ordinary parser, with every place
 * in the recipe. Depends on: dockerfile/ast, recipe/value. Used by: recipe/lower.
 */
#pragma once

#include "dockerfile/ast.h"
#include "recipe/value.h"

/* `keyword` and the text: one instruction. */
int slip_graft_line(struct slip_dockerfile *to, const char *keyword, const struct slip_value *text,
                    struct slip_error *err);
/* Any number of instructions, heredocs included; FROM is refused. */
int slip_graft_script(struct slip_dockerfile *to, const struct slip_script *script,
                      struct slip_error *err);
