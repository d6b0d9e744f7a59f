#include "build/prune.h"

#include "exec/tier.h"

int slip_prune(struct slip_store *store, const struct slip_gc_options *options, const char *tier,
               struct slip_gc_result *ret, struct slip_error *err)
{
    enum slip_tier entered;

    if (slip_tier_enter(tier, &entered, NULL, err) < 0 || slip_store_reopen(store, err) < 0)
        return -1;
    return slip_store_gc(store, options, ret, err);
}
