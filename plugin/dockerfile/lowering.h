/* lowering.h - what the files that lower a Dockerfile share. Private to dockerfile/. */
#pragma once

#include "dockerfile/expand.h"
#include "dockerfile/lower.h"
#include "util/map.h"
#include "util/source.h"

struct lower_stage {
    struct slip_stage *stage;
    const struct slip_instruction *from;
    struct slip_instruction *const *own; /* its instructions behind FROM; borrowed */
    size_t nown;
    struct slip_instruction **triggers; /* ONBUILD of the base */
    size_t ntriggers;
    struct slip_input base;
    const char *platform;
    struct lower_stage *namesake; /* the stage before it that has its name, too */
    unsigned line;                /* of its FROM, when it is named */
    bool named;                   /* with AS */
    bool collected;               /* the target needs it */
    json_t *base_config;          /* owned; of an image */
    struct slip_map env;          /* owned; ENV: name to value */
    struct slip_map vars;         /* owned; ENV, and ARG with a value; what was said last counts */
    struct slip_map known;        /* owned; names of all ARGs */
    size_t steps_cap;
    bool cmd_set, workdir_set;
};

struct lowering {
    struct slip_arena *arena;
    const struct slip_dockerfile *ast;
    const struct slip_lower_options *options;
    struct slip_plan *plan;
    struct slip_error *err;
    const char *platform; /* that is built for, by its usual name; NULL: this machine's */
    struct lower_stage *stages;
    size_t nstages;
    struct slip_span counted;      /* up to here lines were counted, ... */
    unsigned counted_line;         /* ... and it is in this one */
    struct slip_map names;         /* owned; of stages, in lower case, to the last of that name */
    struct slip_map globals;       /* owned; platform and global ARGs: name to value */
    struct slip_map global_names;  /* owned; global ARGs, also those without a value */
    struct lower_stage *now;       /* the stage being lowered; NULL: global scope */
    struct slip_strv skip;         /* owned; rules that the file does not want to hear of */
    struct slip_strv experimental; /* owned */
    bool skip_all, all_experimental, warnings_fail;
    bool quiet; /* this pass will be made again, or does not matter */
    size_t nwarnings, nsuggestions;
    struct slip_warning first_warning; /* in the arena */
    struct slip_ignore *ignore;        /* owned */
};

/* --- variables.c ------------------------------------------------------------------------- */

/* Platform and global ARGs; `stage` is the target. */
int slip_lower_globals(struct lowering *lo, const struct lower_stage *stage);
int slip_lower_arg(struct lowering *lo, const struct slip_instruction *ins);
/* Expands a word in the current stage, or with global ARGs only. The result is in the arena. */
int slip_lower_expand(struct lowering *lo, struct slip_word word, const char **ret);
int slip_lower_expand_global(struct lowering *lo, struct slip_word word, const char **ret);
int slip_lower_expand_split(struct lowering *lo, struct slip_word word, struct slip_strv *ret);
/* The text of a heredoc: variables, but no quotes. */
int slip_lower_expand_text(struct lowering *lo, struct slip_word word, const char **ret);
/* Sets a variable; the value is copied. */
void slip_lower_set(struct lowering *lo, struct slip_map *map, const char *name, const char *value);
/* "K=V" of each, in the order in which they were first set. */
void slip_lower_pairs(const struct slip_map *map, struct slip_strv *ret);
/* Splits K=V; value.text is NULL without '='. */
void slip_lower_split_pair(struct lowering *lo, struct slip_word word, struct slip_word *ret_key,
                           struct slip_word *ret_value);
const char *const *slip_lower_list(struct lowering *lo, const struct slip_strv *list);
/* The variables that a command of the stage sees, "K=V". */
const char *const *slip_lower_environment(struct lowering *lo);
/* The names of all ARGs of the stage so far. */
const char *const *slip_lower_arg_names(struct lowering *lo);
struct slip_word slip_lower_flag_word(const struct slip_flag *flag);

/* The nearest name, while the file has not had too many of them. */
const char *slip_lower_suggest(struct lowering *lo, const char *name,
                               const struct slip_strv *names);

/* --- inputs.c ---------------------------------------------------------------------------- */

/* What FROM names. `index`: only stages before this one count. */
int slip_lower_base(struct lowering *lo, const char *name, unsigned index, struct slip_span at,
                    struct slip_input *ret);
/* What --from= or from= names. */
int slip_lower_input(struct lowering *lo, const char *name, unsigned index, struct slip_span at,
                     struct slip_input *ret);
/* The last stage of that name before number `index`; for want of it, the next one. Or NULL. */
struct lower_stage *slip_lower_find_stage(struct lowering *lo, const char *name, size_t index);
/* False for what FROM certainly cannot start from. */
bool slip_lower_could_be_base(const char *name);
/* The name in a --from, which cannot hold variables. */
int slip_lower_from(struct lowering *lo, struct slip_word word, const char **ret);
/* A hint that lists stages or suggests one. */
int slip_lower_suggest_stage(struct lowering *lo, const char *name, size_t nstages);

/* --- lower_run.c, mounts.c, lower_copy.c, lower_add.c, config.c --------------------------- */

int slip_lower_run(struct lowering *lo, const struct slip_instruction *ins);
/* `number`: how many ssh mounts the step has before this one. */
int slip_lower_mount(struct lowering *lo, const struct slip_flag *flag, unsigned number,
                     struct slip_run_mount *ret);
/* Checks a --device. */
int slip_lower_device(struct lowering *lo, const struct slip_flag *flag);
/* The from= of a mount flag; NULL when there is none. */
int slip_lower_mount_from(struct lowering *lo, const struct slip_flag *flag, const char **ret);
bool slip_is_file_name(const char *name);
/* The text of a heredoc, without leading tabs where it asks for that. */
const char *slip_lower_heredoc_text(struct lowering *lo, const struct slip_heredoc *doc);
int slip_lower_copy(struct lowering *lo, const struct slip_instruction *ins);
/* lower_add.c: whether a source stands elsewhere: 1 with *ret, 0, -1. */
int slip_lower_remote(struct lowering *lo, const struct slip_instruction *ins,
                      const struct slip_word *word, const char *text, struct slip_input *ret);
/* Whether --checksum fits to an instruction with so many remote sources. */
int slip_lower_check_checksum(struct lowering *lo, const struct slip_instruction *ins,
                              size_t nremote);
/* Instructions that only change the config: all but FROM, ARG, RUN, COPY, ADD and WORKDIR. */
int slip_lower_config(struct lowering *lo, const struct slip_instruction *ins);
/* Sets "80/tcp" and so on in the given object. */
int slip_lower_expose(struct lowering *lo, const struct slip_instruction *ins, json_t *ports);
int slip_lower_workdir(struct lowering *lo, const struct slip_instruction *ins);
/* Puts the shell in front of a shell form's text, or takes the words of a JSON form. A new
 * reference; NULL with *err set. */
json_t *slip_lower_command(struct lowering *lo, const struct slip_instruction *ins, size_t from,
                           const char *text);
/* Base path for relative ones. */
const char *slip_lower_cwd(const struct lowering *lo);
/* path below cwd, cleaned; a '/' or '/.' at the end stays as '/'. */
const char *slip_lower_path(struct lowering *lo, const char *path);

/* --- stages.c ---------------------------------------------------------------------------- */

/* Lists the stages, without looking into them. */
int slip_lower_stages(struct lowering *lo);
/* The one to build; NULL with *err set. */
struct lower_stage *slip_lower_target(struct lowering *lo);
/* What --from names in a stage that nobody needs is looked at as far as BuildKit looks at it. */
int slip_lower_check_sources(struct lowering *lo, struct lower_stage *st);
/* What FROM says: base and platform. */
int slip_lower_resolve(struct lowering *lo, struct lower_stage *st);
/* Marks the stage and all it reads from, with their bases' configs and triggers. NULL: all. */
int slip_lower_collect(struct lowering *lo, struct lower_stage *target);
struct lower_stage *slip_lower_stage_of(struct lowering *lo, const struct slip_stage *stage);

/* --- lower.c ----------------------------------------------------------------------------- */

struct slip_step *slip_lower_step(struct lowering *lo, enum slip_op op,
                                  const struct slip_instruction *ins);
void slip_lower_history(struct lowering *lo, const struct slip_instruction *ins, bool has_layer);

/* --- lint.c ------------------------------------------------------------------------------ */

int slip_lint_setup(struct lowering *lo);
void slip_lint_warn(struct lowering *lo, const char *rule, struct slip_span at, const char *fmt,
                    ...) SLIP_PRINTF(4, 5);
/* What can be seen without lowering. */
void slip_lint_tree(struct lowering *lo);
/* Whether the defaults of global ARGs alone name a base; before options are applied. */
void slip_lint_default_bases(struct lowering *lo);
void slip_lint_secret_name(struct lowering *lo, const struct slip_instruction *ins,
                           const char *name, struct slip_span at);
/* Fails when there were warnings and the file asks for it. */
int slip_lint_finish(struct lowering *lo);
