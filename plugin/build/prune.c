#include "build/prune.h"

#include "exec/tier.h"

int slip_store_enter(struct slip_store *store, const char *tier, struct slip_error *err)
{
    enum slip_tier entered;

    return slip_tier_enter(tier, &entered, NULL, err) < 0 ? -1 : slip_store_reopen(store, err);
}

int slip_prune(struct slip_store *store, const struct slip_gc_options *options, const char *tier,
               struct slip_gc_result *ret, struct slip_error *err)
{
    return slip_store_enter(store, tier, err) < 0 ? -1 : slip_store_gc(store, options, ret, err);
}
