#include "image/image.h"

#include <string.h>
#include <time.h>

#include "image/descriptor.h"
#include "store/blob.h"
#include "util/mem.h"

static int load_layers(struct slip_image *image, const json_t *manifest, struct slip_error *err)
{
    const json_t *layers = json_object_get(manifest, "layers"), *layer;
    const json_t *diff_ids = json_object_get(json_object_get(image->config, "rootfs"), "diff_ids");
    size_t i;

    if (json_array_size(layers) != json_array_size(diff_ids))
        return slip_fail(err, SLIP_EINPUT,
                         "the manifest has %zu layers, the configuration %zu diff_ids",
                         json_array_size(layers), json_array_size(diff_ids));
    image->layers = slip_xcalloc(json_array_size(layers) + 1, sizeof *image->layers);
    json_array_foreach (layers, i, layer) {
        const char *diff_id = json_string_value(json_array_get(diff_ids, i));
        struct slip_image_layer *l = &image->layers[image->nlayers++];
        struct slip_descriptor d;
        if (slip_descriptor_parse(layer, &d, err) < 0)
            return -1;
        *l = (struct slip_image_layer){ .digest = d.digest,
                                        .size = d.size,
                                        .media_type = slip_xstrdup(d.media_type) };
        if (!diff_id)
            return slip_fail(err, SLIP_EINPUT, "diff_id %zu is no text", i);
        if (slip_digest_parse(diff_id, &l->diff_id, err) < 0)
            return -1;
    }
    return 0;
}

static int load_config(struct slip_image *image, struct slip_store *store, const json_t *manifest,
                       struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    struct slip_descriptor d;

    if (slip_descriptor_parse(json_object_get(manifest, "config"), &d, err) < 0 ||
        slip_blob_text(store, &d.digest, SLIP_CONFIG_LIMIT, &text, err) < 0)
        return -1;
    if (text.len != d.size)
        return slip_fail(err, SLIP_EINTEGRITY, "the configuration has %zu bytes, not %llu",
                         text.len, (unsigned long long)d.size);
    image->config = slip_json_parse(text.data, text.len, "image configuration", err);
    if (!image->config)
        return -1;
    if (!json_is_object(image->config))
        return slip_fail(err, SLIP_EINPUT, "the image configuration is no object");
    image->config_digest = d.digest;
    image->config_text = slip_buf_take(&text);
    return 0;
}

static int load_manifest(struct slip_image *image, struct slip_store *store,
                         const struct slip_digest *digest, int depth, struct slip_error *err)
{
    slip_cleanup(slip_document_release) struct slip_document doc = SLIP_DOCUMENT_INIT;
    struct slip_descriptor d;

    if (slip_document_load(&doc, store, digest, err) < 0)
        return -1;
    if (doc.is_index) {
        if (depth == 0)
            return slip_fail(err, SLIP_EINPUT, "indexes refer to indexes too deep");
        return slip_index_pick(doc.json, &d, err) < 0
                   ? -1
                   : load_manifest(image, store, &d.digest, depth - 1, err);
    }
    if (load_config(image, store, doc.json, err) < 0 || load_layers(image, doc.json, err) < 0)
        return slip_error_context(err, "image sha256:%s", digest->hex);
    image->manifest_digest = *digest;
    image->manifest_text = slip_buf_take(&doc.text);
    return 0;
}

int slip_image_load(struct slip_store *store, const struct slip_digest *manifest,
                    struct slip_image *ret, struct slip_error *err)
{
    slip_cleanup(slip_image_release) struct slip_image image = SLIP_IMAGE_INIT;

    if (load_manifest(&image, store, manifest, 2, err) < 0)
        return -1;
    *ret = image;
    image = SLIP_IMAGE_INIT;
    return 0;
}

void slip_image_release(struct slip_image *image)
{
    for (size_t i = 0; i < image->nlayers; i++)
        free(image->layers[i].media_type);
    free(image->layers);
    free(image->manifest_text);
    free(image->config_text);
    json_decref(image->config);
    *image = SLIP_IMAGE_INIT;
}

/* Key order is that of Go's struct, so that a tool that writes it anew changes nothing. */
static json_t *config_of(const struct slip_image_spec *spec)
{
    json_t *doc = json_object(), *rootfs = json_object(), *diff_ids = json_array();
    const char *variant, *arch = slip_this_architecture(&variant);
    time_t seconds = (time_t)spec->created;
    char created[40], name[72];
    struct tm tm;

    if (spec->architecture) {
        arch = spec->architecture;
        variant = spec->variant;
    }
    if (gmtime_r(&seconds, &tm) && strftime(created, sizeof created, "%Y-%m-%dT%H:%M:%SZ", &tm))
        json_object_set_new(doc, "created", json_string(created));
    if (spec->author)
        json_object_set_new(doc, "author", json_string(spec->author));
    json_object_set_new(doc, "architecture", json_string(arch));
    if (variant)
        json_object_set_new(doc, "variant", json_string(variant));
    json_object_set_new(doc, "os", json_string(spec->os ? spec->os : "linux"));
    if (spec->config)
        json_object_set(doc, "config", spec->config);
    else
        json_object_set_new(doc, "config", json_object());
    for (size_t i = 0; i < spec->nlayers; i++)
        json_array_append_new(diff_ids,
                              json_string(slip_digest_name(&spec->layers[i].diff_id, name)));
    json_object_set_new(rootfs, "type", json_string("layers"));
    json_object_set_new(rootfs, "diff_ids", diff_ids);
    json_object_set_new(doc, "rootfs", rootfs);
    if (spec->history)
        json_object_set(doc, "history", spec->history);
    return doc;
}

static json_t *manifest_of(const struct slip_image_spec *spec, const struct slip_digest *config,
                           uint64_t config_size)
{
    json_t *doc = json_object(), *layers = json_array();

    for (size_t i = 0; i < spec->nlayers; i++) {
        const struct slip_image_layer *l = &spec->layers[i];
        const char *type = l->media_type ? slip_layer_oci_type(l->media_type) : SLIP_OCI_LAYER_GZIP;
        json_array_append_new(layers, slip_descriptor_json(type, &l->digest, l->size));
    }
    json_object_set_new(doc, "schemaVersion", json_integer(2));
    json_object_set_new(doc, "mediaType", json_string(SLIP_OCI_MANIFEST));
    json_object_set_new(doc, "config", slip_descriptor_json(SLIP_OCI_CONFIG, config, config_size));
    json_object_set_new(doc, "layers", layers);
    if (spec->annotations && json_object_size(spec->annotations))
        json_object_set(doc, "annotations", spec->annotations);
    return doc;
}

int slip_image_store_manifest(struct slip_store *store, const struct slip_digest *config,
                              uint64_t config_size, const struct slip_image_spec *spec,
                              struct slip_digest *ret_manifest, struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *manifest = manifest_of(spec, config, config_size);
    slip_cleanup(slip_freep) char *text = slip_json_text(manifest);

    return slip_blob_put(store, text, strlen(text), ret_manifest, err);
}

int slip_image_store(struct slip_store *store, const struct slip_image_spec *spec,
                     struct slip_digest *ret_manifest, struct slip_error *err)
{
    struct slip_digest digest;
    slip_cleanup(slip_json_decrefp) json_t *config = config_of(spec);
    slip_cleanup(slip_freep) char *text = slip_json_text(config);

    if (slip_blob_put(store, text, strlen(text), &digest, err) < 0)
        return -1;
    return slip_image_store_manifest(store, &digest, strlen(text), spec, ret_manifest, err);
}
