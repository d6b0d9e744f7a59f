#include "build/waste.h"

#include <string.h>
#include <sys/stat.h>

#include "util/mem.h"

static int by_content(const void *a, const void *b)
{
    const struct slip_listed *l = *(const struct slip_listed *const *)a;
    const struct slip_listed *r = *(const struct slip_listed *const *)b;
    int rc = strcmp(l->content, r->content);

    return rc ? rc : strcmp(l->path, r->path);
}

static int by_bytes(const void *a, const void *b)
{
    const struct slip_twins *l = a, *r = b;

    if (l->bytes != r->bytes)
        return l->bytes < r->bytes ? 1 : -1;
    return strcmp(l->files[0]->path, r->files[0]->path);
}

void slip_waste_find(const struct slip_contents *c, struct slip_waste *ret)
{
    size_t n = 0;

    ret->list = slip_xcalloc(c->seen.n + 1, sizeof *ret->list);
    for (size_t i = 0; i < c->seen.n; i++)
        if (S_ISREG(c->seen.files[i]->mode) && c->seen.files[i]->size)
            ret->list[n++] = c->seen.files[i];
    qsort(ret->list, n, sizeof *ret->list, by_content);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && strcmp(ret->list[end]->content, ret->list[i]->content) == 0;)
            end++;
        if (end == i + 1)
            continue;
        ret->twins = slip_xgrow(ret->twins, ret->ntwins, &ret->cap, sizeof *ret->twins);
        uint64_t bytes = ret->list[i]->size * (end - i - 1);
        ret->twins[ret->ntwins++] = (struct slip_twins){ &ret->list[i], end - i, bytes };
        ret->twin_bytes += bytes;
    }
    if (ret->ntwins)
        qsort(ret->twins, ret->ntwins, sizeof *ret->twins, by_bytes);
}

void slip_waste_release(struct slip_waste *waste)
{
    free(waste->list);
    free(waste->twins);
    *waste = SLIP_WASTE_INIT;
}

uint64_t slip_waste_of_layer(const struct slip_contents *c, size_t layer)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < c->seen.nhidden; i++)
        bytes += c->seen.hidden[i].file->layer == layer ? c->seen.hidden[i].file->size : 0;
    return bytes;
}

double slip_waste_efficiency(const struct slip_contents *c)
{
    return c->bytes ? 100.0 * (double)slip_contents_seen_bytes(c) / (double)c->bytes : 100.0;
}
