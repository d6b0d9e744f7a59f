/* quote.h - a value of the recipe, written so that a Dockerfile or a shell reads it back.
 *
 * In a value, $NAME and ${NAME} are variables and `\$` is a plain dollar sign; every other
 * character stands for itself. What a variable is depends on the reader: a Dockerfile knows ARG
 * and ENV, so every `$` counts; in a shell command only the names of [args] count, since the value
 * was not written for a shell ($ORIGIN in a linker flag must survive).
 *
 * Depends on: recipe/value, util/buf.
 */
#pragma once

#include "recipe/value.h"
#include "util/buf.h"

/* A word of an instruction, or the value of a flag: variables stay variables. */
void slip_quote_word(struct slip_buf *out, const char *text);
/* The same, in double quotes if it needs any, for the value of ENV, LABEL and ARG. */
void slip_quote_pair_value(struct slip_buf *out, const char *text);
/* A word of a shell command; `args` are the variables of [args]. */
void slip_quote_shell(struct slip_buf *out, const char *text, const struct slip_values *args);
/* A text without variables, such as a path of this machine, as a value would be written. */
char *slip_quote_literal(struct slip_arena *arena, const char *text);
/* Takes the backslash off `\$`: for what is no instruction. */
char *slip_quote_plain(struct slip_arena *arena, const char *text);

/* Does the text use the variable called name[0..len)? */
bool slip_uses_variable(const char *text, const char *name, size_t len);
