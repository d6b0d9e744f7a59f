/* prune.h - removal from the store, files of subordinate ids included. */
#pragma once

#include "store/gc.h"

/* Enters a tier and opens the store from there: once in a process, before any thread. */
int slip_store_enter(struct slip_store *store, const char *tier, struct slip_error *err);
/* slip_store_gc() (see there) in an entered tier: files of builds belong to ids that only exist
 * there. */
int slip_prune(struct slip_store *store, const struct slip_gc_options *options, const char *tier,
               struct slip_gc_result *ret, struct slip_error *err);
