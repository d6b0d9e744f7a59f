#include "image/referrer.h"

#include <string.h>

#include "image/attachments.h"
#include "util/mem.h"

/* --- lists ----------------------------------------------------------------------------------- */

json_t *slip_referrer_descriptor(struct slip_store *store, const struct slip_digest *referrer,
                                 struct slip_error *err)
{
    slip_cleanup(slip_document_release) struct slip_document doc = SLIP_DOCUMENT_INIT;

    if (slip_document_load(&doc, store, referrer, err) < 0)
        return NULL;
    json_t *entry = slip_descriptor_json(doc.media_type, referrer, doc.text.len);
    json_t *annotations = json_object_get(doc.json, "annotations");
    const char *type = slip_json_str(doc.json, "artifactType");
    if (!type) /* as the distribution specification has it for older artifacts */
        type = slip_json_str(json_object_get(doc.json, "config"), "mediaType");
    if (json_is_object(annotations))
        json_object_set(entry, "annotations", annotations);
    if (type)
        json_object_set_new(entry, "artifactType", json_string(type));
    return entry;
}

static const char *type_of(const json_t *entry)
{
    return slip_json_str(entry, "artifactType");
}

static const char *predicate_of(const json_t *entry)
{
    return slip_json_str(json_object_get(entry, "annotations"), SLIP_ANNOTATION_PREDICATE);
}

static bool is_same(const char *a, const char *b)
{
    return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

/* Leaves of the list what is not of the kind that `like` is; what is gone goes, too. */
static void drop_like(struct slip_store *store, json_t *names, const json_t *like)
{
    for (size_t i = json_array_size(names); i-- > 0;) {
        slip_cleanup(slip_error_release) struct slip_error gone = SLIP_ERROR_INIT;
        const char *name = json_string_value(json_array_get(names, i));
        struct slip_digest digest;
        slip_cleanup(slip_json_decrefp) json_t *entry =
            name && slip_digest_parse(name, &digest, &gone) == 0
                ? slip_referrer_descriptor(store, &digest, &gone)
                : NULL;
        if (!entry || (is_same(type_of(entry), type_of(like)) &&
                       is_same(predicate_of(entry), predicate_of(like))))
            json_array_remove(names, i);
    }
}

/* With `like`, in place of what is like that. */
static int note(struct slip_store *store, const struct slip_digest *subject,
                const struct slip_digest *referrer, const json_t *like, struct slip_error *err)
{
    slip_cleanup(slip_closep) int alone = slip_attachments_lock(store, subject, err);
    slip_cleanup(slip_strv_release) struct slip_strv known = SLIP_STRV_INIT;
    char name[72];

    if (alone < 0)
        return -1;
    slip_cleanup(slip_json_decrefp) json_t *record = slip_attachments_get(store, subject);
    json_t *names = json_object_get(record, "referrers");
    slip_json_to_strv(names, &known);
    if (slip_strv_has(&known, slip_digest_name(referrer, name)))
        return 0;
    if (like)
        drop_like(store, names, like);
    if (!json_is_array(names))
        json_object_set_new(record, "referrers", names = json_array());
    json_array_append_new(names, json_string(name));
    return slip_attachments_put(store, subject, record, err);
}

json_t *slip_referrers_list(struct slip_store *store, const struct slip_digest *subject)
{
    slip_cleanup(slip_json_decrefp) json_t *record = slip_attachments_get(store, subject);
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    json_t *list = json_array();

    slip_json_to_strv(json_object_get(record, "referrers"), &names);
    for (size_t i = 0; i < names.n && i < SLIP_REFERRERS_MAX; i++) {
        slip_cleanup(slip_error_release) struct slip_error gone = SLIP_ERROR_INIT;
        struct slip_digest digest;
        json_t *entry = slip_digest_parse(names.v[i], &digest, &gone) == 0
                            ? slip_referrer_descriptor(store, &digest, &gone)
                            : NULL;
        if (entry)
            json_array_append_new(list, entry);
    }
    return list;
}

static bool has_digest(const json_t *list, const char *digest)
{
    const json_t *entry;
    size_t i;

    json_array_foreach (list, i, entry) {
        const char *there = slip_json_str(entry, "digest");
        if (there && strcmp(there, digest) == 0)
            return true;
    }
    return false;
}

bool slip_referrers_merge(json_t *list, const json_t *more)
{
    bool grew = false;
    json_t *entry;
    size_t i;

    json_array_foreach (more, i, entry) {
        const char *digest = slip_json_str(entry, "digest");
        if (i == SLIP_REFERRERS_MAX)
            break;
        if (!digest || has_digest(list, digest))
            continue;
        json_array_append(list, entry);
        grew = true;
    }
    return grew;
}

/* --- making, reading ------------------------------------------------------------------------- */

static int subject_json(struct slip_store *store, const struct slip_digest *subject, json_t **ret,
                        struct slip_error *err)
{
    slip_cleanup(slip_document_release) struct slip_document doc = SLIP_DOCUMENT_INIT;

    if (slip_document_load(&doc, store, subject, err) < 0)
        return -1;
    *ret = slip_descriptor_json(doc.media_type, subject, doc.text.len);
    return 0;
}

int slip_referrer_store(struct slip_store *store, const struct slip_referrer_spec *spec,
                        struct slip_digest *ret, struct slip_error *err)
{
    static const char empty[] = "{}";
    struct slip_digest config, layer;
    json_t *subject;

    if (spec->len > SLIP_REFERRER_LIMIT)
        return slip_fail(err, SLIP_EINPUT, "a document of more than %llu bytes is not attached",
                         (unsigned long long)SLIP_REFERRER_LIMIT);
    if (slip_blob_put(store, empty, strlen(empty), &config, err) < 0 ||
        slip_blob_put(store, spec->bytes, spec->len, &layer, err) < 0 ||
        subject_json(store, spec->subject, &subject, err) < 0)
        return -1;
    slip_cleanup(slip_json_decrefp) json_t *manifest = json_object();
    json_t *layers = json_array();
    json_t *entry = slip_descriptor_json(spec->media_type ? spec->media_type : spec->artifact_type,
                                         &layer, spec->len);
    if (spec->title)
        json_object_set_new(entry, "annotations",
                            json_pack("{s:s}", SLIP_ANNOTATION_TITLE, spec->title));
    json_array_append_new(layers, entry);
    json_object_set_new(manifest, "schemaVersion", json_integer(2));
    json_object_set_new(manifest, "mediaType", json_string(SLIP_OCI_MANIFEST));
    json_object_set_new(manifest, "artifactType", json_string(spec->artifact_type));
    json_object_set_new(manifest, "config",
                        slip_descriptor_json(SLIP_OCI_EMPTY, &config, strlen(empty)));
    json_object_set_new(manifest, "layers", layers);
    json_object_set_new(manifest, "subject", subject);
    if (spec->predicate)
        json_object_set_new(manifest, "annotations",
                            json_pack("{s:s}", SLIP_ANNOTATION_PREDICATE, spec->predicate));
    slip_cleanup(slip_freep) char *text = slip_json_text(manifest);
    if (slip_blob_put(store, text, strlen(text), ret, err) < 0)
        return -1;
    return note(store, spec->subject, ret, spec->replaces ? manifest : NULL, err);
}

int slip_referrer_add(struct slip_store *store, const struct slip_digest *subject,
                      const struct slip_digest *referrer, struct slip_error *err)
{
    slip_cleanup(slip_document_release) struct slip_document doc = SLIP_DOCUMENT_INIT;
    struct slip_descriptor said;

    if (slip_document_load(&doc, store, referrer, err) < 0)
        return -1;
    const json_t *json = json_object_get(doc.json, "subject");
    if (!json || slip_descriptor_parse(json, &said, err) < 0 ||
        !slip_digest_equal(&said.digest, subject)) {
        slip_error_release(err);
        return slip_fail(err, SLIP_EINPUT, "sha256:%.12s does not refer to sha256:%.12s",
                         referrer->hex, subject->hex);
    }
    return note(store, subject, referrer, NULL, err);
}

int slip_referrer_text(struct slip_store *store, const struct slip_digest *referrer, uint64_t limit,
                       struct slip_buf *ret, struct slip_error *err)
{
    slip_cleanup(slip_document_release) struct slip_document doc = SLIP_DOCUMENT_INIT;
    struct slip_descriptor d;

    if (slip_document_load(&doc, store, referrer, err) < 0)
        return -1;
    const json_t *layers = json_object_get(doc.json, "layers");
    if (doc.is_index || json_array_size(layers) != 1)
        return slip_fail(err, SLIP_EINPUT, "sha256:%.12s is not one document", referrer->hex);
    return slip_descriptor_parse(json_array_get(layers, 0), &d, err) < 0
               ? -1
               : slip_blob_text(store, &d.digest, limit, ret, err);
}
