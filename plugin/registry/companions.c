#include "registry/companions.h"

#include "registry/pull.h"
#include "registry/tagged.h"
#include "util/mem.h"

/* --- fetching ----------------------------------------------------------------------------------
 */

static int fetch_layers(struct slip_registry *registry, const struct slip_reference *ref,
                        const json_t *layers, uint64_t limit, struct slip_store *store,
                        struct slip_error *err)
{
    const json_t *layer;
    size_t i;

    if (json_array_size(layers) > SLIP_COMPANION_LAYERS)
        return slip_fail(err, SLIP_EINPUT, "it has %zu signatures, more than are looked at",
                         json_array_size(layers));
    json_array_foreach (layers, i, layer) {
        struct slip_descriptor d;
        if (slip_descriptor_parse(layer, &d, err) < 0)
            return -1;
        if (d.size > limit)
            return slip_fail(err, SLIP_EINPUT, "what a signature signs has %llu bytes",
                             (unsigned long long)d.size);
        if (slip_registry_fetch_blob(registry, ref, &d.digest, d.size, store, -1, err) < 0)
            return -1;
    }
    return 0;
}

int slip_registry_fetch_companion(struct slip_registry *registry, const struct slip_reference *ref,
                                  const struct slip_digest *subject, enum slip_companion kind,
                                  uint64_t limit, struct slip_store *store, struct slip_error *err)
{
    slip_cleanup(slip_upload_release) struct slip_upload up = { 0 };
    slip_cleanup(slip_answer_release) struct slip_answer answer = SLIP_ANSWER_INIT;
    slip_cleanup(slip_json_decrefp) json_t *manifest = NULL;
    slip_cleanup(slip_freep) char *tag = slip_companion_tag(subject, kind);

    if (slip_tagged_reader(&up, registry, ref, err) < 0)
        return -1;
    int found = slip_tagged_read(&up, tag, &answer, &manifest, err);
    if (found <= 0)
        return found;
    const json_t *layers = json_object_get(manifest, "layers");
    if (fetch_layers(registry, ref, layers, limit, store, err) < 0)
        return slip_error_context(err, "tag '%s' of %s/%s", tag, ref->registry, ref->repository);
    return slip_companion_add(store, subject, kind, layers, err);
}

/* --- pushing -----------------------------------------------------------------------------------
 */

struct sending {
    struct slip_upload *up;
    json_t *layers; /* borrowed: ours */
    struct slip_push_counts *counts;
};

static int send_blob(struct sending *s, const json_t *json, struct slip_error *err)
{
    static const struct slip_strv nowhere = SLIP_STRV_INIT;
    struct slip_descriptor d;
    enum slip_sent how;

    if (slip_descriptor_parse(json, &d, err) < 0)
        return -1;
    int there = slip_upload_offer(s->up, &d.digest, &nowhere, &how, err);
    if (there < 0 || (there == 0 && slip_upload_blob(s->up, &d.digest, d.size, err) < 0))
        return -1;
    s->counts->present += there != 0;
    s->counts->uploaded += there == 0;
    s->counts->bytes += there == 0 ? d.size : 0;
    return 0;
}

/* What is there, and ours behind it; the blobs come first. */
static int add_layers(void *user, const json_t *there, json_t **ret, struct slip_error *err)
{
    struct sending *s = user;
    const json_t *layer;
    size_t i;

    if (there && !json_is_array(json_object_get(there, "layers")))
        return slip_fail(err, SLIP_EREMOTE, "what stands there holds no signatures");
    slip_cleanup(slip_json_decrefp) json_t *all =
        there ? json_deep_copy(json_object_get(there, "layers")) : json_array();
    if (!slip_companion_merge(all, s->layers))
        return 0;
    slip_cleanup(slip_json_decrefp) json_t *manifest =
        slip_companion_manifest(s->up->store, all, err);
    if (!manifest)
        return -1;
    json_array_foreach (s->layers, i, layer)
        if (send_blob(s, layer, err) < 0)
            return -1;
    if (send_blob(s, json_object_get(manifest, "config"), err) < 0)
        return -1;
    s->counts->uploaded++;
    *ret = SLIP_TAKE_PTR(manifest);
    return 0;
}

int slip_registry_push_companions(struct slip_registry *registry, struct slip_store *store,
                                  const struct slip_digest *subject,
                                  const struct slip_reference *to, struct slip_push_counts *counts,
                                  struct slip_error *err)
{
    for (int kind = 0; kind < SLIP_COMPANIONS; kind++) {
        slip_cleanup(slip_upload_release) struct slip_upload up = { 0 };
        slip_cleanup(slip_freep) char *tag = slip_companion_tag(subject, kind);
        slip_cleanup(slip_json_decrefp) json_t *layers =
            slip_companion_layers(store, subject, kind);
        struct sending sending = { &up, layers, counts };
        if (json_array_size(layers) == 0)
            continue;
        if (slip_upload_init(&up, registry, store, to, err) < 0 ||
            slip_tagged_update(&up, tag, SLIP_OCI_MANIFEST, add_layers, &sending, err) < 0)
            return slip_error_context(err, "cannot push signatures to %s/%s", to->registry,
                                      to->repository);
    }
    return 0;
}
