#include "image/archive.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "image/descriptor.h"
#include "image/image.h"
#include "image/names.h"
#include "store/blob.h"
#include "util/mem.h"

#define COPY_CHUNK ((size_t)1 << 20)

struct writing {
    struct slip_store *store; /* borrowed */
    struct slip_tar tar;
    char *chunk; /* owned */
};

static void writing_release(struct writing *w)
{
    slip_tar_release(&w->tar);
    free(w->chunk);
}

static int begin(struct writing *w, const char *path, mode_t mode, uint64_t size,
                 struct slip_error *err)
{
    const struct slip_tar_entry entry = { .path = path, .mode = mode, .size = size };

    return slip_tar_begin(&w->tar, &entry, err);
}

static int put_text(struct writing *w, const char *path, const char *text, struct slip_error *err)
{
    size_t n = strlen(text);

    return begin(w, path, S_IFREG | 0644, n, err) < 0 ? -1 : slip_tar_body(&w->tar, text, n, err);
}

static int put_blob(void *user, const struct slip_descriptor *d, struct slip_error *err)
{
    struct writing *w = user;
    slip_cleanup(slip_freep) char *path = slip_xasprintf("blobs/sha256/%s", d->digest.hex);
    uint64_t left;
    slip_cleanup(slip_closep) int fd = slip_blob_open(w->store, &d->digest, &left, err);

    if (fd < 0)
        return -1;
    if (left != d->size)
        return slip_fail(err, SLIP_EINTEGRITY, "blob sha256:%s has %llu bytes, not %llu",
                         d->digest.hex, (unsigned long long)left, (unsigned long long)d->size);
    if (begin(w, path, S_IFREG | 0644, left, err) < 0)
        return -1;
    while (left) {
        ssize_t n = read(fd, w->chunk, left < COPY_CHUNK ? (size_t)left : COPY_CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return slip_fail_errno(err, "cannot read blob sha256:%s", d->digest.hex);
        if (slip_tar_body(&w->tar, w->chunk, (size_t)n, err) < 0)
            return -1;
        left -= (uint64_t)n;
    }
    return 0;
}

/* Docker's list names one platform: this machine's, else the first that there is. */
static int load_for_docker(struct slip_store *store, const struct slip_digest *manifest,
                           struct slip_image *ret, struct slip_error *err)
{
    slip_cleanup(slip_document_release) struct slip_document doc = SLIP_DOCUMENT_INIT;
    struct slip_descriptor d;

    if (slip_image_load(store, manifest, ret, err) == 0)
        return 0;
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    if (slip_document_load(&doc, store, manifest, &ignored) < 0 || !doc.is_index ||
        slip_descriptor_parse(json_array_get(json_object_get(doc.json, "manifests"), 0), &d,
                              &ignored) < 0 ||
        slip_image_load(store, &d.digest, ret, &ignored) < 0)
        return -1;
    slip_error_release(err);
    return 0;
}

static int docker_list(struct slip_store *store, const struct slip_digest *manifest,
                       const char *const *names, char **ret, struct slip_error *err)
{
    slip_cleanup(slip_image_release) struct slip_image image = SLIP_IMAGE_INIT;
    slip_cleanup(slip_json_decrefp) json_t *list = json_array();
    json_t *entry = json_object(), *tags = json_array(), *layers = json_array();

    json_array_append_new(list, entry);
    if (load_for_docker(store, manifest, &image, err) < 0)
        return json_decref(tags), json_decref(layers), -1;
    json_object_set_new(entry, "Config", json_sprintf("blobs/sha256/%s", image.config_digest.hex));
    json_object_set_new(entry, "RepoTags", tags);
    json_object_set_new(entry, "Layers", layers);
    for (size_t i = 0; names && names[i]; i++) {
        slip_cleanup(slip_freep) char *tag = slip_names_repo_tag(names[i], err);
        if (!tag)
            return -1;
        json_array_append_new(tags, json_string(tag));
    }
    for (size_t i = 0; i < image.nlayers; i++)
        json_array_append_new(layers, json_sprintf("blobs/sha256/%s", image.layers[i].digest.hex));
    *ret = slip_json_text(list);
    return 0;
}

int slip_image_archive_write(struct slip_store *store, const struct slip_digest *manifest,
                             const char *const *names, slip_sink_fn *sink, void *user,
                             struct slip_error *err)
{
    slip_cleanup(writing_release) struct writing w = { .store = store,
                                                       .tar = SLIP_TAR_INIT(sink, user),
                                                       .chunk = slip_xmalloc(COPY_CHUNK) };
    slip_cleanup(slip_freep) char *index = NULL, *list = NULL;

    if (slip_names_index(store, manifest, names, &index, err) < 0 ||
        docker_list(store, manifest, names, &list, err) < 0 ||
        put_text(&w, "oci-layout", SLIP_LAYOUT_TEXT, err) < 0 ||
        put_text(&w, "index.json", index, err) < 0 ||
        put_text(&w, "manifest.json", list, err) < 0 ||
        begin(&w, "blobs", S_IFDIR | 0755, 0, err) < 0 ||
        begin(&w, "blobs/sha256", S_IFDIR | 0755, 0, err) < 0 ||
        slip_document_walk(store, manifest, true, put_blob, &w, err) < 0)
        return -1;
    return slip_tar_finish(&w.tar, err);
}
