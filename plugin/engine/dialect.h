/* dialect.h - what a dialect cannot say is said another way, or refused.
 * Private to engine/. Depends on: dockerfile/.
 */
#pragma once

#include "engine/eject.h"

/* Changes the instructions in place; they are the caller's own. */
int slip_dialect_apply(enum slip_dialect dialect, struct slip_dockerfile *ast,
                       struct slip_error *err);
