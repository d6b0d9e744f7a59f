/* project.h - what a recipe leaves open, found in the file system: which build system the source
 * tree has, where the build tree is, which templates say how it is done.
 * Depends on: recipe/recipe, recipe/template. Used by: recipe/lower.
 */
#pragma once

#include "recipe/lower.h"

enum slip_builder {
    SLIP_BUILDER_NONE, /* nothing is built: the image only has copies */
    SLIP_BUILDER_OWN,  /* [stage build] */
    SLIP_BUILDER_TREE,
    SLIP_BUILDER_HOST,
    SLIP_BUILDER_BASE,
};

struct slip_project {
    enum slip_builder builder;
    const char *system;       /* "cmake" ...; NULL without a generated builder */
    const char *base;         /* BASE: what it stands on; NULL: what the template says */
    const char *source, *dir; /* absolute, on this machine; dir NULL: there is no build tree */
    const char *at_source;    /* where the stage has them */
    const char *at_dir;       /* where the stage builds */
    const char *toolchain;    /* paths of templates; NULL when they are not needed */
    const char *build, *files;
    const char *runtime_base, *runtime, *debug;
    bool installs;  /* a stage called build installs something */
    bool stands_in; /* BASE, in the place of a tree or host that other builders do not have */
};

int slip_project_resolve(struct slip_arena *arena, const struct slip_recipe *recipe,
                         const struct slip_recipe_options *options, struct slip_project *ret,
                         struct slip_error *err);

/* The template for a base image: that with its name, else debian. NULL with *err filled. */
const char *slip_project_base_template(struct slip_arena *arena,
                                       const struct slip_recipe_options *options, const char *base,
                                       struct slip_error *err);
/* The stage of the user's with that name, or NULL. */
const struct slip_recipe_stage *slip_recipe_stage_find(const struct slip_recipe *recipe,
                                                       const char *name);
/* `at`, or for want of it the section, or for want of that where the recipe begins. */
struct slip_span slip_recipe_place(const struct slip_recipe *recipe, struct slip_span at,
                                   const char *section);
