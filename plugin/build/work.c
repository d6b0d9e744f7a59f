#include "build/work.h"

#include <fcntl.h>

#include "util/fs.h"
#include "util/mem.h"

int slip_work_begin(struct slip_work *work, struct slip_builder *b, const struct slip_step *below,
                    struct slip_error *err)
{
    if (below && slip_stack_open(b, below, &work->stack, err) < 0)
        return -1;
    if (slip_snapshot_begin(&work->draft, b->store, err) < 0)
        return -1;
    if (mkdirat(work->draft.dir, "scratch", 0700) < 0)
        return slip_fail_errno(err, "cannot create a work directory");
    work->scratch = openat(work->draft.dir, "scratch", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return work->scratch < 0 ? slip_fail_errno(err, "cannot open a work directory") : 0;
}

struct slip_rootfs slip_work_rootfs(const struct slip_work *work)
{
    return (struct slip_rootfs){
        .layers = work->stack.fds,
        .nlayers = work->stack.n,
        .upper = work->draft.fs,
        .scratch = work->scratch,
        .host = work->stack.host,
    };
}

/* What a step used beside its content (work directories, throw-away uppers) is not published. */
static int only_content(int dir, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    if (slip_list_dir(dir, ".", &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++)
        if (strcmp(names.v[i], "fs") != 0 && slip_remove_tree(dir, names.v[i], err) < 0)
            return -1;
    return 0;
}

static int publish(struct slip_work *work, struct slip_builder *b, struct slip_node *node,
                   bool failed, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;

    if (slip_list_dir(work->draft.fs, ".", &names, err) < 0)
        return -1;
    node->nparts = 0;
    if (names.n == 0)
        return 0;
    slip_closep(&work->scratch);
    work->scratch = -1;
    if (only_content(work->draft.dir, err) < 0)
        return -1;
    slip_sha256_field(&sha, failed ? "slipway failed 1" : "slipway snapshot 1");
    slip_sha256_field(&sha, node->def);
    slip_sha256_field(&sha, b->tier_name);
    if (failed ||
        slip_builder_skips_cache(b, node->step->stage)) /* a fresh one, whatever stands there */
        slip_sha256_field(&sha, b->store->session_name);
    node->parts[0] = (struct slip_part){ .has_blob = false };
    slip_key_finish(&sha, node->parts[0].snapshot);
    node->nparts = 1;
    return slip_snapshot_commit(&work->draft, node->parts[0].snapshot, err);
}

int slip_work_publish(struct slip_work *work, struct slip_builder *b, struct slip_node *node,
                      struct slip_error *err)
{
    return publish(work, b, node, false, err);
}

int slip_work_publish_failed(struct slip_work *work, struct slip_builder *b, struct slip_node *node,
                             struct slip_error *err)
{
    return publish(work, b, node, true, err);
}

void slip_work_release(struct slip_work *work)
{
    slip_stack_release(&work->stack);
    slip_closep(&work->scratch);
    slip_snapshot_release(&work->draft);
    *work = SLIP_WORK_INIT;
}
