/* engine.h - hands an image to the engine of this machine: docker, podman or nerdctl, the first
 * that is installed and answers. Nothing is sent when the engine holds this very image under all
 * of its names. Depends on: commands/output, util/proc.
 */
#pragma once

#include "commands/output.h"

/* `wanted` names an engine; NULL or "auto": any. SLIP_EHOST when there is none that answers, with
 * what it complains of. What people may want to know is appended to `said`. */
int slip_engine_load(struct slip_session *s, const char *wanted, const struct slip_digest *manifest,
                     const struct slip_strv *names, struct slip_buf *said, struct slip_error *err);
