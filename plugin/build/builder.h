/* builder.h - one build while it runs: what build.c, keys.c and the ops share.
 *
 * A node is the state of one step. Only the thread that runs a stage writes its nodes; others read
 * them after that stage is done. What several threads write is said to be behind a mutex.
 */
#pragma once

#include <pthread.h>

#include "build/build.h"
#include "build/makings.h"
#include "build/scan.h"
#include "exec/tier.h"
#include "image/image.h"
#include "util/map.h"

/* What COPY --installed puts into layers of their own, from what changes seldom to what changes
 * with every edit. */
enum slip_holding { SLIP_HOLD_DISTRIBUTION, SLIP_HOLD_OWN, SLIP_HOLD_DATA, SLIP_HOLD_PROGRAMS };
#define SLIP_HOLDINGS 4

/* A layer of a root file system: as directory, as blob, or both. */
struct slip_part {
    char snapshot[65]; /* id, or "" */
    bool has_blob;     /* it is known; the store may have to fetch it */
    struct slip_layer_info blob;
    enum slip_compression compression; /* of the blob, when it was made here */
    int level;
    const char *image; /* borrowed: what the image it belongs to was called, or NULL */
    unsigned holds;    /* of COPY --installed: bits of enum slip_holding; else 0 */
};

/* What a FROM of an image, a directory or the host stands on. */
struct slip_base_parts {
    char identity[65];
    struct slip_part *parts; /* owned; bottom first */
    size_t n;
    bool host; /* this machine's root lies below */
};

#define SLIP_BASE_PARTS_INIT ((struct slip_base_parts){ 0 })

struct slip_node {
    const struct slip_step *step;
    char def[65];              /* key of the definition and the inputs */
    char identity[65];         /* what came out; "" while unknown */
    char arch[16], variant[8]; /* of COPY --installed: what the programs in it are made for, as
                                  images call it; "" when it has none */
    char *why;                 /* owned: why it ran in this build; NULL: it did not */
    struct slip_part parts[SLIP_HOLDINGS];
    size_t nparts;               /* 0: the step changed no file */
    struct slip_base_parts base; /* BASE, but of a stage */
};

enum slip_stage_state { SLIP_STAGE_TODO, SLIP_STAGE_DONE, SLIP_STAGE_FAILED };

struct slip_builder {
    const struct slip_plan *plan;
    const struct slip_build_options *options;
    struct slip_sources *sources;
    struct slip_store *store; /* that of the sources */
    struct slip_events *events;
    enum slip_tier tier;
    const char *tier_name; /* what snapshots are made for; part of their ids */
    bool entered;
    struct slip_node *nodes; /* by step->number - 1 */
    struct slip_scan *scans; /* by context; lazily, behind scan_mutex */
    pthread_mutex_t mutex, scan_mutex;
    pthread_cond_t changed;
    enum slip_stage_state *stages; /* by stage->index; behind mutex */
    unsigned running;              /* stages at work; behind mutex */
    bool stop;                     /* a stage failed; behind mutex */
    volatile sig_atomic_t halt;    /* the same, for commands that run */
    struct slip_error *error;      /* the first one; behind mutex */
    struct slip_failed_step failed;
};

static inline struct slip_node *slip_node_of(struct slip_builder *b, const struct slip_step *step)
{
    return &b->nodes[step->number - 1];
}

static inline struct slip_node *slip_node_of_stage(struct slip_builder *b,
                                                   const struct slip_stage *stage)
{
    return slip_node_of(b, stage->steps[stage->nsteps - 1]);
}

/* The scan of a context by name, made at the first call. NULL with *err. */
const struct slip_scan *slip_builder_scan(struct slip_builder *b, const struct slip_input *input,
                                          struct slip_error *err);
const struct slip_context *slip_builder_context(const struct slip_builder *b, const char *name);

/* keys.c: fills node->def. The nodes it depends on must be known. With `rows` (an object), also
 * notes there what the key is made from (makings.h). */
int slip_key_step(struct slip_builder *b, struct slip_node *node, json_t *rows,
                  struct slip_error *err);
void slip_key_finish(struct slip_sha256 *sha, char ret_hex[65]);

/* keys.c: adds what an input holds at `under` to a key. */
int slip_key_input(struct slip_builder *b, const struct slip_input *input, const char *under,
                   struct slip_makings *m, struct slip_error *err);
/* keys.c: notes by which ignore rules a context was seen; what they left is in the key anyway. */
void slip_key_rules(const struct slip_builder *b, const struct slip_input *input,
                    const struct slip_scan *scan, struct slip_makings *m);

/* build.c: --no-cache, or --no-cache-filter with its name. */
bool slip_builder_skips_cache(const struct slip_builder *b, const struct slip_stage *stage);

/* results.c: records. 1 found, 0 not. */
int slip_result_lookup(struct slip_builder *b, struct slip_node *node);
int slip_result_record(struct slip_builder *b, const struct slip_node *node,
                       struct slip_error *err);
json_t *slip_part_json(const struct slip_part *part);
int slip_part_from_json(struct slip_part *part, const json_t *json);

/* The root file system after `step` (NULL: nothing), as directories, top first. */
struct slip_stack {
    int *fds; /* owned */
    size_t n, cap;
    bool host;
    /* Set before opening: for RUN --install steps, what lies beneath this directory is taken as
     * beneath "/" (DESTDIR). NULL: nothing special. */
    const char *destdir;
    int scratch; /* with destdir: a directory for copies, borrowed */
};

#define SLIP_STACK_INIT ((struct slip_stack){ 0 })

/* Makes directories of all parts that are blobs only, several at a time. */
int slip_parts_unpack(struct slip_builder *b, struct slip_part *parts, size_t n,
                      struct slip_error *err);
/* Puts a part below what is in the stack. */
int slip_stack_push(struct slip_builder *b, struct slip_part *part, struct slip_stack *stack,
                    struct slip_error *err);
/* The same for a directory, which the stack then owns, and for what an install step wrote, with
 * what lies beneath stack->destdir as if beneath "/". */
void slip_stack_push_fd(struct slip_stack *stack, int fd);
int slip_stack_push_installed(struct slip_builder *b, struct slip_node *node,
                              struct slip_stack *stack, struct slip_error *err);
int slip_stack_open(struct slip_builder *b, const struct slip_step *step, struct slip_stack *ret,
                    struct slip_error *err);
/* The same for whatever a --from or a mount names: a stage, an image, a directory, the host. */
int slip_input_stack(struct slip_builder *b, const struct slip_input *input, struct slip_stack *ret,
                     struct slip_error *err);
void slip_stack_release(struct slip_stack *stack);
/* Makes sure that a part exists as a directory and returns its fd. */
int slip_part_open(struct slip_builder *b, struct slip_part *part, struct slip_error *err);

/* bases.c: which image or directory an input means. */
struct slip_resolved {
    char identity[65];
    struct slip_image image; /* IMAGE */
    bool is_image, host;
    bool is_dir; /* ROOTFS: a directory, not a tar */
};

#define SLIP_RESOLVED_INIT ((struct slip_resolved){ 0 })

int slip_base_resolve(struct slip_sources *sources, const struct slip_input *input,
                      struct slip_resolved *ret, struct slip_error *err);
void slip_resolved_release(struct slip_resolved *resolved);
int slip_base_open(struct slip_builder *b, const struct slip_input *input,
                   struct slip_base_parts *ret, struct slip_error *err);
void slip_base_parts_release(struct slip_base_parts *parts);

/* op_run.c: what --network of the instruction and of the build come to. */
enum slip_network slip_run_network(const struct slip_build_options *options,
                                   const struct slip_run *run);

/* build.c: the tier, and the store as seen from it. Once; before any thread is started. */
int slip_builder_enter(struct slip_builder *b, struct slip_error *err);

/* container.c: what `slipway shell --failed ID` needs; `upper` is what the step had written. */
void slip_failure_id(const struct slip_node *node, char ret[13]);
int slip_failure_record(struct slip_builder *b, const struct slip_node *node,
                        const struct slip_part *upper, struct slip_error *err);

/* The ops: one file each. They fill parts, nparts and identity of the node. */
int slip_op_base(struct slip_builder *b, struct slip_node *node, struct slip_error *err);
int slip_op_run(struct slip_builder *b, struct slip_node *node, struct slip_error *err);
int slip_op_copy(struct slip_builder *b, struct slip_node *node, struct slip_error *err);
int slip_op_slim(struct slip_builder *b, struct slip_node *node, struct slip_error *err);
int slip_op_debug(struct slip_builder *b, struct slip_node *node, struct slip_error *err);
int slip_op_workdir(struct slip_builder *b, struct slip_node *node, struct slip_error *err);

/* repack.c: the blob of a part made here, in the compression that this build asks for. */
int slip_part_repack(struct slip_builder *b, struct slip_part *part, struct slip_error *err);
/* slim_layers.c: "own libraries, data"; owned by the caller. How many layers a COPY --installed may
 * make depends on the other steps of its image, which are counted for its key. */
char *slip_holding_names(unsigned holds);
size_t slip_slim_other_layers(const struct slip_step *step);

/* assemble.c: layers, config and manifest of the target. */
int slip_assemble(struct slip_builder *b, struct slip_digest *ret_manifest, struct slip_error *err);
void slip_image_key(struct slip_builder *b, char ret_hex[65]);
