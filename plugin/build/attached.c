#include "build/attached.h"

#include <string.h>

#include "build/locate.h"
#include "image/signature.h"
#include "image/statement.h"
#include "registry/companions.h"
#include "registry/origin.h"
#include "registry/referrers.h"
#include "util/mem.h"
#include "util/str.h"

int slip_attached_repository(struct slip_sources *s, const char *name,
                             const struct slip_digest *manifest, struct slip_reference *ret,
                             struct slip_error *err)
{
    slip_cleanup(slip_image_release) struct slip_image image = SLIP_IMAGE_INIT;
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv origins = SLIP_STRV_INIT;

    if (!s->registry || slip_starts_with(name, "oci:") || strstr(name, "-archive:") ||
        slip_image_reference(ret, name, &ignored) < 0)
        return 0;
    if (slip_sources_load(s, name, manifest, &image, err) < 0 ||
        slip_origin_list(s->store, &image.config_digest, &origins, err) < 0)
        return -1;
    slip_cleanup(slip_freep) char *own = slip_xasprintf("%s/%s", ret->registry, ret->repository);
    return slip_strv_has(&origins, own);
}

int slip_attached_list(struct slip_sources *s, const char *name, const struct slip_digest *manifest,
                       json_t **ret, struct slip_error *err)
{
    slip_cleanup(slip_reference_release) struct slip_reference ref = SLIP_REFERENCE_INIT;
    slip_cleanup(slip_json_decrefp) json_t *list = slip_referrers_list(s->store, manifest);
    slip_cleanup(slip_json_decrefp) json_t *there = NULL;
    int known = slip_attached_repository(s, name, manifest, &ref, err);

    if (known < 0 ||
        (known && slip_registry_referrers(s->registry, &ref, manifest, &there, err) < 0))
        return -1;
    slip_referrers_merge(list, there);
    *ret = SLIP_TAKE_PTR(list);
    return 0;
}

int slip_attached_fetch_companion(struct slip_sources *s, const char *name,
                                  const struct slip_digest *manifest, enum slip_companion kind,
                                  struct slip_error *err)
{
    slip_cleanup(slip_reference_release) struct slip_reference ref = SLIP_REFERENCE_INIT;
    uint64_t limit = kind == SLIP_COMPANION_SIG ? SLIP_PAYLOAD_LIMIT : SLIP_STATEMENT_LIMIT;
    int known = slip_attached_repository(s, name, manifest, &ref, err);

    return known <= 0 ? known
                      : slip_registry_fetch_companion(s->registry, &ref, manifest, kind, limit,
                                                      s->store, err);
}

int slip_attached_fetch(struct slip_sources *s, const char *name,
                        const struct slip_digest *manifest, struct slip_error *err)
{
    slip_cleanup(slip_reference_release) struct slip_reference ref = SLIP_REFERENCE_INIT;
    slip_cleanup(slip_json_decrefp) json_t *list = NULL;
    int known = slip_attached_repository(s, name, manifest, &ref, err);
    const json_t *entry;
    size_t i;

    if (known <= 0 || slip_registry_referrers(s->registry, &ref, manifest, &list, err) < 0)
        return known ? -1 : 0;
    json_array_foreach (list, i, entry) {
        struct slip_descriptor d;
        if (slip_descriptor_parse(entry, &d, err) < 0 ||
            slip_registry_fetch_referrer(s->registry, &ref, manifest, &d.digest, s->store, err) < 0)
            return slip_error_context(err, "what is attached to '%s'", name);
    }
    for (int kind = 0; kind < SLIP_COMPANIONS; kind++)
        if (slip_attached_fetch_companion(s, name, manifest, kind, err) < 0)
            return -1;
    return 0;
}

static bool is_meant(const json_t *entry, const char *which)
{
    const char *digest = slip_json_str(entry, "digest");
    const char *type = slip_json_str(entry, "artifactType");
    size_t n = strlen(which), m = type ? strlen(type) : 0;

    if (digest && (strcmp(digest, which) == 0 || strcmp(digest + 7, which) == 0))
        return true;
    return m >= n && strcmp(type + m - n, which) == 0 && (m == n || strchr("/.+", type[m - n - 1]));
}

/* Fit for a terminal: whoever attached it chose the text. */
static bool is_plain(const char *type)
{
    return type && !type[strspn(type, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789!#$&^_.+-/")];
}

static int pick(const json_t *list, const char *which, struct slip_digest *ret,
                struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf types = SLIP_BUF_INIT;
    const json_t *entry;
    size_t i, found = 0;

    json_array_foreach (list, i, entry) {
        struct slip_descriptor d;
        const char *type = slip_json_str(entry, "artifactType");
        slip_buf_printf(&types, "%s%.100s", i ? ", " : "", is_plain(type) ? type : "?");
        if (!is_meant(entry, which))
            continue;
        if (slip_descriptor_parse(entry, &d, err) < 0)
            return -1;
        *ret = d.digest;
        found++;
    }
    if (found == 1)
        return 0;
    slip_fail(err, SLIP_EUSAGE,
              found ? "'%s' means %zu of the attached documents" : "no '%s' is attached", which,
              found);
    if (found)
        return slip_error_hint(err, "name it by its digest, as 'slipway inspect --referrers' says");
    return types.len ? slip_error_hint(err, "attached are %s", slip_buf_str(&types)) : -1;
}

int slip_attached_find(struct slip_sources *s, const char *name, const struct slip_digest *manifest,
                       const char *which, struct slip_digest *ret, struct slip_error *err)
{
    slip_cleanup(slip_reference_release) struct slip_reference ref = SLIP_REFERENCE_INIT;
    slip_cleanup(slip_json_decrefp) json_t *own = slip_referrers_list(s->store, manifest);
    slip_cleanup(slip_error_release) struct slip_error elsewhere = SLIP_ERROR_INIT;
    slip_cleanup(slip_json_decrefp) json_t *list = NULL;

    if (pick(own, which, ret, &elsewhere) == 0)
        return 0;
    if (slip_attached_list(s, name, manifest, &list, err) < 0 || pick(list, which, ret, err) < 0)
        return -1;
    if (slip_attached_repository(s, name, manifest, &ref, err) < 0)
        return -1;
    return slip_registry_fetch_referrer(s->registry, &ref, manifest, ret, s->store, err);
}
