/* recipe.h - what an INI recipe says, read and checked.
 *
 * A recipe is a tree of plain values, each with its place in the file it came from. Everything
 * lives in the arena. Reading checks what can be known from the text alone; what needs the file
 * system (which build system a source tree has) is found by lower.h. No program is run.
 *
 *   struct slip_recipe recipe;
 *   if (slip_recipe_read(&arena, "hello.slipway", &recipe, err) < 0) ...
 *   slip_recipe_lower(...)                                     recipe/lower.h
 *
 * Included files come first, once each: a value in the including file replaces theirs, a list is
 * appended to theirs, and a list given without items forgets what came before. A relative path is
 * taken from the directory of the file in which it is written.
 *
 * Depends on: recipe/keys, recipe/value, util/. Used by: recipe/lower, commands/.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "recipe/keys.h"
#include "recipe/value.h"
#include "util/buf.h"
#include "util/error.h"
#include "util/mem.h"

struct slip_recipe_image {
    struct slip_value name; /* repository, without a tag */
    struct slip_values tags;
    struct slip_values entrypoint, cmd; /* argv; with key.src and no words: emptied on purpose */
    struct slip_value user, workdir, stopsignal;
    struct slip_value compression, compression_level, sbom;
    struct slip_value title, description, version, url, source, licenses;
    struct slip_values env, expose, volumes, healthcheck, labels, annotations, include;
    struct slip_values platforms;  /* at most one */
    struct slip_value debug_image; /* there is a stage `debug`, too */
    struct slip_value stage;       /* the image is this one, as it is */
    struct slip_script steps;      /* with `stage`: what stands in front of the first one */
};

struct slip_recipe_toolchain {
    struct slip_value use, network;
    struct slip_values packages, sysroot;
};

struct slip_recipe_build {
    struct slip_value system, source, dir, config, generator, prefix, test, jobs;
    struct slip_values options, targets, components, install_env, only, files;
    struct slip_script build, install;
};

struct slip_recipe_runtime {
    struct slip_value base, strip, closure, strict;
    struct slip_values packages, classes, dlopen, data, acknowledge;
};

/* [classes]: globs of installed files whose class is another than the rules say. */
struct slip_recipe_classes {
    struct slip_values runtime, dev, doc, debug, none;
};

/* [stage NAME]: instructions in the order in which they were written. */
struct slip_recipe_step {
    const struct slip_key *key; /* which one */
    struct slip_values values;  /* LIST, LINES, PAIRS, or one value */
    struct slip_script script;  /* steps */
};

struct slip_recipe_stage {
    const char *name;
    struct slip_span at; /* the name in its section line */
    struct slip_value from, platform;
    struct slip_recipe_step *steps;
    size_t nsteps, cap;
};

struct slip_recipe_copy {
    const char *name; /* "" for one without */
    struct slip_span at;
    struct slip_value from, dst, chown, chmod, link;
    struct slip_values src;
};

struct slip_recipe_test {
    const char *name;
    struct slip_span at;
    struct slip_values command;
    struct slip_value expect_output, expect_exit, link_check;
};

struct slip_recipe_budget {
    struct slip_value size, files, layers; /* numbers; what each means: build/budget.h */
    struct slip_values forbid;
};

#define SLIP_RECIPE_SECTIONS 10
#define SLIP_RECIPE_DEBUG_STAGE "debug" /* of [image] debug-image */

struct slip_recipe {
    struct slip_arena *arena;       /* borrowed */
    const struct slip_source *file; /* the recipe itself, not what it includes */
    const char *dir;                /* absolute directory of it */
    struct slip_strv files;         /* owned: every file that was read, absolute, in that order */
    struct slip_recipe_image image;
    struct slip_recipe_toolchain toolchain;
    struct slip_recipe_build build;
    struct slip_recipe_runtime runtime;
    struct slip_recipe_classes classes;
    struct slip_recipe_budget budget;
    struct slip_values args; /* key: the name; text: the default */
    struct slip_recipe_stage **stages;
    size_t nstages, stages_cap;
    struct slip_recipe_copy **copies;
    size_t ncopies, copies_cap;
    struct slip_recipe_test **tests;
    size_t ntests, tests_cap;
    struct slip_span
        sections[SLIP_RECIPE_SECTIONS]; /* where each first stands, in the order of keys.c */
};

#define SLIP_RECIPE_INIT ((struct slip_recipe){ 0 })

/* Reads the file and what it includes. */
int slip_recipe_read(struct slip_arena *arena, const char *path, struct slip_recipe *ret,
                     struct slip_error *err);
/* The same for a text that is there already; `dir` is absolute. */
int slip_recipe_parse(struct slip_arena *arena, const struct slip_source *source, const char *dir,
                      struct slip_recipe *ret, struct slip_error *err);
void slip_recipe_release(struct slip_recipe *recipe);

/* Is this text a recipe, rather than a Dockerfile? Told by its first line that is not empty and
 * no comment: `[section]` or `key = value`. */
bool slip_recipe_sniff(const char *text, size_t len);

/* "yes" and "no" as a truth value, `otherwise` when the key was not given. */
bool slip_value_is_yes(const struct slip_value *value, bool otherwise);
/* Is the stage `target` (NULL: none is named) the one that debug-image makes? */
bool slip_recipe_asks_debug(const struct slip_recipe *recipe, const char *target);
/* The name of the image; without one, that of the file. */
const char *slip_recipe_name(const struct slip_recipe *recipe);
/* The tags, or "latest". */
void slip_recipe_tags(const struct slip_recipe *recipe, struct slip_strv *ret);
/* The test with that name, or NULL. */
const struct slip_recipe_test *slip_recipe_test_find(const struct slip_recipe *recipe,
                                                     const char *name);
