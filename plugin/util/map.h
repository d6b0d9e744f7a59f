/* map.h - strings to pointers, remembered in the order they came.
 * Keys are copied, values are borrowed. Depends on: util/mem.
 */
#pragma once

#include <stddef.h>

struct slip_map {
    struct slip_map_entry {
        char *key; /* owned */
        void *value;
    } * entries; /* in insertion order: iterate 0..n-1 */
    size_t n, cap;
    size_t *slots; /* owned; index + 1, 0 for free */
    size_t nslots;
};

#define SLIP_MAP_INIT ((struct slip_map){ 0 })

/* Sets or replaces. */
void slip_map_set(struct slip_map *map, const char *key, void *value);
/* NULL when absent. */
void *slip_map_get(const struct slip_map *map, const char *key);
void slip_map_release(struct slip_map *map);
