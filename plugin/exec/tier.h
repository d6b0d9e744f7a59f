/* tier.h - with which privileges this process can build, found out once and then entered.
 *
 *   root    real root: no user namespace
 *   range   a user namespace with one own id and the subordinate ids of /etc/subuid, /etc/subgid,
 *           mapped by newuidmap and newgidmap
 *   single  a user namespace with one id; ownership is emulated (exec/emulate.h)
 *
 * Entering also gives the process a mount namespace of its own, so that nothing it mounts is seen
 * outside or outlives it. It must happen while the process has one thread, before anything is
 * opened in the store that belongs to other ids; and directories that are to be mounted (layers,
 * upper, scratch, bind sources) must be opened afterwards, because a mount cannot be made from an
 * fd of another mount namespace. Afterwards getuid() is 0 in every tier.
 *
 * A process that is root inside somebody else's user namespace counts as what it has: range with
 * 65536 ids or more, single with fewer. Depends on: util/. Used by: build/.
 */
#pragma once

#include "util/error.h"
#include "util/events.h"

enum slip_tier { SLIP_TIER_ROOT, SLIP_TIER_RANGE, SLIP_TIER_SINGLE };

const char *slip_tier_name(enum slip_tier tier); /* "root", "range", "single" */

/* Enters the best tier, or the one named by `want` (NULL: best; SLIPWAY_TIER of the environment is
 * read by commands/). Twice is fine: the second call answers what the first found. A note with the
 * tier and the reason goes to `events`. SLIP_EHOST with a hint that names the remedy (sysctl,
 * AppArmor profile, package uidmap) when this host gives none. */
int slip_tier_enter(const char *want, enum slip_tier *ret, struct slip_events *events,
                    struct slip_error *err);

/* 1 and *ret (which may be NULL) after slip_tier_enter(), else 0. */
int slip_tier_entered(enum slip_tier *ret);

/* One line per fact for `slipway doctor`: calls `say(user, ok, what, detail, fix)`. */
typedef void slip_doctor_fn(void *user, int ok, const char *what, const char *detail,
                            const char *fix);
void slip_tier_doctor(slip_doctor_fn *say, void *user);
