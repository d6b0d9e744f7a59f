/* step_mounts.h - what the mounts of a RUN hold open while its command runs.
 *
 * Directories of inputs, caches with their locks, secrets, sockets: made ready for the sandbox in
 * the order of the Dockerfile, and given back when the command has ended. What has to be made on
 * disk for it lies in the step's work directory and goes with that.
 * Life: { 0 }; open; (run); settle when a command ran, well or not; release. Twice is fine.
 * Depends on: build/keep, build/mask, build/relay, build/secret, build/view, exec/sandbox.
 */
#pragma once

#include "build/builder.h"
#include "exec/sandbox.h"

struct slip_step_mounts {
    struct slip_builder *b;
    const struct slip_step *step;
    int dir;                      /* borrowed: the work directory */
    struct held *held;            /* owned: one per mount of the step */
    struct slip_sandbox_mount *v; /* owned: for the sandbox */
    size_t n;
    struct slip_strv env; /* owned: secrets that are variables */
};

int slip_step_mounts_open(struct slip_step_mounts *mounts, struct slip_builder *b,
                          const struct slip_step *step, int dir, struct slip_error *err);
/* Build directories remember what they were made from. */
int slip_step_mounts_settle(struct slip_step_mounts *mounts, struct slip_error *err);
void slip_step_mounts_release(struct slip_step_mounts *mounts);
