#include "build/contents.h"

#include "store/blob.h"
#include "util/mem.h"
#include "util/side.h"

#define LAYER_LIMIT ((uint64_t)64 << 30) /* as layer/apply.h */

struct reading {
    struct slip_sources *sources;
    const char *name;
    struct slip_contents *to;
};

static int read_one(void *user, size_t i, struct slip_error *err)
{
    const struct reading *r = user;
    const struct slip_image_layer *layer = &r->to->image.layers[i];

    if (slip_sources_layer(r->sources, r->name, &layer->digest, layer->size, -1, err) < 0)
        return -1;
    slip_cleanup(slip_closep) int fd = slip_blob_open(r->sources->store, &layer->digest, NULL, err);
    if (fd < 0)
        return -1;
    if (slip_listing_read(fd, LAYER_LIMIT, (unsigned)i, &r->to->layers[i], err) < 0)
        return slip_error_context(err, "layer sha256:%.12s", layer->digest.hex);
    return 0;
}

int slip_contents_read(struct slip_sources *sources, const char *name,
                       const struct slip_digest *manifest, struct slip_contents *ret,
                       struct slip_error *err)
{
    struct reading r = { sources, name, ret };

    if (slip_sources_load(sources, name, manifest, &ret->image, err) < 0)
        return -1;
    ret->layers = slip_xcalloc(ret->image.nlayers ? ret->image.nlayers : 1, sizeof *ret->layers);
    if (slip_side_by_side(ret->image.nlayers, read_one, &r, err) < 0)
        return -1;
    for (size_t i = 0; i < ret->image.nlayers; i++)
        ret->bytes += ret->layers[i].bytes;
    slip_listing_stack(ret->layers, ret->image.nlayers, &ret->seen);
    return 0;
}

void slip_contents_release(struct slip_contents *contents)
{
    slip_seen_release(&contents->seen);
    for (size_t i = 0; contents->layers && i < contents->image.nlayers; i++)
        slip_listing_release(&contents->layers[i]);
    free(contents->layers);
    slip_image_release(&contents->image);
    *contents = SLIP_CONTENTS_INIT;
}

const char *slip_contents_maker(const struct slip_contents *contents, size_t layer)
{
    const json_t *history = json_object_get(contents->image.config, "history");
    size_t i, at = 0;
    json_t *row;

    json_array_foreach (history, i, row) {
        if (json_is_true(json_object_get(row, "empty_layer")))
            continue;
        if (at++ == layer) {
            const char *text = slip_json_str(row, "created_by");
            return text ? text : "";
        }
    }
    return "";
}

uint64_t slip_contents_seen_bytes(const struct slip_contents *contents)
{
    return contents->bytes - contents->seen.hidden_bytes;
}
