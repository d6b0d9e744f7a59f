#include "build/builder.h"

#include <fcntl.h>

#include "build/work.h"
#include "exec/passwd.h"
#include "layer/owner.h"
#include "util/mem.h"
#include "util/root.h"

int slip_op_workdir(struct slip_builder *b, struct slip_node *node, struct slip_error *err)
{
    const struct slip_workdir *op = &node->step->workdir;
    slip_cleanup(slip_work_release) struct slip_work work = SLIP_WORK_INIT;
    slip_cleanup(slip_mounted_release) struct slip_mounted mounted = SLIP_MOUNTED_INIT;
    slip_cleanup(slip_identity_release) struct slip_identity owner = { 0 };

    if (slip_work_begin(&work, b, node->step->parent, err) < 0)
        return -1;
    const struct slip_rootfs rootfs = slip_work_rootfs(&work);
    if (slip_rootfs_mount(&rootfs, &mounted, err) < 0)
        return -1;
    if (slip_identity_find(mounted.root, op->user, &owner, err) < 0)
        slip_error_release(err); /* root's then, as BuildKit has it; a RUN will complain */
    const struct slip_new_dir dir = {
        .uid = owner.uid,
        .gid = owner.gid,
        .mtime = b->options->epoch,
        .own = b->tier == SLIP_TIER_SINGLE ? slip_owner_give : NULL,
    };
    /* Where links lead to nothing, the directory is made there. */
    slip_cleanup(slip_freep) char *path = slip_follow_in_root(mounted.root, op->path);
    if (!path)
        return slip_fail_errno(err, "cannot follow the links of '%s'", op->path);
    slip_cleanup(slip_closep) int made = slip_mkdirs_in_root(mounted.root, path, &dir, err);
    if (made < 0)
        return -1;
    slip_mounted_release(&mounted);
    memcpy(node->identity, node->def, sizeof node->identity);
    return slip_work_publish(&work, b, node, err);
}
