#include "build/contents.h"

#include "store/blob.h"
#include "util/mem.h"
#include "util/side.h"
#include "util/str.h"

#define LAYER_LIMIT ((uint64_t)64 << 30) /* as layer/apply.h */

/* Where package managers note what is installed; status.d is of images without one. */
static const char *const databases[] = { "var/lib/dpkg/status", "var/lib/dpkg/status.d/",
                                         "lib/apk/db/installed", NULL };

#define OWN_COMMENT "slipway: " /* of a layer of a slim runtime: what it holds */

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
    if (slip_listing_read(fd, LAYER_LIMIT, (unsigned)i, databases, &r->to->layers[i], err) < 0)
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
            const char *comment = slip_json_str(row, "comment");
            if (comment && slip_starts_with(comment, OWN_COMMENT))
                return comment + strlen(OWN_COMMENT);
            return text ? text : "";
        }
    }
    return "";
}

uint64_t slip_contents_seen_bytes(const struct slip_contents *contents)
{
    return contents->bytes - contents->seen.hidden_bytes;
}

static char *field(const char *stanza, size_t len, const char *name)
{
    size_t n = strlen(name);

    for (const char *line = stanza; line < stanza + len;) {
        size_t rest = (size_t)(stanza + len - line);
        const char *end = memchr(line, '\n', rest);
        size_t is = end ? (size_t)(end - line) : rest;
        if (is > n && strncmp(line, name, n) == 0) {
            const char *value = line + n + (line[n] == ' ');
            return slip_xstrndup(value, (size_t)(line + is - value));
        }
        line += is + 1;
    }
    return NULL;
}

/* One stanza of dpkg's or apk's database. A package that was removed may have left one. */
static void add_package(const char *stanza, size_t len, struct slip_map *ret)
{
    slip_cleanup(slip_freep) char *name = field(stanza, len, "Package:");
    slip_cleanup(slip_freep) char *status = field(stanza, len, "Status:");
    bool is_apk = !name;

    if (is_apk)
        name = field(stanza, len, "P:");
    if (!name || !*name || (status && !slip_ends_with(status, " installed")))
        return;
    char *version = field(stanza, len, is_apk ? "V:" : "Version:");
    free(slip_map_get(ret, name));
    slip_map_set(ret, name, version ? version : slip_xstrdup(""));
}

static void add_database(const char *text, struct slip_map *ret)
{
    while (*text) {
        const char *end = strstr(text, "\n\n");
        size_t len = end ? (size_t)(end - text) + 1 : strlen(text);
        add_package(text, len, ret);
        text += len + (end != NULL);
    }
}

void slip_contents_packages(const struct slip_contents *contents, const json_t *report,
                            struct slip_map *ret)
{
    size_t i;
    json_t *row;

    for (i = 0; i < contents->seen.n; i++)
        if (contents->seen.files[i]->text)
            add_database(contents->seen.files[i]->text, ret);
    json_array_foreach (json_object_get(report, "files"), i, row) {
        const char *name = slip_json_str(row, "package"), *version = slip_json_str(row, "version");
        if (name && !slip_map_get(ret, name))
            slip_map_set(ret, name, slip_xstrdup(version ? version : ""));
    }
}

void slip_packages_free(struct slip_map *packages)
{
    for (size_t i = 0; i < packages->n; i++)
        free(packages->entries[i].value);
    slip_map_release(packages);
}
