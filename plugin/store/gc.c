#include "store/gc.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "store/inventory.h"
#include "store/transient.h"
#include "store/use.h"
#include "util/fs.h"
#include "util/mem.h"

/* Names keep what they lead to; so does what is in use. */
static void mark_needed(struct slip_inventory *inv, const struct timespec *horizon, bool names)
{
    for (size_t i = 0; i < inv->n; i++) {
        struct slip_unit *unit = inv->units[i];
        if ((names && unit->kind == SLIP_GC_NAME) || slip_time_compare(&unit->used, horizon) >= 0)
            slip_inventory_mark(inv, unit);
    }
}

static uint64_t kept_bytes(struct slip_inventory *inv, size_t from)
{
    uint64_t total = 0;

    for (size_t i = from; i < inv->nkept; i++)
        total += slip_unit_bytes(inv->kept[i]);
    return total;
}

/* From the latest back, as long as there is room. Names are no cache. */
static void mark_cache(struct slip_inventory *inv, const struct slip_gc_options *o)
{
    bool limited = o->keep_bytes != SLIP_KEEP_ALL;
    uint64_t total = limited ? kept_bytes(inv, 0) : 0;
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    for (size_t i = inv->n; i-- > 0;) {
        struct slip_unit *unit = inv->units[i];
        size_t had = inv->nkept;
        if (unit->kind == SLIP_GC_NAME || unit->kept)
            continue;
        if (o->keep_seconds >= 0 && unit->used.tv_sec < now.tv_sec - o->keep_seconds)
            return; /* the rest is older still */
        slip_inventory_mark(inv, unit);
        total += limited ? kept_bytes(inv, had) : 0;
        if (limited && total > o->keep_bytes) {
            slip_inventory_unmark(inv, had);
            return;
        }
    }
}

struct sweep {
    struct slip_store *store;
    struct slip_inventory *inv;
    struct timespec horizon;
    int trash; /* fd of a directory of ours in run/, or -1: the disk is full */
    struct slip_gc_result *result;
    unsigned stuck;
};

static void count(struct sweep *s, struct slip_unit *unit)
{
    s->result->removed[unit->kind].n++;
    s->result->removed[unit->kind].bytes += slip_unit_bytes(unit);
}

static bool in_use(const struct sweep *s, const struct slip_unit *unit)
{
    struct stat st;

    return fstatat(unit->dir, unit->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           slip_time_compare(&st.st_mtim, &s->horizon) >= 0;
}

/* All that leads to others goes at one time, so that whoever comes finds either it and all behind
 * it, or nothing. Somebody may have come since it was marked. */
static int sweep_leaders(struct sweep *s, struct slip_error *err)
{
    struct slip_inventory *inv = s->inv;

    for (size_t i = 0; i < inv->n; i++) /* what is slow, before */
        if (!inv->units[i]->kept && slip_unit_leads(inv->units[i]))
            (void)slip_unit_bytes(inv->units[i]);
    if (slip_use_lock(s->store, err) < 0)
        return -1;
    for (size_t i = 0; i < inv->n; i++)
        if (!inv->units[i]->kept && slip_unit_leads(inv->units[i]) && in_use(s, inv->units[i]))
            slip_inventory_mark(inv, inv->units[i]);
    for (size_t i = 0; i < inv->n; i++) {
        struct slip_unit *unit = inv->units[i];
        if (unit->kept || !slip_unit_leads(unit))
            continue;
        if (unlinkat(unit->dir, unit->name, 0) == 0)
            count(s, unit);
        else if (errno != ENOENT)
            s->stuck++;
    }
    slip_use_unlock(s->store);
    return 0;
}

/* 1: out of its place, where nobody can begin to use it. 0: in use, or gone. -1. */
static int take_away(struct sweep *s, const struct slip_unit *unit, const char *aside)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    struct stat st;
    int rc = 0;

    if (slip_use_lock(s->store, &ignored) < 0)
        return -1;
    if (!in_use(s, unit) && fstatat(unit->dir, unit->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        if (!S_ISDIR(st.st_mode))
            rc = unlinkat(unit->dir, unit->name, 0);
        else if (s->trash < 0)
            rc = slip_remove_tree(unit->dir, unit->name, &ignored);
        else
            rc = renameat(unit->dir, unit->name, s->trash, aside);
        rc = rc < 0 ? -1 : 1;
    }
    slip_use_unlock(s->store);
    return rc;
}

static void sweep_others(struct sweep *s)
{
    for (size_t i = 0; i < s->inv->n; i++) {
        slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
        struct slip_unit *unit = s->inv->units[i];
        char aside[SLIP_TRANSIENT_NAME];
        if (unit->kept || slip_unit_leads(unit))
            continue;
        (void)slip_unit_bytes(unit); /* while it is there */
        slip_transient_name(aside);
        int taken = take_away(s, unit, aside);
        if (taken > 0 && s->trash >= 0 && slip_remove_tree(s->trash, aside, &ignored) < 0)
            taken = -1;
        if (taken > 0)
            count(s, unit);
        s->stuck += taken < 0;
    }
}

static int sweep(struct sweep *s, struct slip_error *err)
{
    slip_cleanup(slip_error_release) struct slip_error full = SLIP_ERROR_INIT;
    char name[SLIP_TRANSIENT_NAME];

    slip_transient_sweep(s->store->run);
    slip_transient_sweep(s->store->ingest);
    slip_transient_sweep(s->store->locks);
    s->trash = slip_transient_dir(s->store->run, name, &full);
    int rc = sweep_leaders(s, err);
    if (rc == 0)
        sweep_others(s);
    if (s->trash >= 0) {
        (void)slip_remove_tree(s->store->run, name, &full);
        (void)close(s->trash);
    }
    if (rc == 0 && s->stuck) {
        slip_fail(err, SLIP_ESYSTEM, "%u things in store '%s' cannot be removed", s->stuck,
                  s->store->path);
        return slip_error_hint(err, "they may belong to ids of another kind of build: see "
                                    "SLIPWAY_TIER in slipway(1)");
    }
    return rc;
}

int slip_store_gc(struct slip_store *store, const struct slip_gc_options *options,
                  struct slip_gc_result *ret, struct slip_error *err)
{
    slip_cleanup(slip_inventory_release) struct slip_inventory inv = SLIP_INVENTORY_INIT;
    struct sweep s = { .store = store, .inv = &inv, .trash = -1, .result = ret };

    *ret = (struct slip_gc_result){ 0 };
    if (slip_use_horizon(store, &s.horizon, err) < 0 || slip_inventory_take(&inv, store, err) < 0)
        return -1;
    mark_needed(&inv, &s.horizon, !options->all);
    if (!options->all)
        mark_cache(&inv, options);
    if (!options->dry_run)
        return sweep(&s, err);
    for (size_t i = 0; i < inv.n; i++)
        if (!inv.units[i]->kept)
            count(&s, inv.units[i]);
    return 0;
}

int slip_store_objects(struct slip_store *store,
                       void (*each)(void *user, const struct slip_gc_object *object), void *user,
                       struct slip_error *err)
{
    slip_cleanup(slip_inventory_release) struct slip_inventory inv = SLIP_INVENTORY_INIT;
    struct timespec horizon;

    if (slip_use_horizon(store, &horizon, err) < 0 || slip_inventory_take(&inv, store, err) < 0)
        return -1;
    mark_needed(&inv, &horizon, true);
    for (size_t i = 0; i < inv.n; i++) {
        struct slip_unit *unit = inv.units[i];
        each(user, &(struct slip_gc_object){ .kind = unit->kind,
                                             .name = unit->name,
                                             .bytes = slip_unit_bytes(unit),
                                             .used = unit->used.tv_sec,
                                             .needed = unit->kept });
    }
    return 0;
}
