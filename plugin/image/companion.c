#include "image/companion.h"

#include <string.h>

#include "image/attachments.h"
#include "util/mem.h"

static const char *const names[SLIP_COMPANIONS] = { "sig", "att" };

char *slip_companion_tag(const struct slip_digest *subject, enum slip_companion kind)
{
    return slip_xasprintf("sha256-%s.%s", subject->hex, names[kind]);
}

bool slip_companion_is_tag(const char *tag)
{
    static const char start[] = "sha256-";
    const size_t n = sizeof start - 1;

    return strncmp(tag, start, n) == 0 && strspn(tag + n, "0123456789abcdef") == 64 &&
           (tag[n + 64] == '\0' || tag[n + 64] == '.');
}

int slip_companion_get(struct slip_store *store, const struct slip_digest *subject,
                       enum slip_companion kind, struct slip_digest *ret)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_json_decrefp) json_t *record = slip_attachments_get(store, subject);
    const char *name = slip_json_str(record, names[kind]);

    return name && slip_digest_parse(name, ret, &ignored) == 0 &&
           slip_blob_has(store, ret, &ignored) == 1;
}

json_t *slip_companion_layers(struct slip_store *store, const struct slip_digest *subject,
                              enum slip_companion kind)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_document_release) struct slip_document doc = SLIP_DOCUMENT_INIT;
    struct slip_digest manifest;

    if (!slip_companion_get(store, subject, kind, &manifest) ||
        slip_document_load(&doc, store, &manifest, &ignored) < 0)
        return json_array();
    json_t *layers = json_object_get(doc.json, "layers");
    return json_is_array(layers) ? json_incref(layers) : json_array();
}

int slip_companion_search(struct slip_store *store, const struct slip_digest *subject,
                          enum slip_companion kind, slip_layer_fn *examine, void *user,
                          struct slip_error *ret_why, struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *layers = slip_companion_layers(store, subject, kind);
    slip_cleanup(slip_error_release) struct slip_error nearest = SLIP_ERROR_INIT;
    const json_t *layer;
    int furthest = -1;
    size_t i;

    json_array_foreach (layers, i, layer) {
        slip_cleanup(slip_error_release) struct slip_error one = SLIP_ERROR_INIT;
        if (i == SLIP_COMPANION_LAYERS)
            return slip_fail(err, SLIP_EPOLICY, "it has %zu signatures, more than are looked at",
                             json_array_size(layers));
        int came = examine(user, layer, &one);
        if (came == SLIP_LAYER_GOOD)
            return 1;
        if (came < furthest)
            continue;
        furthest = came;
        slip_error_move(&nearest, &one);
    }
    if (!nearest.code)
        slip_fail(&nearest, SLIP_EPOLICY, "there is none");
    nearest.code = SLIP_EPOLICY; /* whatever is wrong with it */
    slip_error_move(ret_why, &nearest);
    return 0;
}

bool slip_companion_merge(json_t *layers, const json_t *more)
{
    bool grew = false;
    json_t *layer, *there;
    size_t i, k;

    json_array_foreach (more, i, layer) {
        bool known = false;
        json_array_foreach (layers, k, there)
            known = known || json_equal(layer, there);
        if (known)
            continue;
        json_array_append(layers, layer);
        grew = true;
    }
    return grew;
}

/* {"architecture":"",...}: an image of nothing, whose layers are not compressed. */
static json_t *config_of(const json_t *layers)
{
    json_t *config = json_object(), *rootfs = json_object(), *diff_ids = json_array();
    const json_t *layer;
    size_t i;

    json_array_foreach (layers, i, layer)
        json_array_append(diff_ids, json_object_get(layer, "digest"));
    json_object_set_new(rootfs, "type", json_string("layers"));
    json_object_set_new(rootfs, "diff_ids", diff_ids);
    json_object_set_new(config, "architecture", json_string(""));
    json_object_set_new(config, "os", json_string(""));
    json_object_set_new(config, "rootfs", rootfs);
    json_object_set_new(config, "config", json_object());
    return config;
}

json_t *slip_companion_manifest(struct slip_store *store, json_t *layers, struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *config = config_of(layers);
    slip_cleanup(slip_freep) char *text = slip_json_text(config);
    struct slip_digest digest;

    if (slip_blob_put(store, text, strlen(text), &digest, err) < 0)
        return NULL;
    json_t *manifest = json_object();
    json_object_set_new(manifest, "schemaVersion", json_integer(2));
    json_object_set_new(manifest, "mediaType", json_string(SLIP_OCI_MANIFEST));
    json_object_set_new(manifest, "config",
                        slip_descriptor_json(SLIP_OCI_CONFIG, &digest, strlen(text)));
    json_object_set(manifest, "layers", layers);
    return manifest;
}

int slip_companion_add(struct slip_store *store, const struct slip_digest *subject,
                       enum slip_companion kind, const json_t *layers, struct slip_error *err)
{
    slip_cleanup(slip_closep) int alone = slip_attachments_lock(store, subject, err);
    struct slip_digest digest;
    char name[72];

    if (alone < 0)
        return -1;
    slip_cleanup(slip_json_decrefp) json_t *all = slip_companion_layers(store, subject, kind);
    slip_cleanup(slip_json_decrefp) json_t *record = slip_attachments_get(store, subject);
    if (!slip_companion_merge(all, layers))
        return 0;
    slip_cleanup(slip_json_decrefp) json_t *manifest = slip_companion_manifest(store, all, err);
    if (!manifest)
        return -1;
    slip_cleanup(slip_freep) char *text = slip_json_text(manifest);
    if (slip_blob_put(store, text, strlen(text), &digest, err) < 0)
        return -1;
    json_object_set_new(record, names[kind], json_string(slip_digest_name(&digest, name)));
    return slip_attachments_put(store, subject, record, err);
}
