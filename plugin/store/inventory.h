/* inventory.h - everything in the store, when it was used, and what leads to what.
 * Only for removal in this room (gc.c). Depends on: util/, store/gc.h.
 */
#pragma once

#include <time.h>

#include "store/gc.h"
#include "util/map.h"

struct slip_unit {
    enum slip_gc_kind kind;
    int dir;    /* borrowed: fd of the directory it lies in */
    char *name; /* owned; in `dir`; of a record "xx/<key>" */
    struct timespec used;
    uint64_t bytes; /* of what slip_unit_bytes() has measured */
    bool measured, kept;
    signed char document; /* of a blob: 1 JSON that may lead to others, 0 not, -1 not looked at */
};

struct slip_inventory {
    struct slip_store *store;
    struct slip_unit **units; /* owned; the least recently used first */
    size_t n, cap;
    struct slip_map by_key;  /* "<kind letter><id>" to struct slip_unit * */
    struct slip_unit **kept; /* owned; in the order in which they were marked */
    size_t nkept, kept_cap;
    int scans; /* owned fd, or -1 */
};

#define SLIP_INVENTORY_INIT ((struct slip_inventory){ .scans = -1 })

int slip_inventory_take(struct slip_inventory *inv, struct slip_store *store,
                        struct slip_error *err);
void slip_inventory_release(struct slip_inventory *inv);

/* Keeps a unit and all that it leads to. */
void slip_inventory_mark(struct slip_inventory *inv, struct slip_unit *unit);
/* Lets go again of what was marked after the first `n`. */
void slip_inventory_unmark(struct slip_inventory *inv, size_t n);
/* Allocated on disk, what is below it included; measured once. */
uint64_t slip_unit_bytes(struct slip_unit *unit);
/* Names, records and blobs that are documents: others are found through them. */
bool slip_unit_leads(struct slip_unit *unit);
