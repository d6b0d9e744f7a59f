#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/inflate.h"
#include "archive/untar.h"
#include "image/archive.h"
#include "image/descriptor.h"
#include "image/image.h"
#include "image/names.h"
#include "store/blob.h"
#include "util/fs.h"
#include "util/map.h"
#include "util/mem.h"
#include "util/str.h"

#define ARCHIVE_LIMIT ((uint64_t)1 << 40)
#define MAX_FILES 100000u
#define MAX_LINKS 8

/* One name in the archive: a blob that is in the store now, or another name for one. */
struct file {
    char *path; /* owned */
    char *link; /* owned: the name it stands for, or NULL */
    struct slip_digest digest;
    uint64_t size;
    struct slip_buf text; /* of a document */
    struct file *next;
};

struct saved {
    struct slip_store *store; /* borrowed */
    struct slip_map files;    /* path to struct file */
    struct file *all;         /* owned */
};

static void saved_release(struct saved *s)
{
    for (struct file *f; (f = s->all);) {
        s->all = f->next;
        slip_buf_release(&f->text);
        free(f->path);
        free(f->link);
        free(f);
    }
    slip_map_release(&s->files);
}

static struct file *add(struct saved *s, const char *path)
{
    struct file *f = slip_xcalloc(1, sizeof *f);

    f->path = slip_xstrdup(path);
    f->next = s->all;
    s->all = f;
    slip_map_set(&s->files, path, f);
    return f;
}

static const struct file *find(const struct saved *s, const char *path)
{
    const struct file *f = slip_map_get(&s->files, path);

    for (int i = 0; f && f->link && i < MAX_LINKS; i++)
        f = slip_map_get(&s->files, f->link);
    return f && !f->link ? f : NULL;
}

/* Documents stand at the top and are small; they are kept, everything else becomes a blob. */
static bool is_document(const char *path, uint64_t size)
{
    return !strchr(path, '/') && slip_ends_with(path, ".json") && size <= SLIP_CONFIG_LIMIT;
}

/* What old versions of docker save wrote beside, and nobody needs. */
static bool is_idle(const char *path)
{
    const char *base = slip_path_base(path);

    return !strcmp(base, "VERSION") || !strcmp(base, "json") || !strcmp(path, "repositories") ||
           !strcmp(path, "oci-layout");
}

static int take_document(struct slip_untar *from, struct file *f, struct slip_error *err)
{
    const char *p;
    size_t n;
    int rc;

    while ((rc = slip_untar_data(from, &p, &n, err)) > 0)
        slip_buf_put(&f->text, p, n);
    f->size = f->text.len;
    return rc;
}

static int take_blob(struct saved *s, struct slip_untar *from, struct file *f,
                     struct slip_error *err)
{
    slip_cleanup(slip_draft_release) struct slip_draft draft = SLIP_DRAFT_INIT;
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    struct slip_digest want;
    const char *p;
    size_t n;
    int rc;

    if (slip_draft_open(&draft, s->store, err) < 0)
        return -1;
    while ((rc = slip_untar_data(from, &p, &n, err)) > 0)
        if (slip_draft_write(&draft, p, n, err) < 0)
            return -1;
    if (rc < 0)
        return -1;
    f->size = draft.size;
    slip_cleanup(slip_freep) char *name = slip_xasprintf("sha256:%s", slip_path_base(f->path));
    bool named =
        slip_starts_with(f->path, "blobs/sha256/") && slip_digest_parse(name, &want, &ignored) == 0;
    return slip_draft_commit(&draft, named ? &want : NULL, &f->digest, err);
}

static int take_entry(struct saved *s, struct slip_untar *from, const struct slip_tar_entry *e,
                      struct slip_error *err)
{
    slip_cleanup(slip_freep) char *path = slip_path_clean(e->path + strspn(e->path, "/"));

    if (S_ISDIR(e->mode) || is_idle(path))
        return 0;
    if (s->files.n >= MAX_FILES)
        return slip_fail(err, SLIP_EINPUT, "more than %u files", MAX_FILES);
    struct file *f = add(s, path);
    if (S_ISLNK(e->mode) || e->hardlink) {
        slip_cleanup(slip_freep) char *dir =
            slip_xstrndup(path, (size_t)(slip_path_base(path) - path));
        slip_cleanup(slip_freep) char *to = slip_path_join(e->hardlink ? "" : dir, e->link);
        f->link = slip_path_clean(to);
        return 0;
    }
    if (!S_ISREG(e->mode) || e->sparse)
        return slip_fail(err, SLIP_EINPUT,
                         e->sparse ? "a sparse file" : "something that is no file");
    return is_document(path, e->size) ? take_document(from, f, err) : take_blob(s, from, f, err);
}

static int take_all(struct saved *s, int fd, struct slip_error *err)
{
    slip_cleanup(slip_untar_freep) struct slip_untar *from =
        slip_untar_open(fd, ARCHIVE_LIMIT, false, err);
    struct slip_tar_entry entry;
    int rc = from ? 1 : -1;

    while (rc > 0 && (rc = slip_untar_next(from, &entry, err)) > 0)
        if (take_entry(s, from, &entry, err) < 0)
            return -1;
    return rc;
}

static json_t *document(const struct saved *s, const char *path, struct slip_error *err)
{
    const struct file *f = find(s, path);

    if (f && f->text.len)
        return slip_json_parse(f->text.data, f->text.len, path, err);
    slip_fail(err, SLIP_EINPUT, "it has no %s", path);
    return NULL;
}

static int check_size(void *user, const struct slip_descriptor *d, struct slip_error *err)
{
    struct slip_store *store = user;
    uint64_t size;
    slip_cleanup(slip_closep) int fd = slip_blob_open(store, &d->digest, &size, err);

    if (fd < 0)
        return slip_error_context(err, "the archive is not complete");
    return size == d->size
               ? 0
               : slip_fail(err, SLIP_EINTEGRITY,
                           "blob sha256:%s has %llu bytes, not "
                           "%llu",
                           d->digest.hex, (unsigned long long)size, (unsigned long long)d->size);
}

static int finish_oci(struct saved *s, const char *tag, struct slip_digest *ret,
                      struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *index = document(s, "index.json", err);
    struct slip_descriptor d;

    if (!index || slip_names_find(index, "it", tag, &d, err) < 0 ||
        slip_document_walk(s->store, &d.digest, true, check_size, s->store, err) < 0)
        return -1;
    *ret = d.digest;
    return 0;
}

/* The media type by the first bytes; what is inside must be what the configuration says. */
static int check_layer(struct saved *s, struct slip_image_layer *layer, struct slip_error *err)
{
    unsigned char magic[4] = { 0 };
    struct slip_digest inside;
    slip_cleanup(slip_closep) int fd = slip_blob_open(s->store, &layer->digest, &layer->size, err);

    if (fd < 0)
        return -1;
    if (pread(fd, magic, sizeof magic, 0) < 0)
        return slip_fail_errno(err, "cannot read a layer");
    bool gzip = magic[0] == 0x1f && magic[1] == 0x8b;
    bool zstd = memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0;
    layer->media_type = slip_xstrdup(gzip   ? SLIP_OCI_LAYER_GZIP
                                     : zstd ? SLIP_OCI_LAYER_ZSTD
                                            : SLIP_OCI_LAYER);
    if (!gzip && !zstd)
        inside = layer->digest;
    else if (slip_inflate_digest(fd, ARCHIVE_LIMIT, &inside, err) < 0)
        return -1;
    if (!slip_digest_equal(&inside, &layer->diff_id))
        return slip_fail(err, SLIP_EINTEGRITY,
                         "a layer holds sha256:%s, the configuration says sha256:%s", inside.hex,
                         layer->diff_id.hex);
    return 0;
}

/* The layers of one entry of manifest.json, with the diff_ids of its configuration. */
static int fill_layers(struct saved *s, const json_t *paths, const json_t *config,
                       struct slip_image *image, struct slip_error *err)
{
    const json_t *diff_ids = json_object_get(json_object_get(config, "rootfs"), "diff_ids"), *path;
    size_t i;

    if (json_array_size(paths) != json_array_size(diff_ids))
        return slip_fail(err, SLIP_EINPUT, "manifest.json and configuration differ in layers");
    image->layers = slip_xcalloc(json_array_size(paths) + 1, sizeof *image->layers);
    json_array_foreach (paths, i, path) {
        const char *name = json_string_value(path);
        const char *diff_id = json_string_value(json_array_get(diff_ids, i));
        const struct file *f = name ? find(s, name) : NULL;
        struct slip_image_layer *layer = &image->layers[image->nlayers++];
        if (!f || !f->digest.hex[0] || !diff_id)
            return slip_fail(err, SLIP_EINPUT, "layer '%s' is missing", name ? name : "?");
        layer->digest = f->digest;
        if (slip_digest_parse(diff_id, &layer->diff_id, err) < 0 || check_layer(s, layer, err) < 0)
            return -1;
    }
    return 0;
}

static int finish_docker_entry(struct saved *s, const json_t *entry, struct slip_digest *ret,
                               struct slip_error *err)
{
    slip_cleanup(slip_image_release) struct slip_image image = SLIP_IMAGE_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf stored = SLIP_BUF_INIT;
    const char *name = slip_json_str(entry, "Config");
    const struct file *f = name ? find(s, name) : NULL;
    struct slip_digest digest;

    if (!f)
        return slip_fail(err, SLIP_EINPUT, "configuration '%s' is missing", name ? name : "?");
    if (f->text.len ? slip_blob_put(s->store, f->text.data, f->text.len, &digest, err) < 0
                    : (digest = f->digest,
                       slip_blob_text(s->store, &digest, SLIP_CONFIG_LIMIT, &stored, err) < 0))
        return -1;
    const struct slip_buf *text = f->text.len ? &f->text : &stored;
    slip_cleanup(slip_json_decrefp) json_t *config =
        slip_json_parse(text->data, text->len, name, err);
    if (!config || fill_layers(s, json_object_get(entry, "Layers"), config, &image, err) < 0)
        return -1;
    const struct slip_image_spec spec = { .layers = image.layers, .nlayers = image.nlayers };
    return slip_image_store_manifest(s->store, &digest, text->len, &spec, ret, err);
}

static bool has_tag(const json_t *tags, const char *tag)
{
    const json_t *value;
    size_t i;

    json_array_foreach (tags, i, value)
        if (json_is_string(value) && slip_names_match(json_string_value(value), tag))
            return true;
    return false;
}

static int finish_docker(struct saved *s, const char *tag, struct slip_digest *ret,
                         struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *list = document(s, "manifest.json", err);
    slip_cleanup(slip_buf_release) struct slip_buf there = SLIP_BUF_INIT;
    const json_t *entry, *found = NULL, *name;
    size_t i, j, matches = 0;

    if (!list)
        return -1;
    json_array_foreach (list, i, entry) {
        const json_t *tags = json_object_get(entry, "RepoTags");
        json_array_foreach (tags, j, name)
            if (json_is_string(name))
                slip_buf_printf(&there, "%s'%s'", there.len ? ", " : "", json_string_value(name));
        if (tag && !has_tag(tags, tag))
            continue;
        found = entry;
        matches++;
    }
    if (matches == 1)
        return finish_docker_entry(s, found, ret, err);
    if (!matches)
        slip_fail(err, SLIP_EINPUT, tag ? "it has no image '%s'" : "it has no image", tag);
    else
        slip_fail(err, SLIP_EINPUT, "it has several images");
    return there.len ? slip_error_hint(err, "%s: %s", matches ? "say which by its tag" : "it has",
                                       there.data)
                     : -1;
}

int slip_image_archive_import(struct slip_store *store, const char *path, const char *tag,
                              struct slip_digest *ret_manifest, struct slip_error *err)
{
    slip_cleanup(saved_release) struct saved s = { .store = store };
    slip_cleanup(slip_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return slip_fail_errno(err, "cannot open the image archive '%s'", path);
    if (take_all(&s, fd, err) < 0)
        return slip_error_context(err, "image archive '%s'", path);
    /* Newer versions of docker save write both; OCI's keeps the digest. */
    int rc = find(&s, "index.json") ? finish_oci(&s, tag, ret_manifest, err)
                                    : finish_docker(&s, tag, ret_manifest, err);
    return rc < 0 ? slip_error_context(err, "image archive '%s'", path) : 0;
}
