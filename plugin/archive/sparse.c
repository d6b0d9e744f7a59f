#include "archive/sparse.h"

#include <string.h>

#include "util/mem.h"
#include "util/str.h"

#define MAX_SIZE ((uint64_t)1 << 53)

static int fail_map(struct slip_error *err)
{
    return slip_fail(err, SLIP_EINPUT, "the map of a sparse file is none");
}

static int fail_many(struct slip_error *err)
{
    return slip_fail(err, SLIP_EINPUT, "a sparse file has more than %u pieces", SLIP_SPARSE_PIECES);
}

int slip_sparse_add(struct slip_sparse *map, uint64_t at, uint64_t len, struct slip_error *err)
{
    const struct slip_piece *last = map->n ? &map->pieces[map->n - 1] : NULL;

    if (map->n == SLIP_SPARSE_PIECES)
        return fail_many(err);
    if (at > MAX_SIZE || len > MAX_SIZE || (last && at < last->at + last->len))
        return fail_map(err);
    map->pieces = slip_xgrow(map->pieces, map->n, &map->cap, sizeof *map->pieces);
    map->pieces[map->n++] = (struct slip_piece){ at, len };
    map->stored += len;
    return 0;
}

/* A decimal number before a comma or the end; *at goes behind both. */
static int take_number(const char **at, uint64_t *ret, struct slip_error *err)
{
    size_t n = strcspn(*at, ",");
    slip_cleanup(slip_freep) char *text = slip_xstrndup(*at, n);

    if (slip_parse_uint(text, MAX_SIZE, ret) < 0)
        return fail_map(err);
    *at += n + ((*at)[n] == ',');
    return 0;
}

int slip_sparse_add_list(struct slip_sparse *map, const char *list, struct slip_error *err)
{
    uint64_t at, len;

    while (*list)
        if (take_number(&list, &at, err) < 0 || take_number(&list, &len, err) < 0 ||
            slip_sparse_add(map, at, len, err) < 0)
            return -1;
    return 0;
}

/* What a number of the text is: the count, then offsets and lengths in turn. */
static int add_number(struct slip_sparse *map, struct slip_sparse_text *text,
                      struct slip_error *err)
{
    uint64_t value = SLIP_TAKE(text->value, 0), nth = text->seen++;

    if (nth == 0)
        text->count = value;
    else if (nth % 2)
        text->at = value;
    else
        return slip_sparse_add(map, text->at, value, err);
    return text->count > SLIP_SPARSE_PIECES ? fail_many(err) : 0;
}

int slip_sparse_add_text(struct slip_sparse *map, struct slip_sparse_text *text, const char *block,
                         size_t n, struct slip_error *err)
{
    for (size_t i = 0; i < n && (!text->seen || text->seen <= 2 * text->count); i++) {
        bool digit = block[i] >= '0' && block[i] <= '9';
        if (digit ? text->value > MAX_SIZE : block[i] != '\n' || !text->digits)
            return fail_map(err);
        if (digit)
            text->value = text->value * 10 + (uint64_t)(block[i] - '0');
        else if (add_number(map, text, err) < 0)
            return -1;
        text->digits = digit;
    }
    return text->seen > 2 * text->count;
}

int slip_sparse_begin(struct slip_sparse *map, uint64_t size, uint64_t stored,
                      struct slip_error *err)
{
    const struct slip_piece *last = map->n ? &map->pieces[map->n - 1] : NULL;

    if (map->stored != stored || (last && last->at + last->len > size))
        return fail_map(err);
    map->size = size;
    map->where = map->in_piece = 0;
    map->next = 0;
    return 0;
}

uint64_t slip_sparse_hole(struct slip_sparse *map)
{
    while (!map->in_piece && map->where < map->size) {
        bool more = map->next < map->n;
        uint64_t until = more ? map->pieces[map->next].at : map->size, n = until - map->where;
        if (more)
            map->in_piece = map->pieces[map->next++].len;
        map->where = until;
        if (n)
            return n;
    }
    return 0;
}

uint64_t slip_sparse_left(const struct slip_sparse *map)
{
    return map->in_piece;
}

void slip_sparse_take(struct slip_sparse *map, uint64_t n)
{
    map->in_piece -= n;
    map->where += n;
}

void slip_sparse_clear(struct slip_sparse *map)
{
    map->n = 0;
    map->stored = 0;
}

void slip_sparse_release(struct slip_sparse *map)
{
    free(map->pieces);
    *map = SLIP_SPARSE_INIT;
}
