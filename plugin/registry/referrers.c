#include "registry/referrers.h"

#include "registry/fetch.h"
#include "registry/pull.h"
#include "registry/tagged.h"
#include "registry/url.h"
#include "util/mem.h"
#include "util/str.h"

#define PAGES 8u

/* --- listing -----------------------------------------------------------------------------------
 */

/* Says that it does not know the question, or answers with a page of its own. */
static bool knows_no_referrers(const struct slip_answer *answer)
{
    return answer->status == 400 || answer->status == 404 || answer->status == 405 ||
           answer->status == 501 ||
           (answer->status == 200 && (!answer->type || strcmp(answer->type, SLIP_OCI_INDEX) != 0));
}

/* `Link: </v2/...?last=x>; rel="next"`, made whole. NULL: this was the last page. Caller frees. */
static char *next_page(struct slip_upload *up, const char *url, const char *link)
{
    const struct slip_curl *curl = slip_curl_load(NULL);

    if (!link || *link != '<' || !strchr(link, '>') || !strstr(link, "next"))
        return NULL;
    slip_cleanup(slip_freep) char *target = slip_xstrndup(link + 1, strcspn(link + 1, ">"));
    slip_cleanup(slip_freep) char *base = slip_host_url(up->registry, up->host, url);
    return slip_url_resolve(curl, base, target);
}

/* 1: *list has what the registry itself knows. 0: it does not do that. -1. */
static int ask_registry(struct slip_upload *up, const struct slip_digest *subject, json_t *list,
                        struct slip_error *err)
{
    slip_cleanup(slip_freep) char *path =
        slip_xasprintf("%s/referrers/sha256:%s", up->to->repository, subject->hex);
    slip_cleanup(slip_freep) char *next = NULL;

    for (unsigned page = 0; page == 0 || (next && page < PAGES); page++) {
        slip_cleanup(slip_answer_release) struct slip_answer answer = SLIP_ANSWER_INIT;
        if (slip_tagged_ask(up, next ? NULL : path, next, &answer, err) < 0)
            return -1;
        if (page == 0 && knows_no_referrers(&answer))
            return 0;
        if (answer.status != 200)
            return slip_tagged_refused(up, "list its referrers", &answer, err);
        slip_cleanup(slip_json_decrefp) json_t *index =
            slip_json_parse(slip_buf_str(&answer.text), answer.text.len, "referrers", err);
        if (!index) {
            err->code = SLIP_EREMOTE;
            return slip_error_context(err, "%s", up->host->name);
        }
        slip_referrers_merge(list, json_object_get(index, "manifests"));
        free(next);
        next = next_page(up, path, answer.link);
    }
    return 1;
}

static char *fallback_tag(const struct slip_digest *subject)
{
    return slip_xasprintf("sha256-%s", subject->hex);
}

static int ask_tag(struct slip_upload *up, const struct slip_digest *subject, json_t *list,
                   struct slip_error *err)
{
    slip_cleanup(slip_answer_release) struct slip_answer answer = SLIP_ANSWER_INIT;
    slip_cleanup(slip_freep) char *tag = fallback_tag(subject);
    slip_cleanup(slip_json_decrefp) json_t *index = NULL;
    int found = slip_tagged_read(up, tag, &answer, &index, err);

    if (found > 0)
        slip_referrers_merge(list, json_object_get(index, "manifests"));
    return found < 0 ? -1 : 0;
}

int slip_registry_referrers(struct slip_registry *registry, const struct slip_reference *ref,
                            const struct slip_digest *subject, json_t **ret, struct slip_error *err)
{
    slip_cleanup(slip_upload_release) struct slip_upload up = { 0 };
    slip_cleanup(slip_json_decrefp) json_t *list = json_array();

    if (slip_tagged_reader(&up, registry, ref, err) < 0)
        return -1;
    int known = ask_registry(&up, subject, list, err);
    if (known == 0)
        known = ask_tag(&up, subject, list, err);
    if (known < 0)
        return slip_error_context(err, "what refers to %s/%s", ref->registry, ref->repository);
    *ret = SLIP_TAKE_PTR(list);
    return 0;
}

/* --- fetching ----------------------------------------------------------------------------------
 */

static int fetch_documents(struct slip_registry *registry, const struct slip_reference *ref,
                           const struct slip_digest *referrer, struct slip_store *store,
                           struct slip_error *err)
{
    slip_cleanup(slip_document_release) struct slip_document doc = SLIP_DOCUMENT_INIT;
    const json_t *layer;
    size_t i;

    if (slip_document_load(&doc, store, referrer, err) < 0)
        return -1;
    json_array_foreach (json_object_get(doc.json, "layers"), i, layer) {
        struct slip_descriptor d;
        if (slip_descriptor_parse(layer, &d, err) < 0)
            return -1;
        if (d.size > SLIP_REFERRER_LIMIT)
            return slip_fail(err, SLIP_EINPUT, "the attached document sha256:%.12s is too large",
                             d.digest.hex);
        if (slip_registry_fetch_blob(registry, ref, &d.digest, d.size, store, -1, err) < 0)
            return -1;
    }
    return 0;
}

int slip_registry_fetch_referrer(struct slip_registry *registry, const struct slip_reference *ref,
                                 const struct slip_digest *subject,
                                 const struct slip_digest *referrer, struct slip_store *store,
                                 struct slip_error *err)
{
    struct slip_digest got;

    if (slip_registry_fetch_image(registry, ref, referrer, store, &got, err) < 0 ||
        fetch_documents(registry, ref, referrer, store, err) < 0)
        return -1;
    return slip_referrer_add(store, subject, referrer, err);
}

/* --- pushing -----------------------------------------------------------------------------------
 */

static int push_all(struct slip_registry *registry, struct slip_store *store, const json_t *list,
                    const struct slip_reference *to, struct slip_push_counts *counts,
                    struct slip_error *err)
{
    const json_t *entry;
    size_t i;

    json_array_foreach (list, i, entry) {
        slip_cleanup(slip_freep) char *digest = slip_xstrdup(slip_json_str(entry, "digest"));
        struct slip_reference as = { to->registry, to->repository, NULL, digest };
        struct slip_push_counts one = { 0 };
        struct slip_digest own;
        if (slip_digest_parse(digest, &own, err) < 0 ||
            slip_registry_push(registry, store, &own, &as, &one, err) < 0)
            return slip_error_context(err, "an attached document");
        counts->present += one.present;
        counts->mounted += one.mounted;
        counts->uploaded += one.uploaded;
        counts->bytes += one.bytes;
    }
    return 0;
}

/* The list as it should be; NULL: as it is. */
static int add_to_index(void *user, const json_t *there, json_t **ret, struct slip_error *err)
{
    const json_t *ours = user, *manifests = json_object_get(there, "manifests");

    if (there && !json_is_array(manifests)) {
        slip_fail(err, SLIP_EREMOTE, "what stands there is no list of referrers");
        return slip_error_hint(err, "remove the tag and push again");
    }
    json_t *index = there ? json_deep_copy(there) : json_object();
    if (!there) {
        json_object_set_new(index, "schemaVersion", json_integer(2));
        json_object_set_new(index, "mediaType", json_string(SLIP_OCI_INDEX));
        json_object_set_new(index, "manifests", json_array());
    }
    if (slip_referrers_merge(json_object_get(index, "manifests"), ours))
        *ret = index;
    else
        json_decref(index);
    return 0;
}

/* A registry that lists referrers has taken note by itself: the specification wants it to say so in
 * OCI-Subject at once, but asking also tells for those that were there before. */
static int make_listed(struct slip_upload *up, const struct slip_digest *subject, json_t *ours,
                       struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *listed = json_array();
    slip_cleanup(slip_freep) char *tag = fallback_tag(subject);
    int known = ask_registry(up, subject, listed, err);

    if (known)
        return known < 0 ? -1 : 0;
    return slip_tagged_update(up, tag, SLIP_OCI_INDEX, add_to_index, ours, err);
}

int slip_registry_push_referrers(struct slip_registry *registry, struct slip_store *store,
                                 const struct slip_digest *subject, const struct slip_reference *to,
                                 struct slip_push_counts *counts, struct slip_error *err)
{
    slip_cleanup(slip_upload_release) struct slip_upload up = { 0 };
    slip_cleanup(slip_json_decrefp) json_t *list = slip_referrers_list(store, subject);

    if (json_array_size(list) == 0)
        return 0;
    if (push_all(registry, store, list, to, counts, err) < 0 ||
        slip_upload_init(&up, registry, store, to, err) < 0 ||
        make_listed(&up, subject, list, err) < 0)
        return slip_error_context(err, "cannot attach to %s/%s", to->registry, to->repository);
    return 0;
}
