/* lower.h - from a Dockerfile's syntax tree to a plan.
 *
 * Everything is resolved here: variables, names of stages, working directories, users, shells,
 * mounts, defaults. Only stages that the target needs are looked at in depth: the others are in
 * the plan with their base alone, and only what FROM and --from say has to make sense in them.
 *
 * Bases: scratch, host, a stage by name, a named context, oci:, oci-archive:, docker-archive:,
 * rootfs:, else an image reference. In --from= a stage goes by its name in any letter case, or by
 * its number, and `context` is the main build context. Of two stages with one name, FROM takes the
 * last before it, --from and the target the last of all. ONBUILD triggers of a base run first in
 * the stage. Not served, each with an error at its place: --security=insecure, --device, mounts of
 * type ssh.
 *
 * COPY and ADD become one step for each run of sources with the same root, in their order: files
 * of the context, each URL, each repository (plan/remote.h), last the texts that are written here.
 * Something remote is a directory to copy from: of a URL, one file, unpacked with --unpack alone;
 * of git, all files, or those of a subdirectory. --checksum and --keep-git-dir go into the input,
 * as do the keys of a git URL; a named context that is remote is such an input as well. What logs
 * in to a host stands in no text of a step and in no history.
 *
 * The config objects have docker's keys (Env, Cmd, ...). History has one entry for each
 * instruction (or step of one), with the text as written, so no value of an ARG is in it; entries without
 * empty_layer stand for the steps of the stage but its base, in order.
 * Depends on: plan/. Used by: commands/.
 */
#pragma once

#include <jansson.h>

#include "dockerfile/ast.h"
#include "plan/plan.h"

/* A lint finding; the names are in dockerfile/rules.h. Borrowed for the length of the call. The
 * file says which rules to skip (# check=skip=...); the build argument BUILDKIT_DOCKERFILE_CHECK,
 * if given, says it in its place. */
struct slip_warning {
    const char *rule, *text;
    struct slip_span at;
};

struct slip_lower_options {
    const struct slip_strv *build_args; /* "K=V"; NULL for none, as with all lists here */
    const char *target;                 /* name or number of a stage; NULL: the last */
    const char *platform;               /* "linux/amd64"; NULL: this machine's */
    const struct slip_strv *contexts;   /* "NAME=WHERE" of --build-context */
    const struct slip_strv *labels;     /* "K=V", set in the target's config */
    const char *const *ignore;          /* lines of the ignore file, for the plan; or NULL */
    bool all_stages;                    /* without a target, look at all in depth, as lint does */

    /* Gives the "config" object of a base that is an image, a root file system or a context: a
     * new reference, {} if it has none. platform may be NULL. Called once for each stage that the
     * target needs and that stands on such a base. NULL: they are all {}, as for `check`. */
    int (*base_config)(void *user, const struct slip_input *input, const char *platform,
                       json_t **ret_config, struct slip_error *err);
    /* May be NULL. Rules that the file skips are not reported. */
    void (*warn)(void *user, const struct slip_warning *warning);
    void *user;
};

/* *ret lives in the arena and is let go with slip_plan_release(), also after a failure. The AST
 * and its sources must outlive it. */
int slip_dockerfile_lower(struct slip_arena *arena, const struct slip_dockerfile *ast,
                          const struct slip_lower_options *options, struct slip_plan *ret,
                          struct slip_error *err);
