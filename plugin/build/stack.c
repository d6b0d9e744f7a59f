/* stack.c - parts of a root file system as directories that overlayfs can stack. */
#include "build/builder.h"

#include <errno.h>
#include <fcntl.h>

#include "build/copytree.h"
#include "layer/apply.h"
#include "store/blob.h"
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

static int unpack(struct slip_builder *b, const struct slip_part *part, const char *id,
                  struct slip_error *err)
{
    slip_cleanup(slip_snapshot_release) struct slip_snapshot draft = SLIP_SNAPSHOT_INIT;
    const struct slip_apply_options options = {
        .overlay = true,
        .userxattr = b->tier != SLIP_TIER_ROOT,
        .emulated = b->tier == SLIP_TIER_SINGLE,
        .keep_times = true,
    };
    struct slip_digest diff_id;
    slip_cleanup(slip_closep) int blob = slip_blob_open(b->store, &part->blob.digest, NULL, err);

    if (blob < 0 || slip_snapshot_begin(&draft, b->store, err) < 0)
        return -1;
    if (slip_apply(blob, draft.fs, &options, &diff_id, err) < 0)
        return slip_error_context(err, "cannot unpack layer sha256:%.12s", part->blob.digest.hex);
    if (!slip_digest_equal(&diff_id, &part->blob.diff_id))
        return slip_fail(err, SLIP_EINTEGRITY,
                         "layer sha256:%.12s unpacks to sha256:%.12s, but its image says "
                         "sha256:%.12s",
                         part->blob.digest.hex, diff_id.hex, part->blob.diff_id.hex);
    return slip_snapshot_commit(&draft, id, err);
}

int slip_part_open(struct slip_builder *b, struct slip_part *part, struct slip_error *err)
{
    if (!part->snapshot[0]) {
        char id[65];
        unpacked_id(b, part, id);
        if (!slip_snapshot_has(b->store, id) && unpack(b, part, id, err) < 0)
            return -1;
        memcpy(part->snapshot, id, sizeof id);
    }
    return slip_snapshot_open(b->store, part->snapshot, err);
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
