#include "registry/pull.h"

#include "image/descriptor.h"
#include "registry/fetch.h"
#include "registry/origin.h"
#include "registry/request.h"
#include "util/mem.h"
#include "util/str.h"

#define DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define DOCKER_INDEX "application/vnd.docker.distribution.manifest.list.v2+json"
#define DOCKER_SCHEMA_1 "application/vnd.docker.distribution.manifest.v1+"
#define TAGS_LIMIT ((size_t)1 << 20)
#define TAGS_SHOWN 8u

void slip_accept_documents(struct slip_strv *headers)
{
    slip_strv_add(headers, "Accept: " SLIP_OCI_INDEX ", " DOCKER_INDEX ", " SLIP_OCI_MANIFEST
                           ", " DOCKER_MANIFEST);
}

struct slip_request slip_repository_request(const struct slip_host *host, const char *repository,
                                            const char *scope, const char *path)
{
    return (struct slip_request){ .host = host,
                                  .repository = repository,
                                  .scope = scope,
                                  .path = path,
                                  .question = SLIP_QUESTION_INIT };
}

char *slip_pull_scope(const struct slip_host *host, const char *repository)
{
    return slip_xasprintf("repository:%s%s:pull", host->prefix, repository);
}

/* Asks for a manifest by tag or digest at one place. */
static int ask_manifest(struct slip_registry *r, const struct slip_host *host, bool once,
                        const struct slip_reference *ref, const char *which, const char *method,
                        struct slip_answer *ret, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv headers = SLIP_STRV_INIT;
    slip_cleanup(slip_freep) char *scope = slip_pull_scope(host, ref->repository);
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s/manifests/%s", ref->repository, which);
    struct slip_request request = slip_repository_request(host, ref->repository, scope, path);

    slip_accept_documents(&headers);
    request.once = once;
    request.question.method = method;
    request.question.headers = &headers;
    request.question.limit = SLIP_MANIFEST_LIMIT;
    if (slip_ask(r, &request, ret, err) < 0)
        return -1;
    if (ret->type && slip_starts_with(ret->type, DOCKER_SCHEMA_1)) {
        slip_fail(err, SLIP_EINPUT, "%s/%s:%s is an image of Docker's schema 1, which is obsolete",
                  host->name, ref->repository, which);
        return slip_error_hint(err, "push it again with a tool of this decade, such as skopeo copy "
                                    "--format oci");
    }
    return ret->status == 200 ? 0 : slip_refused(&request, "get its manifest", ret, err);
}

/* The tag that was probably meant. Best effort: not every registry lists. */
static void suggest_tag(struct slip_registry *r, const struct slip_host *host,
                        const struct slip_reference *ref, struct slip_error *err)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_answer_release) struct slip_answer answer = SLIP_ANSWER_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv tags = SLIP_STRV_INIT;
    slip_cleanup(slip_freep) char *scope = slip_pull_scope(host, ref->repository);
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s/tags/list?n=500", ref->repository);
    struct slip_request request = slip_repository_request(host, ref->repository, scope, path);

    request.once = true;
    request.question.limit = TAGS_LIMIT;
    if (slip_ask(r, &request, &answer, &ignored) < 0 || answer.status != 200)
        return;
    slip_cleanup(slip_json_decrefp) json_t *document =
        slip_json_parse(slip_buf_str(&answer.text), answer.text.len, "tags", &ignored);
    slip_json_to_strv(json_object_get(document, "tags"), &tags);
    if (tags.n == 0)
        return;
    slip_cleanup(slip_buf_release) struct slip_buf list = SLIP_BUF_INIT;
    for (size_t i = 0; i < tags.n && i < TAGS_SHOWN; i++)
        slip_buf_printf(&list, "%s%.40s", i ? ", " : "", tags.v[i]);
    const char *near = slip_suggest(ref->tag, (const char *const *)tags.v, tags.n);
    free(err->hint);
    err->hint = near ? slip_xasprintf("did you mean '%s:%s'?", ref->repository, near)
                     : slip_xasprintf("the repository has the tag%s %s%s", tags.n == 1 ? "" : "s",
                                      slip_buf_str(&list), tags.n > TAGS_SHOWN ? ", ..." : "");
}

/* Tries the mirrors, then the registry, whose error is the one that counts. */
static int ask_places(struct slip_registry *r, const struct slip_reference *ref, const char *which,
                      const char *method, struct slip_answer *ret, struct slip_error *err)
{
    const struct slip_places *places = slip_registry_places(r, ref->registry, err);

    for (size_t i = 0; places && i < places->n; i++) {
        slip_error_release(err);
        bool mirror = i + 1 < places->n; /* one that is in trouble is not waited for */
        if (ask_manifest(r, &places->v[i], mirror, ref, which, method, ret, err) == 0)
            return 0;
        if (err->code == SLIP_ECANCELLED)
            return -1;
        if (mirror)
            slip_note(r->options.events, "mirror %s is passed over: %s", places->v[i].name,
                      err->msg);
        else if (ret->status == 404 && ref->tag && strcmp(which, ref->tag) == 0)
            suggest_tag(r, &places->v[i], ref, err);
    }
    return -1;
}

static const char *wanted(const struct slip_reference *ref)
{
    return ref->digest ? ref->digest : ref->tag;
}

int slip_registry_resolve(struct slip_registry *r, const struct slip_reference *ref,
                          struct slip_digest *ret, struct slip_error *err)
{
    slip_cleanup(slip_answer_release) struct slip_answer answer = SLIP_ANSWER_INIT;
    slip_cleanup(slip_error_release) struct slip_error no_digest = SLIP_ERROR_INIT;

    if (ref->digest)
        return slip_digest_parse(ref->digest, ret, err);
    if (ask_places(r, ref, ref->tag, "HEAD", &answer, err) < 0)
        return -1;
    if (answer.digest && slip_digest_parse(answer.digest, ret, &no_digest) == 0)
        return 0;
    if (ask_places(r, ref, ref->tag, "GET", &answer, err) < 0)
        return -1;
    slip_digest_of(answer.text.data, answer.text.len, ret);
    return 0;
}

/* A document that says what it is must be served as that (CVE-2021-41190); the store's reader
 * checks that it is not two things at once. */
static int check_type(const struct slip_answer *answer, const char *what, struct slip_error *err)
{
    slip_cleanup(slip_error_release) struct slip_error why = SLIP_ERROR_INIT;
    slip_cleanup(slip_json_decrefp) json_t *document =
        slip_json_parse(answer->text.data ? answer->text.data : "", answer->text.len, what, &why);
    const char *said = slip_json_str(document, "mediaType");

    if (!json_is_object(document)) {
        slip_fail(err, SLIP_EREMOTE, "%s is no manifest: %s", what,
                  why.msg ? why.msg : "it is no JSON object");
        return slip_error_hint(err, "does a registry answer there, or a login page?");
    }
    if (json_integer_value(json_object_get(document, "schemaVersion")) == 1) {
        slip_fail(err, SLIP_EINPUT, "%s is an image of Docker's schema 1, which is obsolete", what);
        return slip_error_hint(err, "push it again with a tool of this decade");
    }
    if (said && answer->type && strcmp(said, answer->type) != 0 &&
        strncmp(answer->type, "application/vnd.", 16) == 0)
        return slip_fail(err, SLIP_EREMOTE, "%s is served as '%.80s' but says it is '%.80s'", what,
                         answer->type, said);
    return 0;
}

/* Fetches one document and puts it into the store; hashed before it is parsed. */
static int fetch_document(struct slip_registry *r, const struct slip_reference *ref,
                          const struct slip_digest *want, struct slip_store *store,
                          struct slip_digest *ret, struct slip_error *err)
{
    slip_cleanup(slip_answer_release) struct slip_answer answer = SLIP_ANSWER_INIT;
    char name[72];
    const char *which = want ? slip_digest_name(want, name) : wanted(ref);
    slip_cleanup(slip_freep) char *what =
        slip_xasprintf("%s/%s%c%s", ref->registry, ref->repository, want ? '@' : ':', which);

    if (want && slip_blob_has(store, want, err) == 1) {
        *ret = *want;
        return 0;
    }
    if (ask_places(r, ref, which, "GET", &answer, err) < 0)
        return -1;
    slip_digest_of(answer.text.data ? answer.text.data : "", answer.text.len, ret);
    if (want && !slip_digest_equal(want, ret))
        return slip_fail(err, SLIP_EINTEGRITY, "%s answers with sha256:%.12s for sha256:%.12s",
                         ref->registry, ret->hex, want->hex);
    if (answer.digest && strncmp(answer.digest, "sha256:", 7) == 0 &&
        strcmp(answer.digest + 7, ret->hex) != 0)
        return slip_fail(err, SLIP_EINTEGRITY,
                         "%s says its manifest is %.19s, but it is "
                         "sha256:%.12s",
                         what, answer.digest, ret->hex);
    if (check_type(&answer, what, err) < 0)
        return -1;
    return slip_blob_put(store, answer.text.data, answer.text.len, ret, err);
}

/* Children are asked for by digest at the same repository. */
static int fetch_config(struct slip_registry *r, const struct slip_reference *ref,
                        const json_t *manifest, struct slip_store *store, struct slip_error *err)
{
    struct slip_descriptor config;

    if (slip_descriptor_parse(json_object_get(manifest, "config"), &config, err) < 0)
        return slip_error_context(err, "the manifest's config");
    if (config.size > SLIP_CONFIG_LIMIT)
        return slip_fail(err, SLIP_EINPUT, "the image's configuration is too large");
    return slip_registry_fetch_blob(r, ref, &config.digest, config.size, store, -1, err);
}

static int note_origins(const struct slip_reference *ref, const json_t *manifest,
                        struct slip_store *store, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *repository =
        slip_xasprintf("%s/%s", ref->registry, ref->repository);
    const json_t *layers = json_object_get(manifest, "layers");
    struct slip_descriptor d;

    if (slip_descriptor_parse(json_object_get(manifest, "config"), &d, err) < 0 ||
        slip_origin_add(store, &d.digest, repository, err) < 0)
        return -1;
    for (size_t i = 0; i < json_array_size(layers); i++)
        if (slip_descriptor_parse(json_array_get(layers, i), &d, err) < 0 ||
            slip_origin_add(store, &d.digest, repository, err) < 0)
            return -1;
    return 0;
}

static int fetch_manifest(struct slip_registry *r, const struct slip_reference *ref,
                          const struct slip_digest *digest, struct slip_store *store,
                          struct slip_error *err)
{
    slip_cleanup(slip_document_release) struct slip_document doc = SLIP_DOCUMENT_INIT;

    if (slip_document_load(&doc, store, digest, err) < 0)
        return -1;
    if (doc.is_index)
        return slip_fail(err, SLIP_EINPUT, "an index within an index is no image");
    return fetch_config(r, ref, doc.json, store, err) < 0 ? -1
                                                          : note_origins(ref, doc.json, store, err);
}

int slip_registry_fetch_image(struct slip_registry *r, const struct slip_reference *ref,
                              const struct slip_digest *want, struct slip_store *store,
                              struct slip_digest *ret, struct slip_error *err)
{
    slip_cleanup(slip_document_release) struct slip_document doc = SLIP_DOCUMENT_INIT;
    struct slip_descriptor picked;
    struct slip_digest own, child;

    if (!want && ref->digest) {
        if (slip_digest_parse(ref->digest, &own, err) < 0)
            return -1;
        want = &own;
    }
    if (fetch_document(r, ref, want, store, ret, err) < 0 ||
        slip_document_load(&doc, store, ret, err) < 0)
        return -1;
    if (!doc.is_index)
        return fetch_manifest(r, ref, ret, store, err);
    if (slip_index_pick(doc.json, &picked, err) < 0)
        return slip_error_context(err, "%s/%s", ref->registry, ref->repository);
    if (fetch_document(r, ref, &picked.digest, store, &child, err) < 0)
        return -1;
    return fetch_manifest(r, ref, &child, store, err);
}
