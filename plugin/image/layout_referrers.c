#include "image/layout_referrers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "image/names.h"
#include "util/fs.h"
#include "util/mem.h"

static const char *tag_of(const json_t *entry)
{
    return slip_json_str(json_object_get(entry, "annotations"), SLIP_ANNOTATION_TAG);
}

bool slip_layout_is_attached(const json_t *entry)
{
    const char *tag = tag_of(entry);

    return slip_json_str(entry, "artifactType") || (tag && slip_companion_is_tag(tag));
}

/* --- writing -----------------------------------------------------------------------------------
 */

struct writing {
    struct slip_store *store; /* borrowed */
    int dir;
};

static int put_blob(void *user, const struct slip_descriptor *d, struct slip_error *err)
{
    const struct writing *w = user;
    slip_cleanup(slip_freep) char *name = slip_xasprintf("blobs/sha256/%s", d->digest.hex);
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    if (slip_blob_text(w->store, &d->digest, SLIP_REFERRER_LIMIT, &text, err) < 0)
        return -1;
    return slip_write_file_if_changed(w->dir, name, text.data, text.len, 0644, err) < 0 ? -1 : 0;
}

/* Its blobs go into the layout, its descriptor into the list. */
static int add(struct writing *w, json_t *list, const struct slip_digest *manifest, const char *tag,
               struct slip_error *err)
{
    json_t *entry = slip_referrer_descriptor(w->store, manifest, err);

    if (!entry)
        return -1;
    if (tag) {
        json_object_del(entry, "artifactType");
        json_object_set_new(entry, "annotations", json_pack("{s:s}", SLIP_ANNOTATION_TAG, tag));
    }
    json_array_append_new(list, entry);
    return slip_document_walk(w->store, manifest, false, put_blob, w, err);
}

static int add_all(struct writing *w, const struct slip_digest *subject, json_t *list,
                   struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *referrers = slip_referrers_list(w->store, subject);
    const json_t *entry;
    struct slip_digest digest;
    size_t i;

    json_array_foreach (referrers, i, entry)
        if (slip_digest_parse(slip_json_str(entry, "digest"), &digest, err) < 0 ||
            add(w, list, &digest, NULL, err) < 0)
            return -1;
    for (int kind = 0; kind < SLIP_COMPANIONS; kind++) {
        slip_cleanup(slip_freep) char *tag = slip_companion_tag(subject, kind);
        if (slip_companion_get(w->store, subject, kind, &digest) &&
            add(w, list, &digest, tag, err) < 0)
            return -1;
    }
    return 0;
}

/* An entry that says the same tag gives way. */
static void drop_tag(json_t *manifests, const char *tag)
{
    for (size_t i = json_array_size(manifests); tag && i-- > 0;) {
        const char *there = tag_of(json_array_get(manifests, i));
        if (there && strcmp(there, tag) == 0)
            json_array_remove(manifests, i);
    }
}

static int write_index(int dir, const json_t *list, struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    const json_t *entry;
    size_t i;

    if (slip_read_file(dir, "index.json", SLIP_MANIFEST_LIMIT, &text, err) < 0)
        return -1;
    slip_cleanup(slip_json_decrefp) json_t *index =
        slip_json_parse(slip_buf_str(&text), text.len, "index.json", err);
    if (!index)
        return -1;
    json_t *manifests = json_object_get(index, "manifests");
    if (!json_is_array(manifests))
        return slip_fail(err, SLIP_EINPUT, "index.json lists no manifests");
    json_array_foreach (list, i, entry)
        drop_tag(manifests, tag_of(entry));
    slip_referrers_merge(manifests, list);
    slip_cleanup(slip_freep) char *now = slip_json_text(index);
    return slip_write_file_if_changed(dir, "index.json", now, strlen(now), 0644, err) < 0 ? -1 : 0;
}

int slip_layout_attach(struct slip_store *store, const struct slip_digest *subject, const char *dir,
                       struct slip_error *err)
{
    slip_cleanup(slip_closep) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    slip_cleanup(slip_json_decrefp) json_t *list = json_array();
    struct writing w = { store, fd };

    if (fd < 0)
        return slip_fail_errno(err, "cannot open the OCI layout '%s'", dir);
    if (add_all(&w, subject, list, err) < 0)
        return slip_error_context(err, "'%s'", dir);
    if (json_array_size(list) && write_index(fd, list, err) < 0)
        return slip_error_context(err, "'%s'", dir);
    return 0;
}

/* --- reading -----------------------------------------------------------------------------------
 */

/* 1: in the store now. 0: the layout has it not. -1. */
static int take_blob(struct slip_store *store, int dir, const struct slip_descriptor *d,
                     struct slip_error *err)
{
    slip_cleanup(slip_freep) char *name = slip_xasprintf("blobs/sha256/%s", d->digest.hex);
    struct slip_digest got;

    if (d->size > SLIP_REFERRER_LIMIT)
        return slip_fail(err, SLIP_EINPUT, "the attached blob sha256:%.12s would have %llu bytes",
                         d->digest.hex, (unsigned long long)d->size);
    slip_cleanup(slip_closep) int fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return slip_blob_has(store, &d->digest, err);
    if (fd < 0)
        return slip_fail_errno(err, "cannot read '%s'", name);
    return slip_blob_import(store, fd, d->size, &d->digest, &got, err) < 0 ? -1 : 1;
}

static int take_parts(struct slip_store *store, int dir, const struct slip_document *doc,
                      struct slip_error *err)
{
    const json_t *layers = json_object_get(doc->json, "layers");

    if (json_array_size(layers) > SLIP_COMPANION_LAYERS)
        return slip_fail(err, SLIP_EINPUT, "a manifest lists %zu documents",
                         json_array_size(layers));
    for (size_t i = 0; i <= json_array_size(layers); i++) {
        struct slip_descriptor d;
        const json_t *part = i < json_array_size(layers) ? json_array_get(layers, i)
                                                         : json_object_get(doc->json, "config");
        if (slip_descriptor_parse(part, &d, err) < 0)
            return -1;
        int rc = take_blob(store, dir, &d, err);
        if (rc <= 0)
            return rc;
    }
    return 1;
}

static bool refers_to(const struct slip_document *doc, const struct slip_digest *subject)
{
    const char *said = slip_json_str(json_object_get(doc->json, "subject"), "digest");
    char name[72];

    return said && strcmp(said, slip_digest_name(subject, name)) == 0;
}

/* The kind of companion of `subject` that a tag means; SLIP_COMPANIONS: none. */
static int companion_of(const char *tag, const struct slip_digest *subject)
{
    int kind = 0;

    for (; tag && kind < SLIP_COMPANIONS; kind++) {
        slip_cleanup(slip_freep) char *wanted = slip_companion_tag(subject, kind);
        if (strcmp(tag, wanted) == 0)
            return kind;
    }
    return SLIP_COMPANIONS;
}

static int take_entry(struct slip_store *store, int dir, const json_t *entry,
                      const struct slip_digest *subject, struct slip_error *err)
{
    slip_cleanup(slip_document_release) struct slip_document doc = SLIP_DOCUMENT_INIT;
    int kind = companion_of(tag_of(entry), subject);
    struct slip_descriptor d;

    if (slip_descriptor_parse(entry, &d, err) < 0)
        return -1;
    int rc = d.size > SLIP_MANIFEST_LIMIT ? 0 : take_blob(store, dir, &d, err);
    if (rc <= 0)
        return rc;
    if (slip_document_load(&doc, store, &d.digest, err) < 0)
        return -1;
    if (doc.is_index || (kind == SLIP_COMPANIONS && !refers_to(&doc, subject)))
        return 0; /* about another image */
    rc = take_parts(store, dir, &doc, err);
    if (rc <= 0)
        return rc;
    return kind < SLIP_COMPANIONS
               ? slip_companion_add(store, subject, kind, json_object_get(doc.json, "layers"), err)
               : slip_referrer_add(store, subject, &d.digest, err);
}

int slip_layout_take_attached(struct slip_store *store, int dir, const json_t *index,
                              const struct slip_digest *subject, struct slip_error *err)
{
    size_t i, taken = 0;
    const json_t *entry;

    json_array_foreach (json_object_get(index, "manifests"), i, entry)
        if (slip_layout_is_attached(entry) && taken++ < SLIP_REFERRERS_MAX &&
            take_entry(store, dir, entry, subject, err) < 0)
            return slip_error_context(err, "what is attached to the image");
    return 0;
}
