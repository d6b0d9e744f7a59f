#include "registry/tagged.h"

#include "image/descriptor.h"
#include "registry/fetch.h"
#include "util/mem.h"
#include "util/str.h"

#define WRITES 5u /* of one tag, when others write it too */

int slip_tagged_reader(struct slip_upload *up, struct slip_registry *registry,
                       const struct slip_reference *ref, struct slip_error *err)
{
    if (slip_upload_init(up, registry, NULL, ref, err) < 0)
        return -1;
    free(up->scope); /* who may only pull is given no token to push */
    up->scope = slip_pull_scope(up->host, ref->repository);
    return 0;
}

int slip_tagged_ask(struct slip_upload *up, const char *path, const char *url,
                    struct slip_answer *ret, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv headers = SLIP_STRV_INIT;
    struct slip_request request =
        slip_repository_request(up->host, up->to->repository, up->scope, path);

    slip_accept_documents(&headers);
    request.question.url = url;
    request.question.headers = &headers;
    request.question.limit = SLIP_MANIFEST_LIMIT;
    return slip_ask(up->registry, &request, ret, err);
}

int slip_tagged_refused(struct slip_upload *up, const char *what, const struct slip_answer *answer,
                        struct slip_error *err)
{
    const struct slip_request request =
        slip_repository_request(up->host, up->to->repository, up->scope, NULL);

    return slip_refused(&request, what, answer, err);
}

int slip_tagged_read(struct slip_upload *up, const char *tag, struct slip_answer *answer,
                     json_t **ret, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *path =
        slip_xasprintf("%s/manifests/%s", up->to->repository, tag);

    if (slip_tagged_ask(up, path, NULL, answer, err) < 0)
        return -1;
    if (answer->status == 404)
        return 0;
    if (answer->status != 200)
        return slip_tagged_refused(up, "read a tag", answer, err);
    *ret = slip_json_parse(slip_buf_str(&answer->text), answer->text.len, tag, err);
    if (*ret)
        return 1;
    err->code = SLIP_EREMOTE;
    return slip_error_context(err, "%s", up->host->name);
}

static int write_back(struct slip_upload *up, const char *tag, const char *media_type,
                      const json_t *document, const char *etag, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *text = slip_json_text(document);
    struct slip_digest digest;

    if (strlen(text) > SLIP_MANIFEST_LIMIT)
        return slip_fail(err, SLIP_EINPUT, "it would hold more than a registry takes");
    if (slip_blob_put(up->store, text, strlen(text), &digest, err) < 0)
        return -1;
    bool strong = etag && !slip_starts_with(etag, "W/"); /* a weak one never matches */
    return slip_upload_manifest(up, &digest, media_type, tag, strong ? etag : NULL, err);
}

int slip_tagged_update(struct slip_upload *up, const char *tag, const char *media_type,
                       slip_tagged_fn *change, void *user, struct slip_error *err)
{
    for (unsigned tries = 0; tries < WRITES; tries++) {
        slip_cleanup(slip_answer_release) struct slip_answer answer = SLIP_ANSWER_INIT;
        slip_cleanup(slip_json_decrefp) json_t *there = NULL;
        slip_cleanup(slip_json_decrefp) json_t *wanted = NULL;
        unsigned ms = tries > 1 ? slip_retry_after_ms(up->registry, tries - 1, NULL) : 0;
        if (slip_registry_pause(up->registry, ms, err) < 0 ||
            slip_tagged_read(up, tag, &answer, &there, err) < 0)
            return -1;
        if (change(user, there, &wanted, err) < 0)
            return slip_error_context(err, "tag '%s'", tag);
        if (!wanted)
            return 0;
        if (write_back(up, tag, media_type, wanted, answer.etag, err) < 0)
            return slip_error_context(err, "tag '%s'", tag);
    }
    slip_fail(err, SLIP_EREMOTE, "tag '%s' does not keep what is written to it", tag);
    return slip_error_hint(err, "others may be writing to it: try again");
}
