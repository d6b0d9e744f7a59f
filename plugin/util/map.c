#include "util/map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

static uint64_t hash(const char *s)
{
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */

    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 0x100000001b3u;
    return h;
}

static size_t *slot_of(const struct slip_map *map, const char *key)
{
    size_t i = (size_t)hash(key) & (map->nslots - 1);

    while (map->slots[i] && strcmp(map->entries[map->slots[i] - 1].key, key) != 0)
        i = (i + 1) & (map->nslots - 1);
    return &map->slots[i];
}

static void widen(struct slip_map *map)
{
    free(map->slots);
    map->nslots = map->nslots ? map->nslots * 2 : 16;
    map->slots = slip_xcalloc(map->nslots, sizeof *map->slots);
    for (size_t i = 0; i < map->n; i++)
        *slot_of(map, map->entries[i].key) = i + 1;
}

void slip_map_set(struct slip_map *map, const char *key, void *value)
{
    if ((map->n + 1) * 4 > map->nslots * 3)
        widen(map);
    size_t *slot = slot_of(map, key);
    if (!*slot) {
        map->entries = slip_xgrow(map->entries, map->n, &map->cap, sizeof *map->entries);
        map->entries[map->n++] = (struct slip_map_entry){ .key = slip_xstrdup(key) };
        *slot = map->n;
    }
    map->entries[*slot - 1].value = value;
}

void *slip_map_get(const struct slip_map *map, const char *key)
{
    if (!map->n)
        return NULL;
    size_t slot = *slot_of(map, key);
    return slot ? map->entries[slot - 1].value : NULL;
}

void slip_map_release(struct slip_map *map)
{
    for (size_t i = 0; i < map->n; i++)
        free(map->entries[i].key);
    free(map->entries);
    free(map->slots);
    *map = SLIP_MAP_INIT;
}
