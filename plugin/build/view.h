/* view.h - a root file system to look at: a step's, a stage's, an image's; read-only, or with
 * writes that are thrown away.
 * Life: open (by step or by input) or fill the stack by hand and mount; release. Twice is fine.
 * Depends on: build/work, exec/rootfs.
 */
#pragma once

#include "build/work.h"

struct slip_view {
    struct slip_stack stack;
    int upper; /* borrowed: takes what is written, and must have its directories' owners; -1:
                  nothing can be written */
    struct slip_work work; /* only its directories are used */
    struct slip_mounted mounted;
};

#define SLIP_VIEW_INIT \
    ((struct slip_view){ .upper = -1, .work = SLIP_WORK_INIT, .mounted = SLIP_MOUNTED_INIT })

/* Mounts what is in the stack; an empty stack of no host stays unmounted, with mounted.root -1. */
int slip_view_mount(struct slip_view *view, struct slip_builder *b, struct slip_error *err);
/* What stands after a step (NULL: nothing). */
int slip_view_of_step(struct slip_view *view, struct slip_builder *b, const struct slip_step *step,
                      struct slip_error *err);
/* What a --from or a mount names. */
int slip_view_of_input(struct slip_view *view, struct slip_builder *b,
                       const struct slip_input *input, struct slip_error *err);
void slip_view_release(struct slip_view *view);
