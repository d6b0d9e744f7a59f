/* stack.c - parts of a root file system as directories that overlayfs can stack. */
#include "build/builder.h"

#include <errno.h>
#include <fcntl.h>

#include "build/copytree.h"
#include "util/side.h"
#include "layer/apply.h"
#include "store/blob.h"
#include "store/record.h"
#include "store/snapshot.h"
#include "util/fs.h"
#include "util/mem.h"

/* The snapshot id of an unpacked layer depends on the tier: owners are kept differently. */
static void unpacked_id(const struct slip_builder *b, const struct slip_part *part, char id[65])
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;

    slip_sha256_field(&sha, "slipway layer 1");
    slip_sha256_field(&sha, part->blob.diff_id.hex);
    slip_sha256_field(&sha, b->tier_name);
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

static int apply(struct slip_builder *b, int from, int root, struct slip_digest *ret_diff_id,
                 struct slip_error *err)
{
    const struct slip_apply_options options = {
        .overlay = true,
        .userxattr = b->tier != SLIP_TIER_ROOT,
        .emulated = b->tier == SLIP_TIER_SINGLE,
        .keep_times = true,
    };

    return slip_apply(from, root, &options, ret_diff_id, err);
}

/* Downloads and unpacks at once. What the download says counts first: bytes that do not arrive, or
 * are not those of the digest, make no archive either. */
static int apply_arriving(struct slip_builder *b, const struct slip_part *part, int root,
                          struct slip_digest *ret_diff_id, struct slip_error *err)
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
    int rc = apply(b, ends[0], root, ret_diff_id, &later);
    (void)close(ends[0]);
    pthread_join(thread, NULL);
    if (a.rc < 0 || rc < 0)
        slip_error_move(err, a.rc < 0 ? &a.err : &later);
    slip_error_release(&a.err);
    return a.rc < 0 || rc < 0 ? -1 : 0;
}

static int apply_blob(struct slip_builder *b, const struct slip_part *part, int root,
                      struct slip_digest *ret_diff_id, struct slip_error *err)
{
    int held = slip_blob_has(b->store, &part->blob.digest, err);

    if (held <= 0)
        return held < 0 ? -1 : apply_arriving(b, part, root, ret_diff_id, err);
    slip_cleanup(slip_closep) int blob = slip_blob_open(b->store, &part->blob.digest, NULL, err);
    return blob < 0 ? -1 : apply(b, blob, root, ret_diff_id, err);
}

static int unpack_once(struct slip_builder *b, const struct slip_part *part, const char *id,
                       struct slip_error *err)
{
    slip_cleanup(slip_snapshot_release) struct slip_snapshot draft = SLIP_SNAPSHOT_INIT;
    struct slip_digest diff_id;

    if (slip_snapshot_begin(&draft, b->store, err) < 0)
        return -1;
    if (apply_blob(b, part, draft.fs, &diff_id, err) < 0)
        return slip_error_context(err, "cannot unpack layer sha256:%.12s", part->blob.digest.hex);
    if (!slip_digest_equal(&diff_id, &part->blob.diff_id))
        return slip_fail(err, SLIP_EINTEGRITY,
                         "layer sha256:%.12s unpacks to sha256:%.12s, but its image says "
                         "sha256:%.12s",
                         part->blob.digest.hex, diff_id.hex, part->blob.diff_id.hex);
    return slip_snapshot_commit(&draft, id, err);
}

static int unpack(struct slip_builder *b, const struct slip_part *part, const char *id,
                  struct slip_error *err)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_freep) char *name = slip_xasprintf("unpack %s", id);
    slip_cleanup(slip_closep) int alone = slip_store_lock_name(b->store, name, err);

    if (alone < 0)
        return -1;
    if (slip_snapshot_has(b->store, id)) /* by somebody else, meanwhile */
        return 0;
    bool arrives = slip_blob_has(b->store, &part->blob.digest, &ignored) == 0;
    if (unpack_once(b, part, id, err) == 0)
        return 0;
    /* A download that went wrong half-way and was begun anew has handed on bytes that were not the
     * layer's; those of the store are. */
    if (!arrives || slip_blob_has(b->store, &part->blob.digest, &ignored) != 1)
        return -1;
    slip_error_release(err);
    return unpack_once(b, part, id, err);
}

/* Stages that stand on the same base come here at the same time. */
static bool has_directory(struct slip_builder *b, const struct slip_part *part)
{
    pthread_mutex_lock(&b->mutex);
    bool has = part->snapshot[0];
    pthread_mutex_unlock(&b->mutex);
    return has;
}

static int make_directory(struct slip_builder *b, struct slip_part *part, struct slip_error *err)
{
    char id[65];

    if (has_directory(b, part))
        return 0;
    unpacked_id(b, part, id);
    if (!slip_snapshot_has(b->store, id) && unpack(b, part, id, err) < 0)
        return -1;
    pthread_mutex_lock(&b->mutex);
    memcpy(part->snapshot, id, sizeof id);
    pthread_mutex_unlock(&b->mutex);
    return 0;
}

int slip_part_open(struct slip_builder *b, struct slip_part *part, struct slip_error *err)
{
    return make_directory(b, part, err) < 0 ? -1
                                            : slip_snapshot_open(b->store, part->snapshot, err);
}

struct unpacking {
    struct slip_builder *b;
    struct slip_part *parts;
};

static int unpack_one(void *user, size_t i, struct slip_error *err)
{
    struct unpacking *u = user;

    return make_directory(u->b, &u->parts[i], err);
}

int slip_parts_unpack(struct slip_builder *b, struct slip_part *parts, size_t n,
                      struct slip_error *err)
{
    struct unpacking u = { b, parts };
    bool all = true;

    for (size_t i = 0; i < n; i++)
        all = all && has_directory(b, &parts[i]);
    return all ? 0 : slip_side_by_side(n, unpack_one, &u, err);
}

static void push_fd(struct slip_stack *stack, int fd)
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
    push_fd(stack, fd);
    return 0;
}

/* overlayfs refuses a layer that lies inside another. An install step that wrote beneath DESTDIR
 * and elsewhere too has its DESTDIR copied; most wrote to one of them only. */
static int push_installed(struct slip_builder *b, struct slip_node *node, struct slip_stack *stack,
                          struct slip_error *err)
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
        push_fd(stack, staged);
    if (staged < 0 || names.n > 1)
        push_fd(stack, SLIP_TAKE_FD(fs));
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
        if (install && push_installed(b, node, ret, err) < 0)
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
