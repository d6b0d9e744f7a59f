#include "build/sources.h"

#include <stdlib.h>
#include <string.h>

#include "build/builder.h"
#include "build/locate.h"
#include "util/side.h"
#include "registry/origin.h"
#include "registry/pull.h"
#include "store/blob.h"
#include "store/record.h"
#include "util/mem.h"
#include "util/str.h"

void slip_sources_init(struct slip_sources *sources, struct slip_store *store)
{
    *sources = (struct slip_sources){ .store = store, .mutex = PTHREAD_MUTEX_INITIALIZER };
}

void slip_sources_release(struct slip_sources *sources)
{
    for (size_t i = 0; i < sources->known.n; i++)
        free(sources->known.entries[i].value);
    for (size_t i = 0; i < sources->remotes.n; i++)
        free(sources->remotes.entries[i].value);
    slip_map_release(&sources->known);
    slip_map_release(&sources->remotes);
    pthread_mutex_destroy(&sources->mutex);
}

/* The key of the record that keeps what a registry said of a name. */
static void answer_key(const char *full, char ret[65])
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;

    slip_sha256_field(&sha, "slipway answer 1");
    slip_sha256_field(&sha, full);
    slip_key_finish(&sha, ret);
}

static int unknown(struct slip_sources *s, const char *familiar, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    if (slip_ref_list(s->store, &names, err) < 0)
        return -1;
    const char *near = slip_suggest(familiar, (const char *const *)names.v, names.n);
    slip_fail(err, SLIP_EINPUT, "no image '%s' in the store", familiar);
    if (near)
        return slip_error_hint(err, "did you mean '%s'?", near);
    return slip_error_hint(err, "'slipway images' lists what there is; an image can also be named "
                                "as oci:DIR[:TAG], oci-archive:FILE, docker-archive:FILE or "
                                "rootfs:DIR-or-TAR");
}

/* Most names that no registry knows are those of local images, mistyped. */
static void suggest_local(struct slip_sources *s, const char *familiar, struct slip_error *err)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    if (err->code != SLIP_EREMOTE || slip_ref_list(s->store, &names, &ignored) < 0)
        return;
    const char *near = slip_suggest(familiar, (const char *const *)names.v, names.n);
    if (!near || strcmp(near, familiar) == 0)
        return;
    free(err->hint);
    err->hint = slip_xasprintf("the store has an image '%s'", near);
}

static int fetch(struct slip_sources *s, const struct slip_reference *ref, const char *familiar,
                 const struct slip_digest *want, struct slip_digest *ret, struct slip_error *err)
{
    if (!s->registry)
        return unknown(s, familiar, err);
    if (slip_registry_fetch_image(s->registry, ref, want, s->store, ret, err) == 0)
        return 0;
    suggest_local(s, familiar, err);
    return slip_error_context(err, "cannot pull '%s'", familiar);
}

int slip_sources_refresh(struct slip_sources *s, const struct slip_reference *ref,
                         struct slip_digest *ret, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *full = slip_reference_text(ref);
    slip_cleanup(slip_freep) char *familiar = slip_reference_familiar(ref);
    struct slip_digest want;
    char key[65];

    if ((ref->digest && slip_digest_parse(ref->digest, &want, err) < 0) ||
        fetch(s, ref, familiar, ref->digest ? &want : NULL, ret, err) < 0)
        return -1;
    answer_key(full, key);
    return slip_remember_manifest(s->store, key, ret, err);
}

static int pinned(struct slip_sources *s, const struct slip_reference *ref, const char *familiar,
                  const struct slip_digest *want, struct slip_digest *ret, struct slip_error *err)
{
    int held = slip_blob_has(s->store, want, err);

    if (held < 0)
        return -1;
    *ret = *want;
    return held ? 0 : fetch(s, ref, familiar, want, ret, err);
}

static int refuse(const struct slip_sources *s, const char *full, struct slip_error *err)
{
    slip_fail(err, SLIP_EPOLICY, "'%s' is not pinned in '%s'", full,
              s->lock ? s->lock->path : "slipway.lock");
    return slip_error_hint(err, "'slipway lock' pins what the names mean now");
}

static int look_up(struct slip_sources *s, const struct slip_reference *ref, const char *full,
                   struct slip_digest *ret, struct slip_error *err)
{
    const struct slip_digest *pin = s->lock ? slip_lockfile_get(s->lock, full) : NULL;
    slip_cleanup(slip_freep) char *familiar = slip_reference_familiar(ref);
    struct slip_digest want, answer;
    char key[65];

    if (ref->digest && slip_digest_parse(ref->digest, &want, err) < 0)
        return -1;
    if (pin || ref->digest)
        return pinned(s, ref, familiar, pin ? pin : &want, ret, err);
    if (s->locked)
        return refuse(s, full, err);
    int named = slip_ref_get(s->store, familiar, ret, err);
    if (named < 0)
        return -1;
    answer_key(full, key);
    bool asked = slip_remembered_manifest(s->store, key, &answer);
    bool local = named && !(asked && slip_digest_equal(&answer, ret));
    if (local || (named && !s->pull))
        return 0;
    if (asked && !s->pull) {
        *ret = answer;
        return 0;
    }
    if (slip_sources_refresh(s, ref, ret, err) < 0)
        return -1;
    return named ? slip_ref_set(s->store, familiar, ret, err) : 0; /* a name that `pull` gave */
}

int slip_sources_find(struct slip_sources *s, const struct slip_reference *ref,
                      struct slip_digest *ret, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *full = slip_reference_text(ref);

    pthread_mutex_lock(&s->mutex); /* held while asking: nobody asks twice */
    const struct slip_digest *known = slip_map_get(&s->known, full);
    int rc = known ? 0 : look_up(s, ref, full, ret, err);
    if (known) {
        *ret = *known;
    } else if (rc == 0) {
        struct slip_digest *kept = slip_xmalloc(sizeof *kept);
        *kept = *ret;
        slip_map_set(&s->known, full, kept);
    }
    pthread_mutex_unlock(&s->mutex);
    return rc;
}

int slip_sources_load(struct slip_sources *s, const char *name, const struct slip_digest *manifest,
                      struct slip_image *ret, struct slip_error *err)
{
    slip_cleanup(slip_reference_release) struct slip_reference ref = SLIP_REFERENCE_INIT;
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    struct slip_digest again;

    if (slip_image_load(s->store, manifest, ret, err) == 0)
        return 0;
    if (!s->registry || !name || slip_reference_from(&ref, name, &ignored) < 0)
        return -1;
    slip_image_release(ret);
    if (slip_registry_fetch_image(s->registry, &ref, manifest, s->store, &again, &ignored) < 0)
        return -1;
    slip_error_release(err);
    return slip_image_load(s->store, manifest, ret, err);
}

/* Whatever is known to have the blob, then the repository of `name`. */
static void list_repositories(struct slip_sources *s, const char *name,
                              const struct slip_digest *digest, struct slip_strv *ret)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_reference_release) struct slip_reference ref = SLIP_REFERENCE_INIT;

    (void)slip_origin_list(s->store, digest, ret, &ignored);
    slip_error_release(&ignored);
    if (name && slip_reference_from(&ref, name, &ignored) == 0) {
        slip_cleanup(slip_freep) char *own = slip_xasprintf("%s/%s", ref.registry, ref.repository);
        if (!slip_strv_has(ret, own))
            slip_strv_add_take(ret, SLIP_TAKE(own, NULL));
    }
}

int slip_sources_layer(struct slip_sources *s, const char *name, const struct slip_digest *digest,
                       uint64_t size, int tee, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv repositories = SLIP_STRV_INIT;
    int rc = -1, held = slip_blob_has(s->store, digest, err);

    if (held < 0 || (held && tee < 0))
        return held < 0 ? -1 : 0;
    list_repositories(s, name, digest, &repositories);
    if (!s->registry || repositories.n == 0) {
        slip_fail(err, SLIP_EINPUT, "the store has lost layer sha256:%.12s", digest->hex);
        return slip_error_hint(err, s->registry ? "pull or build the image anew"
                                                : "allow registries to be asked");
    }
    /* The first that fails is the one to tell of: it was the latest known to work. */
    for (size_t i = 0; rc < 0 && i < repositories.n; i++) {
        slip_cleanup(slip_reference_release) struct slip_reference ref = SLIP_REFERENCE_INIT;
        slip_cleanup(slip_error_release) struct slip_error later = SLIP_ERROR_INIT;
        struct slip_error *why = i == 0 ? err : &later;
        if (slip_reference_from(&ref, repositories.v[i], why) < 0)
            continue;
        rc = slip_registry_fetch_blob(s->registry, &ref, digest, size, s->store, tee, why);
    }
    if (rc == 0)
        slip_error_release(err);
    return rc;
}

struct completion {
    struct slip_sources *sources;
    const char *name;
    const struct slip_image *image;
};

static int complete_one(void *user, size_t i, struct slip_error *err)
{
    const struct completion *c = user;
    const struct slip_image_layer *layer = &c->image->layers[i];

    return slip_sources_layer(c->sources, c->name, &layer->digest, layer->size, -1, err);
}

int slip_sources_complete(struct slip_sources *s, const char *name, const struct slip_image *image,
                          struct slip_error *err)
{
    struct completion c = { s, name, image };
    bool all = true;

    for (size_t i = 0; all && i < image->nlayers; i++)
        all = slip_blob_has(s->store, &image->layers[i].digest, err) == 1;
    slip_error_release(err);
    return all ? 0 : slip_side_by_side(image->nlayers, complete_one, &c, err);
}
