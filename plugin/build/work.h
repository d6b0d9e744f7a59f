/* work.h - one step's directories while it runs: the stack below, mounted with a fresh upper that
 * becomes the step's snapshot. Depends on: exec/rootfs, store/snapshot.
 */
#pragma once

#include "build/builder.h"
#include "exec/rootfs.h"
#include "store/snapshot.h"

struct slip_work {
    struct slip_stack stack;
    struct slip_snapshot draft;
    int scratch; /* owned; on the file system of the draft */
};

#define SLIP_WORK_INIT ((struct slip_work){ .draft = SLIP_SNAPSHOT_INIT, .scratch = -1 })

int slip_work_begin(struct slip_work *work, struct slip_builder *b, const struct slip_step *below,
                    struct slip_error *err);
struct slip_rootfs slip_work_rootfs(const struct slip_work *work);
/* Publishes what was written as the node's part; nothing written means no part. With `host`,
 * nothing in it is special. */
int slip_work_publish(struct slip_work *work, struct slip_builder *b, struct slip_node *node,
                      struct slip_error *err);
/* The same for a step that failed: kept to be looked at, never to be found by a later build. */
int slip_work_publish_failed(struct slip_work *work, struct slip_builder *b, struct slip_node *node,
                             struct slip_error *err);
void slip_work_release(struct slip_work *work);
