/* bases.c - which image or directory a FROM, a --from or an IMAGE argument means. */
#include "build/builder.h"

#include <errno.h>
#include <fcntl.h>

#include "build/copytree.h"
#include "build/locate.h"
#include "build/remote.h"
#include "image/descriptor.h"
#include "image/reference.h"
#include "layer/apply.h"
#include "store/snapshot.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

static void identity_of(struct slip_resolved *ret, const char *kind, const char *what)
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;

    slip_sha256_field(&sha, kind);
    slip_sha256_field(&sha, what);
    slip_key_finish(&sha, ret->identity);
}

/* This machine's root: its package database, compiler and loader stand for it; a stage that runs
 * on the host is a promise by the user that the host is what it should be. */
static int resolve_host(struct slip_resolved *ret)
{
    static const char *const witnesses[] = { "/var/lib/dpkg/status",  "/var/lib/rpm/rpmdb.sqlite",
                                             "/lib/apk/db/installed", "/etc/os-release",
                                             "/etc/ld.so.cache",      "/usr/local/bin",
                                             "/usr/local/lib" };
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;

    slip_sha256_field(&sha, "host");
    for (size_t i = 0; i < SLIP_ARRAY_LEN(witnesses); i++) {
        struct stat st;
        if (stat(witnesses[i], &st) < 0)
            continue;
        slip_sha256_field(&sha, witnesses[i]);
        slip_sha256_number(&sha, (uint64_t)st.st_size);
        slip_sha256_number(&sha, (uint64_t)st.st_mtim.tv_sec);
        slip_sha256_number(&sha, (uint64_t)st.st_mtim.tv_nsec);
    }
    ret->host = true;
    slip_key_finish(&sha, ret->identity);
    return 0;
}

static int resolve_image(struct slip_sources *sources, const struct slip_input *input,
                         struct slip_resolved *ret, struct slip_error *err)
{
    struct slip_digest manifest;

    if (slip_locate_image(sources, input->name, &manifest, err) < 0 ||
        slip_sources_load(sources, input->name, &manifest, &ret->image, err) < 0) {
        if (!err->at.src)
            err->at = input->at;
        return -1;
    }
    ret->is_image = true;
    identity_of(ret, "image", ret->image.manifest_digest.hex);
    return 0;
}

static int resolve_rootfs(struct slip_store *store, const struct slip_input *input,
                          struct slip_resolved *ret, struct slip_error *err)
{
    char content[65];

    if (slip_locate_rootfs(store, input->name, content, &ret->is_dir, err) < 0) {
        if (!err->at.src)
            err->at = input->at;
        return -1;
    }
    identity_of(ret, "rootfs", content);
    return 0;
}

static int resolve_remote(struct slip_sources *sources, const struct slip_input *input,
                          struct slip_resolved *ret, struct slip_error *err)
{
    struct slip_fetched fetched;

    if (slip_remote_resolve(sources, input->remote, &fetched, err) < 0) {
        if (!err->at.src)
            err->at = input->at;
        return -1;
    }
    identity_of(ret, "remote", fetched.identity);
    return 0;
}

int slip_base_resolve(struct slip_sources *sources, const struct slip_input *input,
                      struct slip_resolved *ret, struct slip_error *err)
{
    switch (input->origin) {
    case SLIP_FROM_HOST:
        return resolve_host(ret);
    case SLIP_FROM_IMAGE:
        return resolve_image(sources, input, ret, err);
    case SLIP_FROM_ROOTFS:
        return resolve_rootfs(sources->store, input, ret, err);
    case SLIP_FROM_URL:
    case SLIP_FROM_GIT:
        return resolve_remote(sources, input, ret, err);
    default:
        identity_of(ret, "scratch", "");
        return 0;
    }
}

void slip_resolved_release(struct slip_resolved *resolved)
{
    slip_image_release(&resolved->image);
    *resolved = SLIP_RESOLVED_INIT;
}

int slip_base_config(struct slip_sources *sources, const struct slip_input *input, json_t **ret,
                     struct slip_error *err)
{
    slip_cleanup(slip_resolved_release) struct slip_resolved base = SLIP_RESOLVED_INIT;

    if (slip_base_resolve(sources, input, &base, err) < 0)
        return -1;
    json_t *config = base.is_image ? json_object_get(base.image.config, "config") : NULL;
    *ret = json_is_object(config) ? json_deep_copy(config) : json_object();
    return 0;
}

/* "docker.io/library/debian:12" for "debian:12@sha256:..."; "" for what is no reference. */
static char *reference_in_full(const char *name)
{
    slip_cleanup(slip_reference_release) struct slip_reference ref = SLIP_REFERENCE_INIT;
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;

    if (slip_starts_with(name, "oci:") || slip_starts_with(name, "oci-archive:") ||
        slip_starts_with(name, "docker-archive:") || slip_starts_with(name, "sha256:") ||
        slip_reference_from(&ref, name, &ignored) < 0)
        return slip_xstrdup("");
    free(SLIP_TAKE_PTR(ref.digest));
    return slip_reference_text(&ref);
}

int slip_stage_base_find(struct slip_sources *sources, const struct slip_stage *stage,
                         struct slip_stage_base *ret, struct slip_error *err)
{
    slip_cleanup(slip_resolved_release) struct slip_resolved base = SLIP_RESOLVED_INIT;
    const struct slip_input *input = &stage->steps[0]->base.input;

    if (input->origin == SLIP_FROM_STAGE)
        return slip_stage_base_find(sources, input->stage, ret, err);
    if (input->origin != SLIP_FROM_IMAGE)
        return 0;
    if (slip_base_resolve(sources, input, &base, err) < 0)
        return -1;
    ret->name = reference_in_full(input->name);
    ret->manifest = base.image.manifest_digest;
    ret->config = json_incref(json_object_get(base.image.config, "config"));
    return 0;
}

void slip_stage_base_release(struct slip_stage_base *base)
{
    free(base->name);
    json_decref(base->config);
    *base = SLIP_STAGE_BASE_INIT;
}

/* The layers of an image are unpacked when a step needs them, not before. */
static void take_layers(struct slip_base_parts *ret, const struct slip_image *image,
                        const char *name)
{
    ret->n = image->nlayers;
    ret->parts = slip_xcalloc(image->nlayers, sizeof *ret->parts);
    for (size_t i = 0; i < image->nlayers; i++) {
        const struct slip_image_layer *l = &image->layers[i];
        ret->parts[i] = (struct slip_part){
            .has_blob = true,
            .blob = { .diff_id = l->diff_id, .digest = l->digest, .size = l->size },
            .image = name,
        };
    }
}

static int unpack_rootfs(struct slip_builder *b, const struct slip_input *input, bool is_dir,
                         const char *id, struct slip_error *err)
{
    slip_cleanup(slip_snapshot_release) struct slip_snapshot draft = SLIP_SNAPSHOT_INIT;
    const struct slip_apply_options options = {
        .overlay = false,
        .userxattr = b->tier != SLIP_TIER_ROOT,
        .emulated = b->tier == SLIP_TIER_SINGLE,
        .keep_times = true,
    };
    slip_cleanup(slip_closep) int from =
        open(input->name, O_RDONLY | O_CLOEXEC | (is_dir ? O_DIRECTORY : 0));

    if (from < 0)
        return slip_fail_errno(err, "cannot open '%s'", input->name);
    if (slip_snapshot_begin(&draft, b->store, err) < 0)
        return -1;
    const struct slip_copy_tree copy = {
        .from = from,
        .source = "",
        .to = draft.fs,
        .dest = "",
        .emulated = b->tier == SLIP_TIER_SINGLE,
    };
    if ((is_dir ? slip_copy_tree(&copy, err) : slip_apply(from, draft.fs, &options, NULL, err)) < 0)
        return slip_error_context(err, "cannot unpack '%s'", input->name);
    return slip_snapshot_commit(&draft, id, err);
}

static int take_rootfs(struct slip_builder *b, const struct slip_input *input,
                       const struct slip_resolved *base, struct slip_base_parts *ret,
                       struct slip_error *err)
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;

    ret->parts = slip_xcalloc(1, sizeof *ret->parts);
    ret->n = 1;
    slip_sha256_field(&sha, "slipway rootfs 1");
    slip_sha256_field(&sha, base->identity);
    slip_sha256_field(&sha, b->tier_name);
    slip_key_finish(&sha, ret->parts[0].snapshot);
    if (slip_snapshot_has(b->store, ret->parts[0].snapshot))
        return 0;
    return unpack_rootfs(b, input, base->is_dir, ret->parts[0].snapshot, err);
}

/* A snapshot of files that belong to whoever builds is a layer as it is. */
static int take_remote(struct slip_builder *b, const struct slip_input *input,
                       struct slip_base_parts *ret, struct slip_error *err)
{
    struct slip_fetched fetched;

    if (slip_remote_fetch(b->sources, input->remote, &fetched, err) < 0) {
        if (!err->at.src)
            err->at = input->at;
        return -1;
    }
    ret->parts = slip_xcalloc(1, sizeof *ret->parts);
    ret->n = 1;
    memcpy(ret->parts[0].snapshot, fetched.snapshot, sizeof fetched.snapshot);
    return 0;
}

int slip_base_open(struct slip_builder *b, const struct slip_input *input,
                   struct slip_base_parts *ret, struct slip_error *err)
{
    slip_cleanup(slip_resolved_release) struct slip_resolved base = SLIP_RESOLVED_INIT;

    if (slip_base_resolve(b->sources, input, &base, err) < 0)
        return -1;
    memcpy(ret->identity, base.identity, sizeof ret->identity);
    ret->host = base.host;
    if (base.is_image)
        take_layers(ret, &base.image, input->name);
    /* In the lookup pass no tier is entered, and nothing can be unpacked yet. */
    if (input->origin == SLIP_FROM_ROOTFS && b->entered)
        return take_rootfs(b, input, &base, ret, err);
    if (input->remote && b->entered)
        return take_remote(b, input, ret, err);
    return 0;
}

void slip_base_parts_release(struct slip_base_parts *parts)
{
    free(parts->parts);
    *parts = SLIP_BASE_PARTS_INIT;
}

/* 1: the image that the input names is for `platform`. */
static int is_made_for(struct slip_builder *b, const struct slip_input *input, const char *platform,
                       struct slip_error *err)
{
    slip_cleanup(slip_resolved_release) struct slip_resolved base = SLIP_RESOLVED_INIT;
    const char *arch = strchr(platform, '/');

    if (input->origin != SLIP_FROM_IMAGE || !arch)
        return 0;
    if (slip_base_resolve(b->sources, input, &base, err) < 0)
        return -1;
    const char *is = slip_json_str(base.image.config, "architecture");
    return is && strlen(is) == strcspn(arch + 1, "/") && strncmp(arch + 1, is, strlen(is)) == 0;
}

/* Nothing has no platform; and the host is what it is: its compilers may well make programs for
 * another one. Registries are asked for this machine's images, so one for another is there only
 * when it was made here. */
static int check_platform(struct slip_builder *b, const struct slip_step *step,
                          struct slip_error *err)
{
    const char *variant, *platform = step->base.platform;
    const struct slip_input *input = &step->base.input;
    slip_cleanup(slip_freep) char *own =
        slip_xasprintf("linux/%s", slip_this_architecture(&variant));
    size_t n = strlen(own);

    if (!platform || strcmp(platform, "linux") == 0 || input->origin == SLIP_FROM_SCRATCH ||
        input->origin == SLIP_FROM_HOST || input->origin == SLIP_FROM_STAGE ||
        (strncmp(platform, own, n) == 0 && (!platform[n] || platform[n] == '/')))
        return 0;
    int made = is_made_for(b, input, platform, err);
    if (made)
        return made < 0 ? -1 : 0;
    slip_fail_at(err, step->at, "a base for '%s' cannot be used on this machine, which is %s",
                 platform, own);
    return slip_error_hint(err,
                           "steps run on this machine: build there, or cross-compile in a stage "
                           "of this platform (FROM --platform=$BUILDPLATFORM) for an image on "
                           "scratch");
}

int slip_op_base(struct slip_builder *b, struct slip_node *node, struct slip_error *err)
{
    const struct slip_input *input = &node->step->base.input;

    if (check_platform(b, node->step, err) < 0)
        return -1;
    if (input->origin == SLIP_FROM_STAGE) {
        memcpy(node->identity, slip_node_of_stage(b, input->stage)->identity, 65);
        return 0;
    }
    if (input->origin == SLIP_FROM_CONTEXT)
        return slip_fail_at(err, input->at, "a build context cannot be a base");
    slip_base_parts_release(&node->base);
    if (slip_base_open(b, input, &node->base, err) < 0)
        return -1;
    memcpy(node->identity, node->base.identity, sizeof node->identity);
    return 0;
}
