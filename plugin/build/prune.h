/* prune.h - empties the store, files of subordinate ids included. */
#pragma once

#include "store/store.h"
#include "util/error.h"

/* Removes everything but the store itself. SLIP_EHOST when a build uses it. Enters a tier: files of
 * builds belong to ids that only exist there. */
int slip_prune_all(struct slip_store *store, const char *tier, struct slip_error *err);
