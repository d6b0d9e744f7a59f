/* stack.c - parts of a root file system as directories that overlayfs can stack. */
#include "build/builder.h"

#include <errno.h>
#include <fcntl.h>

#include "build/copytree.h"
#include "build/view.h"
#include "layer/debts.h"
#include "store/blob.h"
#include "store/record.h"
#include "store/snapshot.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/side.h"

/* The snapshot id of an unpacked layer depends on the tier: owners are kept differently. */
static void unpacked_id(const struct slip_builder *b, const struct slip_part *part, char id[65])
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;

    slip_sha256_field(&sha, "slipway layer 1");
    slip_sha256_field(&sha, part->blob.diff_id.hex);
    slip_sha256_field(&sha, b->tier_name);
    slip_key_finish(&sha, id);
}

/* That of a layer which is not the same on top of others (layer/debts.h). */
static void settled_id(const struct slip_builder *b, const struct slip_part *part,
                       const struct slip_part *below, size_t n, char id[65])
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;

    slip_sha256_field(&sha, "slipway settled layer 1");
    slip_sha256_field(&sha, part->blob.diff_id.hex);
    slip_sha256_field(&sha, b->tier_name);
    for (size_t i = 0; i < n; i++)
        slip_sha256_field(&sha, below[i].blob.diff_id.hex);
    slip_key_finish(&sha, id);
}

/* A blob that is on its way: the download writes, slip_apply() reads at the other end. */
struct arrival {
    struct slip_builder *b;
    const struct slip_part *part;
    int end; /* owned: where to write */
    int rc;
    struct slip_error err;
};

static void *download(void *arg)
{
    struct arrival *a = arg;

    a->rc = slip_sources_layer(a->b->sources, a->part->image, &a->part->blob.digest,
                               a->part->blob.size, a->end, &a->err);
    slip_closep(&a->end);
    return NULL;
}

static struct slip_apply_options options_for(const struct slip_builder *b, struct slip_debts *debts)
{
    return (struct slip_apply_options){
        .overlay = true,
        .userxattr = b->tier != SLIP_TIER_ROOT,
        .emulated = b->tier == SLIP_TIER_SINGLE,
        .keep_times = true,
        .debts = debts,
    };
}

static int apply(const struct slip_part *part, int from, int root,
                 const struct slip_apply_options *options, struct slip_digest *ret_diff_id,
                 struct slip_error *err)
{
    if (slip_apply(from, root, options, ret_diff_id, err) < 0)
        return slip_error_context(err, "cannot unpack layer sha256:%.12s", part->blob.digest.hex);
    return 0;
}

/* Downloads and unpacks at once. What the download says counts first: bytes that do not arrive, or
 * are not those of the digest, make no archive either. */
static int apply_arriving(struct slip_builder *b, const struct slip_part *part, int root,
                          const struct slip_apply_options *options, struct slip_digest *ret_diff_id,
                          struct slip_error *err)
{
    slip_cleanup(slip_error_release) struct slip_error later = SLIP_ERROR_INIT;
    struct arrival a = { .b = b, .part = part, .end = -1 };
    pthread_t thread;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return slip_fail_errno(err, "cannot make a pipe");
    a.end = ends[1];
    (void)fcntl(a.end, F_SETPIPE_SZ, 1 << 20); /* more than the limit for users: as it was */
    if (pthread_create(&thread, NULL, download, &a) != 0) {
        (void)close(ends[0]);
        (void)close(ends[1]);
        return slip_fail(err, SLIP_ESYSTEM, "cannot start a thread");
    }
    int rc = apply(part, ends[0], root, options, ret_diff_id, &later);
    (void)close(ends[0]);
    pthread_join(thread, NULL);
    if (a.rc < 0 || rc < 0)
        slip_error_move(err, a.rc < 0 ? &a.err : &later);
    slip_error_release(&a.err);
    return a.rc < 0 || rc < 0 ? -1 : 0;
}

static int apply_blob(struct slip_builder *b, const struct slip_part *part, int root,
                      const struct slip_apply_options *options, struct slip_digest *ret_diff_id,
                      struct slip_error *err)
{
    int held = slip_blob_has(b->store, &part->blob.digest, err);

    if (held <= 0)
        return held < 0 ? -1 : apply_arriving(b, part, root, options, ret_diff_id, err);
    slip_cleanup(slip_closep) int blob = slip_blob_open(b->store, &part->blob.digest, NULL, err);
    return blob < 0 ? -1 : apply(part, blob, root, options, ret_diff_id, err);
}

/* Where a layer belongs: on top of `n` parts, which are there as directories; or, when `alone`, it
 * is not known yet. */
struct place {
    struct slip_part *below; /* borrowed; bottom first */
    size_t n;
    bool alone;
};

static int settle(struct slip_builder *b, struct slip_debts *debts, int root,
                  const struct place *place, struct slip_error *err)
{
    slip_cleanup(slip_view_release) struct slip_view view = SLIP_VIEW_INIT;
    const struct slip_apply_options options = options_for(b, debts);

    for (size_t i = place->n; i-- > 0;)
        if (slip_stack_push(b, &place->below[i], &view.stack, err) < 0)
            return -1;
    if (slip_view_mount(&view, b, err) < 0)
        return -1;
    return slip_debts_settle(debts, root, view.mounted.root, &options, err);
}

/* 1: unpacked. 0: a layer that was unpacked alone is not the same on top of others. -1. */
static int unpack_once(struct slip_builder *b, const struct slip_part *part,
                       const struct place *place, const char *id, struct slip_error *err)
{
    slip_cleanup(slip_snapshot_release) struct slip_snapshot draft = SLIP_SNAPSHOT_INIT;
    slip_cleanup(slip_debts_release) struct slip_debts debts = SLIP_DEBTS_INIT;
    const struct slip_apply_options options =
        options_for(b, place->n || place->alone ? &debts : NULL);
    struct slip_digest diff_id;

    if (slip_snapshot_begin(&draft, b->store, err) < 0)
        return -1;
    if (apply_blob(b, part, draft.fs, &options, &diff_id, err) < 0)
        return -1;
    if (!slip_digest_equal(&diff_id, &part->blob.diff_id))
        return slip_fail(err, SLIP_EINTEGRITY,
                         "layer sha256:%.12s unpacks to sha256:%.12s, but its image says "
                         "sha256:%.12s",
                         part->blob.digest.hex, diff_id.hex, part->blob.diff_id.hex);
    if (slip_debts_any(&debts)) {
        if (place->alone)
            return 0;
        if (settle(b, &debts, draft.fs, place, err) < 0)
            return slip_error_context(err, "cannot unpack layer sha256:%.12s",
                                      part->blob.digest.hex);
    }
    return slip_snapshot_commit(&draft, id, err) < 0 ? -1 : 1;
}

/* As unpack_once(). */
static int unpack(struct slip_builder *b, const struct slip_part *part, const struct place *place,
                  const char *id, struct slip_error *err)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_freep) char *name = slip_xasprintf("unpack %s", id);
    slip_cleanup(slip_closep) int lock = slip_store_lock_name(b->store, name, err);

    if (lock < 0)
        return -1;
    if (slip_snapshot_has(b->store, id)) /* by somebody else, meanwhile */
        return 1;
    bool arrives = slip_blob_has(b->store, &part->blob.digest, &ignored) == 0;
    int rc = unpack_once(b, part, place, id, err);
    if (rc >= 0)
        return rc;
    /* A download that went wrong half-way and was begun anew has handed on bytes that were not the
     * layer's; those of the store are. */
    if (!arrives || slip_blob_has(b->store, &part->blob.digest, &ignored) != 1)
        return -1;
    slip_error_release(err);
    return unpack_once(b, part, place, id, err);
}

/* Stages that stand on the same base come here at the same time. */
static bool has_directory(struct slip_builder *b, const struct slip_part *part)
{
    pthread_mutex_lock(&b->mutex);
    bool has = part->snapshot[0];
    pthread_mutex_unlock(&b->mutex);
    return has;
}

/* 1: the part is there as a directory. 0: it has to wait for those below. -1. */
static int make_directory(struct slip_builder *b, struct slip_part *part, const struct place *place,
                          struct slip_error *err)
{
    char alone[65], settled[65];

    if (has_directory(b, part))
        return 1;
    unpacked_id(b, part, alone);
    settled_id(b, part, place->below, place->n, settled);
    const char *id = slip_snapshot_has(b->store, alone)                 ? alone
                     : place->n && slip_snapshot_has(b->store, settled) ? settled
                                                                        : NULL;
    if (!id) {
        id = place->alone || !place->n ? alone : settled;
        int rc = unpack(b, part, place, id, err);
        if (rc <= 0)
            return rc;
    }
    pthread_mutex_lock(&b->mutex);
    memcpy(part->snapshot, id, sizeof part->snapshot);
    pthread_mutex_unlock(&b->mutex);
    return 1;
}

int slip_part_open(struct slip_builder *b, struct slip_part *part, struct slip_error *err)
{
    return make_directory(b, part, &(struct place){ 0 }, err) < 0
               ? -1
               : slip_snapshot_open(b->store, part->snapshot, err);
}

struct unpacking {
    struct slip_builder *b;
    struct slip_part *parts;
};

static int unpack_one(void *user, size_t i, struct slip_error *err)
{
    struct unpacking *u = user;
    const struct place place = { u->parts, i, i > 0 };

    return make_directory(u->b, &u->parts[i], &place, err) < 0 ? -1 : 0;
}

int slip_parts_unpack(struct slip_builder *b, struct slip_part *parts, size_t n,
                      struct slip_error *err)
{
    struct unpacking u = { b, parts };
    bool all = true;

    for (size_t i = 0; i < n; i++)
        all = all && has_directory(b, &parts[i]);
    if (all)
        return 0;
    if (slip_side_by_side(n, unpack_one, &u, err) < 0)
        return -1;
    /* What had to wait, from the bottom. */
    for (size_t i = 0; i < n; i++)
        if (make_directory(b, &parts[i], &(struct place){ parts, i, false }, err) < 0)
            return -1;
    return 0;
}

void slip_stack_push_fd(struct slip_stack *stack, int fd)
{
    stack->fds = slip_xgrow(stack->fds, stack->n, &stack->cap, sizeof *stack->fds);
    stack->fds[stack->n++] = fd;
}

int slip_stack_push(struct slip_builder *b, struct slip_part *part, struct slip_stack *stack,
                    struct slip_error *err)
{
    int fd = slip_part_open(b, part, err);

    if (fd < 0)
        return -1;
    slip_stack_push_fd(stack, fd);
    return 0;
}

/* overlayfs refuses a layer that lies inside another. An install step that wrote beneath DESTDIR
 * and elsewhere too has its DESTDIR copied; most wrote to one of them only. */
int slip_stack_push_installed(struct slip_builder *b, struct slip_node *node,
                              struct slip_stack *stack, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_closep) int fs = slip_part_open(b, &node->parts[0], err);
    char name[32];

    if (fs < 0 || slip_list_dir(fs, ".", &names, err) < 0)
        return -1;
    int staged = slip_open_beneath(fs, stack->destdir, O_RDONLY | O_DIRECTORY, 0);
    if (staged >= 0 && names.n > 1) {
        slip_cleanup(slip_closep) int from = staged;
        snprintf(name, sizeof name, "staged%zu", stack->n);
        if (mkdirat(stack->scratch, name, 0755) < 0)
            return slip_fail_errno(err, "cannot create a work directory");
        staged = openat(stack->scratch, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const struct slip_copy_tree copy = {
            .from = from,
            .source = "",
            .to = staged,
            .dest = "",
            .emulated = b->tier == SLIP_TIER_SINGLE,
            .xattrs = true,
        };
        if (staged < 0)
            return slip_fail_errno(err, "cannot open a work directory");
        if (slip_copy_tree(&copy, err) < 0) {
            (void)close(staged);
            return -1;
        }
    }
    if (staged >= 0)
        slip_stack_push_fd(stack, staged);
    if (staged < 0 || names.n > 1)
        slip_stack_push_fd(stack, SLIP_TAKE_FD(fs));
    return 0;
}

static int push_base(struct slip_builder *b, struct slip_base_parts *base, struct slip_stack *stack,
                     struct slip_error *err)
{
    if (slip_parts_unpack(b, base->parts, base->n, err) < 0)
        return -1;
    for (size_t i = base->n; i-- > 0;)
        if (slip_stack_push(b, &base->parts[i], stack, err) < 0)
            return -1;
    stack->host = stack->host || base->host;
    return 0;
}

int slip_stack_open(struct slip_builder *b, const struct slip_step *step, struct slip_stack *ret,
                    struct slip_error *err)
{
    while (step) {
        struct slip_node *node = slip_node_of(b, step);
        bool install = ret->destdir && *ret->destdir && step->op == SLIP_OP_RUN &&
                       step->run.install && node->nparts;
        if (install && slip_stack_push_installed(b, node, ret, err) < 0)
            return -1;
        for (size_t i = install ? 0 : node->nparts; i-- > 0;)
            if (slip_stack_push(b, &node->parts[i], ret, err) < 0)
                return -1;
        if (push_base(b, &node->base, ret, err) < 0)
            return -1;
        const struct slip_step *below = step->parent;
        if (step->op == SLIP_OP_BASE && step->base.input.origin == SLIP_FROM_STAGE) {
            const struct slip_stage *from = step->base.input.stage;
            below = from->steps[from->nsteps - 1];
        }
        step = below;
    }
    return 0;
}

void slip_stack_release(struct slip_stack *stack)
{
    for (size_t i = 0; i < stack->n; i++)
        (void)close(stack->fds[i]);
    free(stack->fds);
    *stack = SLIP_STACK_INIT;
}

int slip_input_stack(struct slip_builder *b, const struct slip_input *input, struct slip_stack *ret,
                     struct slip_error *err)
{
    slip_cleanup(slip_base_parts_release) struct slip_base_parts base = SLIP_BASE_PARTS_INIT;

    if (input->origin == SLIP_FROM_STAGE)
        return slip_stack_open(b, input->stage->steps[input->stage->nsteps - 1], ret, err);
    if (slip_base_open(b, input, &base, err) < 0)
        return -1;
    return push_base(b, &base, ret, err);
}
