#include "image/descriptor.h"

#include <string.h>

#include "util/fs.h"
#include "util/map.h"
#include "util/mem.h"

#define DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"
#define MAX_DEPTH 4

int slip_descriptor_parse(const json_t *json, struct slip_descriptor *ret, struct slip_error *err)
{
    const char *digest = slip_json_str(json, "digest"), *type = slip_json_str(json, "mediaType");

    if (!digest)
        return slip_fail(err, SLIP_EINPUT, "a descriptor has no digest");
    if (slip_digest_parse(digest, &ret->digest, err) < 0 ||
        slip_json_size(json, "size", &ret->size, err) < 0)
        return -1;
    ret->media_type = type ? type : "";
    return 0;
}

json_t *slip_descriptor_json(const char *media_type, const struct slip_digest *digest,
                             uint64_t size)
{
    json_t *json = json_object();
    char name[72];

    json_object_set_new(json, "mediaType", json_string(media_type));
    json_object_set_new(json, "digest", json_string(slip_digest_name(digest, name)));
    json_object_set_new(json, "size", json_integer((json_int_t)size));
    return json;
}

const char *slip_layer_oci_type(const char *media_type)
{
    static const struct {
        const char *docker, *oci;
    } types[] = {
        { "application/vnd.docker.image.rootfs.diff.tar", SLIP_OCI_LAYER },
        { "application/vnd.docker.image.rootfs.diff.tar.gzip", SLIP_OCI_LAYER_GZIP },
        { "application/vnd.docker.image.rootfs.diff.tar.zstd", SLIP_OCI_LAYER_ZSTD },
        { "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", SLIP_OCI_LAYER_GZIP },
    };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(types); i++)
        if (strcmp(media_type, types[i].docker) == 0)
            return types[i].oci;
    return media_type;
}

int slip_blob_text(struct slip_store *store, const struct slip_digest *digest, uint64_t limit,
                   struct slip_buf *ret, struct slip_error *err)
{
    uint64_t size;
    struct slip_digest is;
    slip_cleanup(slip_closep) int fd = slip_blob_open(store, digest, &size, err);

    if (fd < 0)
        return -1;
    if (size > limit)
        return slip_fail(err, SLIP_EINPUT, "sha256:%s is larger than the %llu bytes it may have",
                         digest->hex, (unsigned long long)limit);
    slip_buf_clear(ret);
    ssize_t n = slip_read_full(fd, slip_buf_reserve(ret, (size_t)size + 1), (size_t)size);
    if (n < 0)
        return slip_fail_errno(err, "cannot read sha256:%s", digest->hex);
    ret->len = (size_t)n;
    ret->data[ret->len] = '\0';
    slip_digest_of(ret->data, ret->len, &is);
    if (!slip_digest_equal(&is, digest)) {
        slip_fail(err, SLIP_EINTEGRITY, "sha256:%s holds other bytes than its name says",
                  digest->hex);
        return slip_error_hint(err, "the store is damaged; 'slipway cache prune' and build again");
    }
    return 0;
}

/* What it says it is must be what it is. */
static int tell_apart(struct slip_document *doc, struct slip_error *err)
{
    const char *type = slip_json_str(doc->json, "mediaType");
    bool manifests = json_is_array(json_object_get(doc->json, "manifests"));
    bool layers =
        json_is_array(json_object_get(doc->json, "layers")) || json_object_get(doc->json, "config");

    if (manifests == layers)
        return slip_fail(err, SLIP_EINPUT, "%s",
                         manifests ? "it is an index and a manifest at once"
                                   : "it is neither an image manifest nor an index");
    if (type) {
        bool index = !strcmp(type, SLIP_OCI_INDEX) || !strcmp(type, DOCKER_LIST);
        bool manifest = !strcmp(type, SLIP_OCI_MANIFEST) || !strcmp(type, DOCKER_MANIFEST);
        if ((!index && !manifest) || index != manifests)
            return slip_fail(err, SLIP_EINPUT, "its media type '%.100s' is not what it holds",
                             type);
    }
    doc->is_index = manifests;
    doc->media_type = type ? type : manifests ? SLIP_OCI_INDEX : SLIP_OCI_MANIFEST;
    return 0;
}

int slip_document_load(struct slip_document *doc, struct slip_store *store,
                       const struct slip_digest *digest, struct slip_error *err)
{
    char name[72];

    slip_digest_name(digest, name);
    if (slip_blob_text(store, digest, SLIP_MANIFEST_LIMIT, &doc->text, err) < 0 ||
        !(doc->json = slip_json_parse(doc->text.data, doc->text.len, name, err)))
        return -1;
    return tell_apart(doc, err) < 0 ? slip_error_context(err, "manifest %s", name) : 0;
}

void slip_document_release(struct slip_document *doc)
{
    slip_buf_release(&doc->text);
    json_decref(doc->json);
    *doc = SLIP_DOCUMENT_INIT;
}

const char *slip_this_architecture(const char **ret_variant)
{
    *ret_variant = NULL;
#if defined(__x86_64__)
    return "amd64";
#elif defined(__aarch64__)
    *ret_variant = "v8";
    return "arm64";
#elif defined(__arm__)
    *ret_variant = __ARM_ARCH >= 7 ? "v7" : "v6";
    return "arm";
#elif defined(__i386__)
    return "386";
#elif defined(__powerpc64__)
    return "ppc64le";
#elif defined(__s390x__)
    return "s390x";
#elif defined(__riscv)
    return "riscv64";
#elif defined(__loongarch__)
    return "loong64";
#elif defined(__mips64)
    return "mips64le";
#else
#error "say how images name this architecture"
#endif
}

static void add_platform(struct slip_buf *list, const json_t *platform)
{
    const char *os = slip_json_str(platform, "os"), *arch = slip_json_str(platform, "architecture");
    const char *variant = slip_json_str(platform, "variant");

    if (!os || !arch || strcmp(os, "unknown") == 0) /* attestations of BuildKit */
        return;
    slip_buf_printf(list, "%s%s/%s%s%s", list->len ? ", " : "", os, arch, variant ? "/" : "",
                    variant ? variant : "");
}

/* 0: does not fit. More is better. */
static int fitness(const json_t *platform)
{
    const char *os = slip_json_str(platform, "os"), *arch = slip_json_str(platform, "architecture");
    const char *variant = slip_json_str(platform, "variant"), *ours;

    if (!platform)
        return 1; /* said nothing: better than nothing */
    if (!os || !arch || strcmp(os, "linux") != 0 ||
        strcmp(arch, slip_this_architecture(&ours)) != 0)
        return 0;
    if (!ours)
        return variant ? 3 : 4;
    return !variant ? 2 : strcmp(variant, ours) == 0 ? 4 : strcmp(variant, ours) < 0 ? 3 : 0;
}

int slip_index_pick(const json_t *index, struct slip_descriptor *ret, struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf there = SLIP_BUF_INIT;
    const char *variant, *arch = slip_this_architecture(&variant);
    const json_t *best = NULL, *entry;
    int best_fit = 0;
    size_t i;

    json_array_foreach (json_object_get(index, "manifests"), i, entry) {
        const json_t *platform = json_object_get(entry, "platform");
        int fit = fitness(platform);
        add_platform(&there, platform);
        if (fit > best_fit) {
            best = entry;
            best_fit = fit;
        }
    }
    if (best)
        return slip_descriptor_parse(best, ret, err);
    slip_fail(err, SLIP_EINPUT, "the image is not made for linux/%s", arch);
    return there.len ? slip_error_hint(err, "it is made for %s", slip_buf_str(&there)) : -1;
}

struct walk {
    struct slip_store *store; /* borrowed */
    struct slip_map seen;
    bool partial;
    int depth;
    int (*each)(void *user, const struct slip_descriptor *d, struct slip_error *err);
    void *user;
};

static void walk_release(struct walk *w)
{
    slip_map_release(&w->seen);
}

static int visit(struct walk *w, const struct slip_descriptor *d, struct slip_error *err)
{
    if (slip_map_get(&w->seen, d->digest.hex))
        return 0;
    slip_map_set(&w->seen, d->digest.hex, w);
    return w->each(w->user, d, err);
}

static int visit_json(struct walk *w, const json_t *json, struct slip_error *err)
{
    struct slip_descriptor d;

    return slip_descriptor_parse(json, &d, err) < 0 ? -1 : visit(w, &d, err);
}

static int walk(struct walk *w, const struct slip_digest *digest, struct slip_error *err);

static int walk_manifests(struct walk *w, const json_t *manifests, struct slip_error *err)
{
    const json_t *entry;
    size_t i;

    json_array_foreach (manifests, i, entry) {
        struct slip_descriptor d;
        if (slip_descriptor_parse(entry, &d, err) < 0)
            return -1;
        int has = w->partial ? slip_blob_has(w->store, &d.digest, err) : 1;
        if (has < 0 || (has && walk(w, &d.digest, err) < 0))
            return -1;
    }
    return 0;
}

static int walk(struct walk *w, const struct slip_digest *digest, struct slip_error *err)
{
    slip_cleanup(slip_document_release) struct slip_document doc = SLIP_DOCUMENT_INIT;
    const json_t *layer;
    size_t i;

    if (w->depth == MAX_DEPTH)
        return slip_fail(err, SLIP_EINPUT, "indexes refer to indexes more than %d deep", MAX_DEPTH);
    if (slip_document_load(&doc, w->store, digest, err) < 0)
        return -1;
    w->depth++;
    if (doc.is_index) {
        if (walk_manifests(w, json_object_get(doc.json, "manifests"), err) < 0)
            return -1;
    } else {
        json_array_foreach (json_object_get(doc.json, "layers"), i, layer)
            if (visit_json(w, layer, err) < 0)
                return -1;
        if (visit_json(w, json_object_get(doc.json, "config"), err) < 0)
            return -1;
    }
    w->depth--;
    const struct slip_descriptor own = { *digest, doc.text.len, doc.media_type };
    return visit(w, &own, err);
}

int slip_document_walk(struct slip_store *store, const struct slip_digest *root, bool partial,
                       int (*each)(void *user, const struct slip_descriptor *d,
                                   struct slip_error *err),
                       void *user, struct slip_error *err)
{
    slip_cleanup(walk_release) struct walk w = {
        .store = store, .partial = partial, .each = each, .user = user
    };

    return walk(&w, root, err);
}
