/* stage.h - everything a sandbox mounts, made ready by the launcher.
 *
 * An overlay can be mounted only from directories of the mount namespace that mounts it, so the
 * launcher mounts root and overlays in its own (scratch) and hands detached copies of the trees to
 * the sandbox. The stub layer gets the mount points; where a link of the image leads a mount
 * point elsewhere (/etc/resolv.conf to /run/systemd/...), the root is mounted a second time with a
 * stub in that place. Depends on: exec/stack, exec/mounts, util/.
 */
#pragma once

#include "exec/mounts.h"
#include "exec/rootfs.h"
#include "exec/sandbox.h"

struct slip_stage {
    struct slip_mounted mounted;
    int root; /* owned: detached tree */
    struct slip_piece *pieces;
    size_t npieces, cap;
};

#define SLIP_STAGE_INIT ((struct slip_stage){ .mounted = SLIP_MOUNTED_INIT, .root = -1 })

int slip_stage_open(struct slip_stage *stage, const struct slip_sandbox *spec,
                    struct slip_error *err);
/* The trees, which are the sandbox's by now. */
void slip_stage_close_trees(struct slip_stage *stage);
void slip_stage_release(struct slip_stage *stage);
