#include "registry/push.h"

#include <inttypes.h>

#include "image/descriptor.h"
#include "registry/fetch.h"
#include "registry/origin.h"
#include "registry/pull.h"
#include "registry/upload.h"
#include "util/mem.h"
#include "util/side.h"
#include "util/str.h"

struct item {
    struct slip_digest digest;
    uint64_t size;
    char *media_type; /* owned */
    bool is_document;
};

struct push {
    struct slip_upload up;
    const struct slip_reference *to;
    const struct slip_digest *root;
    struct item *items; /* owned; children before what refers to them, the root last */
    size_t n, cap;
    pthread_mutex_t mutex;
    struct slip_push_counts counts; /* behind mutex */
};

static bool is_document(const char *type)
{
    return strstr(type, "manifest") || strstr(type, "image.index");
}

static int collect(void *user, const struct slip_descriptor *d, struct slip_error *err)
{
    struct push *p = user;

    (void)err;
    p->items = slip_xgrow(p->items, p->n, &p->cap, sizeof *p->items);
    p->items[p->n++] = (struct item){
        .digest = d->digest,
        .size = d->size,
        .media_type = slip_xstrdup(d->media_type),
        .is_document = is_document(d->media_type),
    };
    return 0;
}

static void count(struct push *p, enum slip_sent how, uint64_t bytes)
{
    pthread_mutex_lock(&p->mutex);
    p->counts.present += how == SLIP_SENT_PRESENT;
    p->counts.mounted += how == SLIP_SENT_MOUNTED;
    p->counts.uploaded += how == SLIP_SENT_UPLOADED;
    p->counts.bytes += how == SLIP_SENT_UPLOADED ? bytes : 0;
    pthread_mutex_unlock(&p->mutex);
}

/* The layer of a base that was never needed here. */
static int fetch_missing(struct push *p, const struct item *item, const struct slip_strv *origins,
                         struct slip_error *err)
{
    struct slip_store *store = p->up.store;

    for (size_t i = 0; i < origins->n; i++) {
        slip_cleanup(slip_reference_release) struct slip_reference ref = SLIP_REFERENCE_INIT;
        slip_error_release(err);
        if (slip_reference_from(&ref, origins->v[i], err) == 0 &&
            slip_registry_fetch_blob(p->up.registry, &ref, &item->digest, item->size, store, -1,
                                     err) == 0)
            return 0;
    }
    if (err->code)
        return -1;
    slip_fail(err, SLIP_EINPUT, "the store has lost layer sha256:%.12s", item->digest.hex);
    return slip_error_hint(err, "pull or build the image anew");
}

static int push_blob(struct push *p, const struct item *item, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv origins = SLIP_STRV_INIT;
    enum slip_sent how;

    if (slip_origin_list(p->up.store, &item->digest, &origins, err) < 0)
        return -1;
    int rc = slip_upload_offer(&p->up, &item->digest, &origins, &how, err);
    if (rc == 0) {
        int held = slip_blob_has(p->up.store, &item->digest, err);
        if (held < 0 || (!held && fetch_missing(p, item, &origins, err) < 0) ||
            slip_upload_blob(&p->up, &item->digest, item->size, err) < 0)
            return -1;
        how = SLIP_SENT_UPLOADED;
    }
    if (rc < 0)
        return -1;
    count(p, how, item->size);
    slip_cleanup(slip_freep) char *repository =
        slip_xasprintf("%s/%s", p->to->registry, p->to->repository);
    return slip_origin_add(p->up.store, &item->digest, repository, err);
}

static int push_blob_at(void *user, size_t i, struct slip_error *err)
{
    struct push *p = user;

    return p->items[i].is_document ? 0 : push_blob(p, &p->items[i], err);
}

static int push_documents(struct push *p, struct slip_error *err)
{
    char name[72];

    for (size_t i = 0; i < p->n; i++) {
        const struct item *item = &p->items[i];
        bool is_root = i + 1 == p->n;
        if (!item->is_document)
            continue;
        const char *as = is_root && p->to->tag ? p->to->tag : slip_digest_name(&item->digest, name);
        if (slip_upload_manifest(&p->up, &item->digest, item->media_type, as, NULL, err) < 0)
            return -1;
        count(p, SLIP_SENT_UPLOADED, item->size);
    }
    return 0;
}

static void release(struct push *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->items[i].media_type);
    free(p->items);
    pthread_mutex_destroy(&p->mutex);
    slip_upload_release(&p->up);
}

static int push(struct push *p, struct slip_error *err)
{
    struct slip_digest there;
    char name[72];
    const char *as = p->to->tag ? p->to->tag : slip_digest_name(p->root, name);
    int known = slip_upload_resolve(&p->up, as, &there, err);

    if (known < 0)
        return -1;
    if (known && slip_digest_equal(&there, p->root)) {
        p->counts.present = 1;
        return 0;
    }
    if (slip_document_walk(p->up.store, p->root, true, collect, p, err) < 0 ||
        slip_side_by_side(p->n, push_blob_at, p, err) < 0)
        return -1;
    return push_documents(p, err);
}

int slip_registry_push(struct slip_registry *registry, struct slip_store *store,
                       const struct slip_digest *manifest, const struct slip_reference *to,
                       struct slip_push_counts *ret, struct slip_error *err)
{
    struct push p = { .to = to, .root = manifest, .mutex = PTHREAD_MUTEX_INITIALIZER };
    struct slip_digest said;

    if (to->digest && (slip_digest_parse(to->digest, &said, err) < 0))
        return -1;
    if (to->digest && !slip_digest_equal(&said, manifest)) {
        slip_fail(err, SLIP_EUSAGE, "the image is sha256:%.12s, not %.19s", manifest->hex,
                  to->digest);
        return slip_error_hint(err, "push it to a tag, or to its own digest");
    }
    int rc = slip_upload_init(&p.up, registry, store, to, err);
    if (rc == 0)
        rc = push(&p, err);
    if (rc == 0 && ret)
        *ret = p.counts;
    release(&p);
    return rc < 0 ? slip_error_context(err, "cannot push to %s/%s", to->registry, to->repository)
                  : 0;
}
