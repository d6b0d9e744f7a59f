/* front.h - from a file the user named to a plan: recipe or Dockerfile, told by its content.
 * Used by every command that takes -f. Depends on: recipe/, dockerfile/, plan/, build/.
 */
#pragma once

#include "build/build.h"
#include "commands/command.h"
#include "commands/place.h"
#include "dockerfile/ast.h"
#include "plan/plan.h"
#include "recipe/recipe.h"

struct slip_findings;

struct slip_front_options {
    const char *file;     /* NULL: Dockerfile in the context; a URL's text will do */
    const char *frontend; /* "recipe", "dockerfile", or NULL */
    const char *context;  /* NULL: the recipe's, or "."; see place.h */
    const char *target, *platform;
    const char *lockfile;           /* NULL: slipway.lock in the main context */
    bool locked;                    /* images must be pinned there */
    bool ignore_lock;               /* the caller has set up s->sources by himself */
    bool pull;                      /* ask registries for what is there already */
    bool no_registry;               /* ask no registry */
    bool offline;                   /* only read: bases that are images are not looked at */
    bool all_stages;                /* lint those, too, that the target does not need */
    struct slip_findings *findings; /* borrowed; NULL: warnings go to standard error */
    const char *elsewhere;          /* a recipe for other builders: recipe/lower.h */
    bool mounts;
    struct slip_strv build_args, contexts, labels;
};

#define SLIP_FRONT_OPTIONS_INIT ((struct slip_front_options){ 0 })

struct slip_front {
    const struct slip_source *source;
    struct slip_place place; /* of the main context */
    bool is_recipe;
    struct slip_recipe recipe;
    struct slip_dockerfile ast;
    struct slip_plan plan;
    struct slip_context *contexts; /* in the arena */
    size_t ncontexts;
    struct slip_strv inputs; /* files that were read */
    struct slip_lockfile lock;
    const char *name; /* of the image, without tag; NULL when the file does not say */
};

#define SLIP_FRONT_INIT ((struct slip_front){ 0 })

/* The options that -f commands share. */
#define SLIP_FRONT_OPTS(o)                                                                       \
    SLIP_OPT_TEXT('f', "file", &(o)->file, "FILE", "recipe or Dockerfile [Dockerfile]"),         \
        SLIP_OPT_TEXT(0, "frontend", &(o)->frontend, "KIND",                                     \
                      "recipe or dockerfile, whatever "                                          \
                      "the file looks like"),                                                    \
        SLIP_OPT_TEXT(0, "target", &(o)->target, "STAGE", "stop at this stage"),                 \
        SLIP_OPT_TEXT(0, "platform", &(o)->platform, "OS/ARCH", "platform to build for"),        \
        SLIP_OPT_LIST(0, "build-arg", &(o)->build_args, "K=V", "set an ARG"),                    \
        SLIP_OPT_LIST(0, "build-context", &(o)->contexts, "NAME=WHERE", "name another context"), \
        SLIP_OPT_LIST(0, "label", &(o)->labels, "K=V", "add a label"),                           \
        SLIP_OPT_TEXT(0, "lockfile", &(o)->lockfile, "FILE",                                     \
                      "pinned images [slipway.lock in the context]"),                            \
        SLIP_OPT_FLAG(0, "locked", &(o)->locked, "refuse images that are not pinned"),           \
        SLIP_OPT_FLAG(0, "pull", &(o)->pull, "ask registries for newer base images"),            \
        SLIP_OPT_FLAG(0, "offline", &(o)->no_registry, "ask no registry")

/* Reads the file and makes the syntax tree. */
int slip_front_open(struct slip_front *front, struct slip_session *s,
                    const struct slip_front_options *options, struct slip_error *err);
/* Build arguments as "K=V", one for each name: the last one given. A name alone takes its value
 * from the environment, and is left out when there is none. */
void slip_front_build_args(const struct slip_front_options *options, struct slip_strv *ret);
/* Where its lock file stands, whether there is one or not. In the arena. */
const char *slip_front_lock_path(const struct slip_front *front, struct slip_session *s,
                                 const struct slip_front_options *options);
/* Lowers it. Warnings go to stderr. Needs the store for bases that are images; the options on locks
 * and registries hold for s->sources from then on. */
int slip_front_plan(struct slip_front *front, struct slip_session *s,
                    const struct slip_front_options *options, struct slip_error *err);
void slip_front_release(struct slip_front *front);
void slip_front_options_release(struct slip_front_options *options);
