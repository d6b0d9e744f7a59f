/* lex.h - a Dockerfile's text as logical lines, each byte with its place in the source.
 *
 * A logical line is what one instruction sees: physical lines joined where the escape character
 * ends them, without the comment and blank lines in between. Bodies of heredocs are read as they
 * stand. Everything lives in the arena. Depends on: util/. Private to dockerfile/.
 */
#pragma once

#include "dockerfile/ast.h"

struct slip_line_piece {
    size_t at;  /* where it begins in the logical line */
    size_t off; /* and in the source */
};

struct slip_line {
    const struct slip_source *src;
    const char *text; /* NUL-terminated; blanks at both ends are gone */
    size_t len;
    struct slip_line_piece *pieces; /* by `at`, the first at 0 */
    size_t npieces;
    const char *comment;           /* lines right above; NULL: none */
    struct slip_span blank_inside; /* an empty line within; no source: none */
    struct slip_span at;           /* from the first byte to the last */
};

struct slip_lexer {
    struct slip_arena *arena;
    const struct slip_source *src;
    size_t pos, end; /* what is still to be read */
    char escape;
};

/* The directives at the top, and a byte order mark. Sets the lexer's escape character. */
int slip_lex_directives(struct slip_lexer *lexer, struct slip_dockerfile *ast,
                        struct slip_error *err);
/* 1: *ret is the next line. 0: nothing is left. */
int slip_lex_line(struct slip_lexer *lexer, struct slip_line *ret);
/* Whether a line from here on ends a text of that name. Tabs before it do not count: whether a text
 * begins shall not depend on what another text's end looks like. */
bool slip_lex_has_end(const struct slip_lexer *lexer, const struct slip_heredoc *doc);
/* Reads the body of *doc, up to its name on a line of its own. */
int slip_lex_heredoc(struct slip_lexer *lexer, struct slip_heredoc *doc, struct slip_error *err);

/* Where bytes from..to of a logical line stand; what a line break cuts off is left out. */
struct slip_span slip_line_span(const struct slip_line *line, size_t from, size_t to);

/* Reads "<<NAME", "<<-NAME", "3<<'NAME'", "<< NAME" into name, expand and strip_tabs. 0 when it is
 * none, or when more than one word stands there. */
int slip_heredoc_word(struct slip_arena *arena, const char *word, size_t len,
                      struct slip_heredoc *ret);

/* Blanks as Go's unicode.IsSpace sees them in ASCII. */
static inline bool slip_is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}
