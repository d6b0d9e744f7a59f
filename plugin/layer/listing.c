#include "layer/listing.h"

#include <string.h>
#include <sys/stat.h>

#include "archive/untar.h"
#include "util/digest.h"
#include "util/fs.h"
#include "util/map.h"
#include "util/mem.h"
#include "util/str.h"

#define ENTRY_LIMIT ((size_t)2000000)

static void listed_release(struct slip_listed *e)
{
    free(e->path);
    free(e->text);
    free(e->link);
}

int slip_listed_by_size(const void *a, const void *b)
{
    const struct slip_listed *l = *(const struct slip_listed *const *)a;
    const struct slip_listed *r = *(const struct slip_listed *const *)b;

    if (l->size != r->size)
        return l->size < r->size ? 1 : -1;
    return strcmp(l->path, r->path);
}

void slip_listing_release(struct slip_listing *listing)
{
    for (size_t i = 0; i < listing->n; i++)
        listed_release(&listing->v[i]);
    free(listing->v);
    *listing = SLIP_LISTING_INIT;
}

/* Without "./" and slashes at either end; "" is the root. NULL for a name that leaves it. */
static char *clean_name(const char *name)
{
    for (const char *p = name; *p; p += strcspn(p, "/"), p += strspn(p, "/"))
        if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || !p[2]))
            return NULL;
    slip_cleanup(slip_freep) char *clean = slip_path_clean(name + strspn(name, "/"));
    return slip_xstrdup(strcmp(clean, ".") == 0 ? "" : clean);
}

/* ".wh.x" removes x; ".wh..wh..opq" hides all that is below its directory (OCI layer.md). */
static void read_whiteout(struct slip_listed *e)
{
    char *base = strrchr(e->path, '/') ? strrchr(e->path, '/') + 1 : e->path;

    if (!slip_starts_with(base, ".wh."))
        return;
    e->whiteout = true;
    if (strcmp(base, ".wh..wh..opq") == 0) {
        e->opaque = true;
        *(base > e->path ? base - 1 : base) = '\0';
    } else {
        memmove(base, base + 4, strlen(base + 4) + 1);
    }
}

static bool is_kept(const struct slip_listed *e, const char *const *keep)
{
    for (; keep && *keep && e->size <= SLIP_LISTING_TEXT_LIMIT; keep++)
        if (slip_ends_with(*keep, "/") ? slip_starts_with(e->path, *keep)
                                       : strcmp(e->path, *keep) == 0)
            return true;
    return false;
}

static int read_body(struct slip_untar *untar, struct slip_listed *e, bool keep,
                     struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    static const char zeros[4096];
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;
    struct slip_digest digest;
    const char *p;
    size_t n;
    int more;

    while ((more = slip_untar_data(untar, &p, &n, err)) > 0)
        for (size_t at = 0; at < n;) { /* a hole has no bytes of its own */
            size_t piece = p || n - at < sizeof zeros ? n - at : sizeof zeros;
            slip_sha256_update(&sha, p ? p + at : zeros, piece);
            if (keep)
                slip_buf_put(&text, p ? p + at : zeros, piece);
            at += piece;
        }
    slip_sha256_finish(&sha, &digest);
    memcpy(e->content, digest.hex, sizeof e->content);
    e->text = keep ? slip_buf_take(&text) : NULL;
    return more;
}

struct reading {
    struct slip_untar *untar;
    unsigned layer;
    const char *const *keep;
    struct slip_map names; /* of files, to their index and one */
};

static int add_entry(struct reading *r, const struct slip_tar_entry *entry,
                     struct slip_listing *ret, struct slip_error *err)
{
    char *path = clean_name(entry->path);

    if (!path)
        return slip_fail(err, SLIP_EINPUT, "the layer names '%s', which is outside of it",
                         entry->path);
    if (ret->n >= ENTRY_LIMIT) {
        free(path);
        return slip_fail(err, SLIP_EINPUT, "the layer has more than %zu entries", ENTRY_LIMIT);
    }
    ret->v = slip_xgrow(ret->v, ret->n, &ret->cap, sizeof *ret->v);
    struct slip_listed *e = &ret->v[ret->n++];
    *e = (struct slip_listed){
        .path = path,
        .mode = entry->mode,
        .uid = entry->uid,
        .gid = entry->gid,
        .layer = r->layer,
        .order = ret->n,
        .hardlink = entry->hardlink,
        .link = !entry->link      ? NULL
                : entry->hardlink ? clean_name(entry->link)
                                  : slip_xstrdup(entry->link),
    };
    for (size_t i = 0; i < entry->nxattrs; i++)
        e->caps |= strcmp(entry->xattrs[i].name, "security.capability") == 0;
    read_whiteout(e);
    if (e->hardlink) { /* it comes after the file it names */
        size_t at = e->link ? (uintptr_t)slip_map_get(&r->names, e->link) : 0;
        if (at)
            memcpy(e->content, ret->v[at - 1].content, sizeof e->content);
    } else if (S_ISREG(e->mode) && !e->whiteout) {
        e->size = entry->size;
        if (read_body(r->untar, e, is_kept(e, r->keep), err) < 0)
            return -1;
        slip_map_set(&r->names, e->path, (void *)(uintptr_t)ret->n);
    }
    return 0;
}

static int by_path(const void *a, const void *b)
{
    const struct slip_listed *l = a, *r = b;

    int rc = strcmp(l->path, r->path);
    if (rc || l->whiteout != r->whiteout)
        return rc ? rc : (int)r->whiteout - (int)l->whiteout;
    return l->order < r->order ? -1 : 1;
}

/* An archive may name a file twice: the last one counts. */
static void settle(struct slip_listing *listing)
{
    size_t kept = 0;

    if (listing->n)
        qsort(listing->v, listing->n, sizeof *listing->v, by_path);
    for (size_t i = 0; i < listing->n; i++) {
        struct slip_listed *e = &listing->v[i], *next = e + 1;
        bool again =
            i + 1 < listing->n && e->whiteout == next->whiteout && strcmp(e->path, next->path) == 0;
        if (again || (!*e->path && !e->whiteout)) {
            listed_release(e);
            continue;
        }
        listing->bytes += e->size;
        listing->v[kept++] = *e;
    }
    listing->n = kept;
}

static void reading_release(struct reading *r)
{
    slip_map_release(&r->names);
    slip_untar_free(r->untar);
}

int slip_listing_read(int fd, uint64_t limit, unsigned layer, const char *const *keep,
                      struct slip_listing *ret, struct slip_error *err)
{
    slip_cleanup(reading_release) struct reading r = {
        .untar = slip_untar_open(fd, limit, false, err),
        .layer = layer,
        .keep = keep,
        .names = SLIP_MAP_INIT,
    };
    struct slip_tar_entry entry;
    int more;

    if (!r.untar)
        return -1;
    while ((more = slip_untar_next(r.untar, &entry, err)) > 0)
        if (add_entry(&r, &entry, ret, err) < 0)
            return -1;
    if (more < 0)
        return -1;
    settle(ret);
    return slip_untar_drain(r.untar, ret->bytes, NULL, err);
}

static bool is_in(const struct slip_map *upper, const char *path, size_t len,
                  const struct slip_listed **ret)
{
    slip_cleanup(slip_freep) char *part = slip_xstrndup(path, len);

    *ret = slip_map_get(upper, part);
    return *ret != NULL;
}

/* Does a layer hide a file of those below? By removing it or a directory above it, by putting
 * something else there. */
static bool hides(const struct slip_map *removed, const struct slip_map *added, const char *path,
                  bool is_dir, bool *ret_removed)
{
    const struct slip_listed *e;
    size_t len = strlen(path);

    *ret_removed = false;
    if (is_in(added, path, len, &e))
        return true;
    *ret_removed = true;
    if (is_in(removed, path, len, &e) && (!e->opaque || !is_dir))
        return true;
    while (len > 0) {
        len--;
        if (path[len] != '/' && len > 0)
            continue;
        if (is_in(removed, path, len, &e) || (is_in(added, path, len, &e) && !S_ISDIR(e->mode)))
            return true;
    }
    return false;
}

static void hide(struct slip_seen *seen, const struct slip_listed *file, unsigned by, bool removed)
{
    if (file->size == 0)
        return;
    seen->hidden = slip_xgrow(seen->hidden, seen->nhidden, &seen->hidden_cap, sizeof *seen->hidden);
    seen->hidden[seen->nhidden++] = (struct slip_hidden){ file, by, removed };
    seen->hidden_bytes += file->size;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct slip_listed *const *)a)->path,
                  (*(const struct slip_listed *const *)b)->path);
}

static int by_size(const void *a, const void *b)
{
    const struct slip_hidden *l = a, *r = b;

    if (l->file->size != r->file->size)
        return l->file->size < r->file->size ? 1 : -1;
    int rc = strcmp(l->file->path, r->file->path);
    return rc ? rc : (int)l->file->layer - (int)r->file->layer;
}

static void put_layer(const struct slip_listing *layer, unsigned number, struct slip_seen *seen)
{
    slip_cleanup(slip_map_release) struct slip_map removed = SLIP_MAP_INIT, added = SLIP_MAP_INIT;
    size_t kept = 0;

    for (size_t i = 0; i < layer->n; i++)
        slip_map_set(layer->v[i].whiteout ? &removed : &added, layer->v[i].path, &layer->v[i]);
    for (size_t i = 0; i < seen->n; i++) {
        const struct slip_listed *e = seen->files[i];
        bool gone;
        if (hides(&removed, &added, e->path, S_ISDIR(e->mode), &gone))
            hide(seen, e, number, gone);
        else
            seen->files[kept++] = e;
    }
    seen->n = kept;
    for (size_t i = 0; i < layer->n; i++)
        if (!layer->v[i].whiteout)
            seen->files[seen->n++] = &layer->v[i];
    qsort(seen->files, seen->n, sizeof *seen->files, by_name);
}

void slip_listing_stack(const struct slip_listing *layers, size_t n, struct slip_seen *ret)
{
    size_t all = 0;

    for (size_t i = 0; i < n; i++)
        all += layers[i].n;
    ret->files = slip_xcalloc(all ? all : 1, sizeof *ret->files);
    for (size_t i = 0; i < n; i++)
        put_layer(&layers[i], (unsigned)i, ret);
    if (ret->nhidden)
        qsort(ret->hidden, ret->nhidden, sizeof *ret->hidden, by_size);
}

const struct slip_listed *slip_seen_find(const struct slip_seen *seen, const char *path)
{
    const struct slip_listed wanted = { .path = (char *)(uintptr_t)path }, *key = &wanted;
    const struct slip_listed **found =
        seen->n ? bsearch(&key, seen->files, seen->n, sizeof *seen->files, by_name) : NULL;

    return found ? *found : NULL;
}

void slip_seen_release(struct slip_seen *seen)
{
    free(seen->files);
    free(seen->hidden);
    *seen = SLIP_SEEN_INIT;
}
