/* collect.h - the command of a stage that collects what COPY --installed would take.
 * Private to engine/. Depends on: dockerfile/.
 */
#pragma once

#include "dockerfile/ast.h"

#define SLIP_COLLECT_IMAGE "/slipway-image"    /* where it lays the files */
#define SLIP_COLLECT_MARK "/slipway-installed" /* older than what the install step writes */
#define SLIP_COLLECT_BASE "/slipway-base"      /* where the image below is mounted */

/* The script on one line, behind the variables that `copy`, a COPY --installed, sets. `user` is the
 * name for the runtime's user, or NULL; `on_base`: something is mounted at SLIP_COLLECT_BASE. */
void slip_collect_command(const char *script, const struct slip_instruction *copy, const char *user,
                          bool on_base, struct slip_buf *out);
