/* build.h - a plan becomes an image in the store.
 *
 * A build first looks up what earlier builds left (keys in order, no fork, no mount); only when
 * something is missing does it enter a tier (exec/tier.h) and run steps, independent stages in
 * parallel. Every step's result is recorded under its key as soon as it exists, so an interrupted
 * build goes on where it stopped.
 *
 * Keys hold content, names, modes and owners, never times. Two keys stand for a step: the one made
 * from its definition and its inputs finds the record; the record holds the identity of what came
 * out, and that is what later steps build on: a step that ran again and gave the same stops the
 * rebuild there. Depends on: every room of floors 0 to 3 but the front ends and ui.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "build/secret.h"
#include "build/sources.h"
#include "layer/stream.h"
#include "plan/plan.h"
#include "store/store.h"
#include "util/digest.h"
#include "util/error.h"
#include "util/events.h"

/* A directory of the user's that steps may copy from or mount. */
struct slip_context {
    const char *name;   /* "" is the main one */
    bool fetched;       /* it came into the store from elsewhere: nothing in it changes */
    const char *path;   /* directory; the main one may be NULL when there is none */
    bool is_source;     /* of a recipe: build trees in it, .git and our outputs are no part of it */
    bool is_build_tree; /* objects, logs of tools and our outputs are no part of it */
    const char *const *ignore; /* lines of its ignore file (plan/ignore.h), NULL-terminated; NULL:
                                  it has none */
    const char *ignore_file;   /* what that is called; NULL with ignore */
};

struct slip_build_options {
    struct slip_sources *sources; /* where bases come from, and the store of it all */
    const char *file;             /* absolute: the Dockerfile or recipe, by which builds of one
                                     thing are told from those of another; NULL: nothing is noted */
    struct slip_events *events;   /* may be NULL */
    const struct slip_context *contexts;
    size_t ncontexts;
    int64_t epoch; /* SOURCE_DATE_EPOCH: nothing in the image is younger */
    bool no_cache; /* look nothing up; results are recorded all the same */
    const struct slip_strv *no_cache_filter; /* the same for these stages, by name; may be NULL */
    unsigned jobs;                           /* stages that may run at once; 0: as many as CPUs */
    const char *tier;                        /* NULL: the best one */
    enum slip_network network;               /* of steps that do not say */
    const struct slip_secrets *secrets;
    const struct slip_strv *agents;   /* "id=path of the socket of an ssh agent" */
    const struct slip_strv *step_env; /* "K=V" for every step, not part of any key (proxies) */
    json_t *annotations;              /* object, or NULL */
    enum slip_compression compression;
    int level;
    int jobserver[2]; /* fds of make's jobserver pipe, or -1 */
    const volatile sig_atomic_t *cancel;
    bool materials; /* tell what was read, for a provenance */
};

struct slip_failed_step {
    const struct slip_step *step; /* NULL: no step failed */
    char *words;                  /* owned: "exited with status 2" */
    int exit_code;                /* of the command; -1 when it did not run */
    char id[13];                  /* for slipway shell --failed */
};

struct slip_built {
    struct slip_digest manifest; /* "" when the target stands on the host: its steps ran, but this
                                    machine's root cannot become an image */
    bool was_cached;             /* nothing had to run */
    json_t *materials;           /* owned; with the option: provenance.h. Else NULL */
    struct slip_strv inputs;     /* files and directories whose change may change the image */
    struct slip_failed_step failed;
};

#define SLIP_BUILT_INIT ((struct slip_built){ 0 })

int slip_build(const struct slip_plan *plan, const struct slip_build_options *options,
               struct slip_built *ret, struct slip_error *err);
void slip_built_release(struct slip_built *built);

/* The "config" object of the base that an input names, for lowering: {} for directories. The image
 * is brought into the store when it is not there. New reference in *ret. */
int slip_base_config(struct slip_sources *sources, const struct slip_input *input, json_t **ret,
                     struct slip_error *err);

/* The image that a stage stands on, through other stages of the plan. */
struct slip_stage_base {
    char *name; /* owned: its reference in full; "" for one that has none others know (oci:DIR and
                   the like); NULL: the stage stands on no image */
    struct slip_digest manifest; /* the one for this platform */
    json_t *config;              /* owned: its "config" object, or NULL */
};

#define SLIP_STAGE_BASE_INIT ((struct slip_stage_base){ 0 })

int slip_stage_base_find(struct slip_sources *sources, const struct slip_stage *stage,
                         struct slip_stage_base *ret, struct slip_error *err);
void slip_stage_base_release(struct slip_stage_base *base);
