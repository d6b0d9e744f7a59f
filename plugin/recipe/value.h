/* value.h - what stands behind a key: one text or several, each with its place.
 *
 * Texts live in the arena, or are literals. The rules of writing:
 *   one value   the whole line, as it is
 *   a list      words as a shell would split them, over any number of lines
 *   lines       one item for each line, never split
 *   pairs       lines K=V; a V within quotes loses them, and single quotes make `$` plain
 *   a command   a JSON array of strings, or shell words
 *   a script    all lines, with the indentation they have in common taken away
 * In a list, in lines and in pairs, an indented line that starts with `#` is a comment; in a
 * script it belongs to the text.
 *
 * Depends on: recipe/ini, util/.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"
#include "util/mem.h"

/* A piece of text; text NULL: not given. */
struct slip_value {
    const char *text;
    struct slip_span at;  /* what the user wrote */
    struct slip_span key; /* the key it stands behind */
};

struct slip_values {
    struct slip_value *v;
    size_t n, cap;
    struct slip_span key; /* of the last assignment; src NULL: never given */
};

/* One line of an assignment, as it stands in the file. */
struct slip_value_line {
    struct slip_span at;
    unsigned blank_lines; /* before it */
    size_t indent;
};

/* key = value, with all its lines. lines[0] is the one of the key and may be empty. */
struct slip_assignment {
    struct slip_span section, key;
    struct slip_value_line *lines;
    size_t n, cap;
};

/* A script: the text, and for each of its lines the place it came from. */
struct slip_script {
    const char *text; /* NULL: not given; each line ends with a newline, but the last */
    struct slip_span *lines;
    size_t n;
    struct slip_span at, key; /* at: the first line with something in it */
};

/* The text of a span, in the arena. */
char *slip_span_text(struct slip_arena *arena, struct slip_span at);
void slip_values_add(struct slip_arena *arena, struct slip_values *list, struct slip_value value);
/* Appends a copy of everything, with the places. */
void slip_values_append(struct slip_arena *arena, struct slip_values *list,
                        const struct slip_values *from);

/* Each reads a whole assignment; the lists append. A list given without any item is emptied. */
int slip_value_read_one(struct slip_arena *arena, const struct slip_assignment *from,
                        struct slip_value *ret, struct slip_error *err);
int slip_value_read_list(struct slip_arena *arena, const struct slip_assignment *from,
                         struct slip_values *ret, struct slip_error *err);
int slip_value_read_lines(struct slip_arena *arena, const struct slip_assignment *from,
                          struct slip_values *ret, struct slip_error *err);
int slip_value_read_pairs(struct slip_arena *arena, const struct slip_assignment *from,
                          struct slip_values *ret, struct slip_error *err);
/* Replaces what the list held. */
int slip_value_read_command(struct slip_arena *arena, const struct slip_assignment *from,
                            struct slip_values *ret, struct slip_error *err);
void slip_value_read_script(struct slip_arena *arena, const struct slip_assignment *from,
                            struct slip_script *ret);

/* The words of one text, as a shell would split it, each with its place. */
int slip_value_split(struct slip_arena *arena, struct slip_span at, struct slip_span key,
                     struct slip_values *ret, struct slip_error *err);
