/* expand.h - $variables, quotes and escapes in the words of a Dockerfile.
 *
 *   $v ${v}  ${v:-w} ${v-w}  ${v:+w} ${v+w}  ${v:?w} ${v?w}     with ':', empty counts as unset
 *   ${v#p} ${v##p} ${v%p} ${v%%p}    without the shortest or longest match at the front or end
 *   ${v/p/r} ${v//p/r}               the first match, or all, replaced
 * In patterns '*' is any text and '?' any character. Single quotes protect everything, double
 * quotes all but '$' and the escape. An unset variable is empty. The words after -, + and ? are
 * expanded themselves. Depends on: util/. Private to dockerfile/.
 */
#pragma once

#include "dockerfile/ast.h"

struct slip_expander {
    char escape;
    bool keep_quotes; /* quotes are ordinary characters: the text of COPY's heredocs */
    /* NULL: unset. */
    const char *(*get)(void *user, const char *name);
    /* Told of every unset variable that no default stands in for; may be NULL. */
    void (*unset)(void *user, const char *name, struct slip_span at);
    void *user;
};

/* Appends the expanded word. */
int slip_expand(const struct slip_expander *expander, struct slip_word word, struct slip_buf *out,
                struct slip_error *err);
/* Appends the words that it becomes when blanks from variables split (EXPOSE); may be none. */
int slip_expand_words(const struct slip_expander *expander, struct slip_word word,
                      struct slip_strv *out, struct slip_error *err);
