/* caps.h - which capabilities are left to whom: eleven for the command, few for our PID 1.
 * Depends on: libcap.
 */
#pragma once

#include <stdbool.h>

/* All return 0, or -1 with errno. */

/* Takes all but the command's capabilities out of the bounding set, for good. Needs SETPCAP. */
int slip_caps_bound(void);
/* The command's own sets, full for uid 0, else empty; to be called after the ids were set. */
int slip_caps_command(bool root);
/* What supervising needs: kill, and for the emulation of ownership what opens other processes'
 * memory and files. */
int slip_caps_init(bool emulating);
