/* ast.h - a Dockerfile as a list of instructions, unexpanded, each word with its place.
 *
 * Two makers: the parser, and recipe/, whose spans point into the recipe. One reader: lowering.
 * Everything lives in the arena given at the start; texts are copied into it, spans are kept.
 *
 *   struct slip_dockerfile ast;
 *   slip_dockerfile_init(&ast, &arena);
 *   struct slip_instruction *from = slip_ast_add(&ast, SLIP_INS_FROM, at);
 *   slip_instruction_arg(&ast, from, "host", at);
 *   slip_instruction_arg(&ast, from, "AS", at);
 *   slip_instruction_arg(&ast, from, "build", at);
 *   struct slip_instruction *run = slip_ast_add(&ast, SLIP_INS_RUN, at);
 *   slip_instruction_flag(&ast, run, "network", "none", at);
 *   slip_instruction_arg(&ast, run, "make -j2", at);         RUN --network=none make -j2
 *   struct slip_instruction *env = slip_ast_add(&ast, SLIP_INS_ENV, at);
 *   slip_instruction_pair(&ast, env, "MSG", "it costs $1", at);   ENV MSG="it costs \$1"
 *
 * What args[] holds, by kind:
 *   FROM                    image, or image "AS" name
 *   ARG                     NAME or NAME=value, raw
 *   ENV LABEL               K=V words, raw; or the old form: a name without '=', then the value
 *   RUN CMD ENTRYPOINT      json: the words; else one text, the shell form
 *   SHELL                   json: the words
 *   HEALTHCHECK             "NONE"; or "CMD", then as for CMD
 *   COPY ADD VOLUME EXPOSE  words, raw (json for words with blanks); a heredoc is a word "<<EOF"
 *   WORKDIR USER STOPSIGNAL MAINTAINER   one text, raw
 *   ONBUILD                 none; the instruction is `trigger`
 * "Raw" words still hold their quotes, escapes and $variables. Instructions before the first FROM
 * are the global ARGs; each FROM starts a stage.
 *
 * Promise: parsing what slip_dockerfile_print() wrote gives an equal AST (spans aside).
 * Depends on: util/. Used by: dockerfile/, recipe/, engine/.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"
#include "util/error.h"
#include "util/mem.h"

enum slip_instruction_kind {
    SLIP_INS_ADD,
    SLIP_INS_ARG,
    SLIP_INS_CMD,
    SLIP_INS_COPY,
    SLIP_INS_ENTRYPOINT,
    SLIP_INS_ENV,
    SLIP_INS_EXPOSE,
    SLIP_INS_FROM,
    SLIP_INS_HEALTHCHECK,
    SLIP_INS_LABEL,
    SLIP_INS_MAINTAINER,
    SLIP_INS_ONBUILD,
    SLIP_INS_RUN,
    SLIP_INS_SHELL,
    SLIP_INS_STOPSIGNAL,
    SLIP_INS_USER,
    SLIP_INS_VOLUME,
    SLIP_INS_WORKDIR,
    SLIP_INS_COUNT, /* not a kind */
};

struct slip_word {
    const char *text;
    struct slip_span at;
};

struct slip_flag {
    const char *name;  /* without the dashes */
    const char *value; /* quotes already taken off, still unexpanded; NULL: --name alone */
    struct slip_span at;
};

struct slip_heredoc {
    const char *name; /* the terminator, and the name of COPY's file */
    const char *text; /* as written, tabs still there; "" or ends with a newline */
    bool expand;      /* the name was not quoted */
    bool strip_tabs;  /* <<- */
    struct slip_span at;
};

struct slip_instruction {
    enum slip_instruction_kind kind;
    struct slip_span at;      /* the whole instruction, without heredoc bodies */
    struct slip_span keyword; /* the word that names it */
    const char *comment;      /* comment lines right above it, '\n' between; NULL: none */
    struct slip_flag *flags;
    size_t nflags;
    struct slip_word *args;
    size_t nargs;
    bool json; /* written as a JSON array */
    struct slip_heredoc *heredocs;
    size_t nheredocs;
    struct slip_instruction *trigger; /* ONBUILD */
    const char *written;              /* of a trigger: its text, as the image will hold it */
    bool lower_case, mixed_case;      /* how the keyword was written; for lint only */
};

/* Something worth a warning that is gone from the AST once it is parsed. */
struct slip_remark {
    const char *rule; /* BuildKit's name of the lint rule */
    const char *text;
    struct slip_span at;
};

struct slip_dockerfile {
    struct slip_arena *arena;         /* borrowed */
    const struct slip_source *source; /* borrowed; NULL for one that was generated */
    char escape;                      /* '\\' or '`' */
    struct slip_word syntax, check;   /* directives; text is NULL when not given */
    struct slip_instruction **instructions;
    size_t ninstructions;
    struct slip_remark *remarks;
    size_t nremarks;
};

void slip_dockerfile_init(struct slip_dockerfile *ast, struct slip_arena *arena);

/* Appends an instruction. `at` is also its keyword's place. */
struct slip_instruction *slip_ast_add(struct slip_dockerfile *ast, enum slip_instruction_kind kind,
                                      struct slip_span at);
/* One that is in no list yet, for ONBUILD's trigger. */
struct slip_instruction *slip_ast_new(struct slip_dockerfile *ast, enum slip_instruction_kind kind,
                                      struct slip_span at);
/* Puts such a one at the end of the list. */
void slip_ast_append(struct slip_dockerfile *ast, struct slip_instruction *ins);
/* A line or several, without '#', to stand above the instruction. */
void slip_instruction_comment(struct slip_dockerfile *ast, struct slip_instruction *ins,
                              const char *text);
/* --name=value, or --name with value NULL. $variables in the value are expanded where Dockerfiles
 * expand them. */
void slip_instruction_flag(struct slip_dockerfile *ast, struct slip_instruction *ins,
                           const char *name, const char *value, struct slip_span at);
/* One element of args[], raw: as it would be written. */
void slip_instruction_arg(struct slip_dockerfile *ast, struct slip_instruction *ins,
                          const char *text, struct slip_span at);
/* The same for a text that must come out as it is: '$', quotes and escapes are escaped. A blank
 * (or "<<") turns COPY, ADD and VOLUME into their JSON form. For RUN, CMD, ENTRYPOINT use _exec or
 * _arg. */
void slip_instruction_literal(struct slip_dockerfile *ast, struct slip_instruction *ins,
                              const char *text, struct slip_span at);
/* NAME=value of ENV, LABEL and ARG, quoted so that the value comes out as it is. value NULL: ARG
 * without a default. */
void slip_instruction_pair(struct slip_dockerfile *ast, struct slip_instruction *ins,
                           const char *name, const char *value, struct slip_span at);
/* NULL-terminated words of a command, never expanded: the JSON form. */
void slip_instruction_exec(struct slip_dockerfile *ast, struct slip_instruction *ins,
                           const char *const *argv, struct slip_span at);
/* RUN with a script of any number of lines: RUN <<EOF. */
void slip_instruction_script(struct slip_dockerfile *ast, struct slip_instruction *ins,
                             const char *text, struct slip_span at);
/* COPY of a file called `name` whose text is given here; add the destination after it. `name`
 * changes a little when a line of the text is equal to it. */
void slip_instruction_inline(struct slip_dockerfile *ast, struct slip_instruction *ins,
                             const char *name, const char *text, struct slip_span at);
/* The parser's: a heredoc whose word is in args[] already, and a remark for the linter. */
void slip_ast_heredoc(struct slip_dockerfile *ast, struct slip_instruction *ins,
                      struct slip_heredoc doc);
void slip_ast_remark(struct slip_dockerfile *ast, const char *rule, struct slip_span at,
                     const char *text);

/* A letter, then letters, digits and any of "-_."; the parser does not ask, lowering does. */
bool slip_is_stage_name(const char *name);
/* The value of the first flag with that name; "" when it has none; NULL when it is absent. */
const char *slip_instruction_flag_value(const struct slip_instruction *ins, const char *name);
/* Whether a boolean flag is set: --link, --link=true; not --link=false. */
bool slip_flag_is_set(const struct slip_instruction *ins, const char *name);
/* Gives the instruction a list of flags of its own, without those of that name. */
void slip_instruction_drop_flag(struct slip_dockerfile *ast, struct slip_instruction *ins,
                                const char *name);

/* "RUN" */
const char *slip_instruction_name(enum slip_instruction_kind kind);
/* By name, case ignored; SLIP_INS_COUNT when there is none. */
enum slip_instruction_kind slip_instruction_kind_of(const char *name, size_t len);

/* Reads a whole file. *ret is complete on success; on failure *err has the place. */
int slip_dockerfile_parse(struct slip_arena *arena, const struct slip_source *source,
                          struct slip_dockerfile *ret, struct slip_error *err);
/* Reads the one instruction that stands at `text` in its source (a recipe's step), with
 * continuation lines and heredocs if it has them, and appends it. */
int slip_dockerfile_parse_at(struct slip_dockerfile *ast, struct slip_span text,
                             struct slip_error *err);

/* Writes it as a Dockerfile. Fails on what the language cannot say (a newline in a word). */
int slip_dockerfile_print(const struct slip_dockerfile *ast, struct slip_buf *out,
                          struct slip_error *err);
/* One instruction on one line, without comments and heredoc bodies: for display and history. */
void slip_instruction_line(const struct slip_instruction *ins, struct slip_buf *out);

/* Same meaning: everything but places, remarks and letter case of keywords. */
bool slip_dockerfile_equal(const struct slip_dockerfile *a, const struct slip_dockerfile *b);
