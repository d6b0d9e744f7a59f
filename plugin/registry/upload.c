#include "registry/upload.h"

#include <inttypes.h>

#include "image/descriptor.h"
#include "registry/fetch.h"
#include "util/mem.h"
#include "util/str.h"

#define CHUNK ((uint64_t)16 << 20)
#define TELL_BYTES ((uint64_t)1 << 20) /* between two events */

int slip_upload_init(struct slip_upload *up, struct slip_registry *registry,
                     struct slip_store *store, const struct slip_reference *to,
                     struct slip_error *err)
{
    const struct slip_places *places = slip_registry_places(registry, to->registry, err);

    *up = (struct slip_upload){ .registry = registry, .store = store, .to = to };
    if (!places)
        return -1;
    up->host = &places->v[places->n - 1]; /* itself, not a mirror */
    up->scope = slip_xasprintf("repository:%s%s:pull,push", up->host->prefix, to->repository);
    return 0;
}

void slip_upload_release(struct slip_upload *up)
{
    free(up->scope);
    up->scope = NULL;
}

/* A request with an empty answer expected. */
static int ask(const struct slip_upload *up, const char *method, const char *path,
               const struct slip_strv *headers, struct slip_answer *ret, struct slip_error *err)
{
    struct slip_request request =
        slip_repository_request(up->host, up->to->repository, up->scope, path);

    request.question.method = method;
    request.question.headers = headers;
    request.question.limit = SLIP_ERROR_BODY_LIMIT;
    if (strcmp(method, "HEAD") != 0)
        request.question.body = "";
    return slip_ask(up->registry, &request, ret, err);
}

static int refused(const struct slip_upload *up, const char *what, const struct slip_answer *answer,
                   struct slip_error *err)
{
    const struct slip_request request =
        slip_repository_request(up->host, up->to->repository, up->scope, NULL);

    return slip_refused(&request, what, answer, err);
}

/* Some registries say 403 for what is not there; writing will tell. */
static bool says_no(const struct slip_answer *answer)
{
    return answer->status == 401 || slip_status_is_transient(answer->status);
}

int slip_upload_resolve(struct slip_upload *up, const char *which, struct slip_digest *ret,
                        struct slip_error *err)
{
    slip_cleanup(slip_answer_release) struct slip_answer answer = SLIP_ANSWER_INIT;
    slip_cleanup(slip_error_release) struct slip_error no_digest = SLIP_ERROR_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv headers = SLIP_STRV_INIT;
    slip_cleanup(slip_freep) char *path =
        slip_xasprintf("%s/manifests/%s", up->to->repository, which);

    slip_accept_documents(&headers);
    if (ask(up, "HEAD", path, &headers, &answer, err) < 0)
        return -1;
    if (answer.status == 200)
        return answer.digest && slip_digest_parse(answer.digest, ret, &no_digest) == 0;
    return says_no(&answer) ? refused(up, "push", &answer, err) : 0;
}

/* Mounts from a repository of the same registry that is known to have it. 1: mounted. 0: not, for
 * whatever reason: an upload will do. One that was begun instead ends by itself. */
static int mount(const struct slip_upload *up, const struct slip_digest *blob,
                 const struct slip_strv *origins, struct slip_error *err)
{
    size_t n = strlen(up->to->registry);
    char name[72];

    for (size_t i = 0; i < origins->n; i++) {
        const char *from = origins->v[i] + n + 1;
        if (strncmp(origins->v[i], up->to->registry, n) != 0 || origins->v[i][n] != '/' ||
            strcmp(from, up->to->repository) == 0)
            continue;
        slip_cleanup(slip_answer_release) struct slip_answer answer = SLIP_ANSWER_INIT;
        slip_cleanup(slip_freep) char *path =
            slip_xasprintf("%s/blobs/uploads/?mount=%s&from=%s", up->to->repository,
                           slip_digest_name(blob, name), from);
        slip_cleanup(slip_freep) char *scope =
            slip_xasprintf("%s repository:%s%s:pull", up->scope, up->host->prefix, from);
        struct slip_upload wider = *up;
        wider.scope = scope;
        int rc = ask(&wider, "POST", path, NULL, &answer, err);
        if (rc < 0 && err->code == SLIP_ECANCELLED)
            return -1;
        slip_error_release(err);
        if (rc == 0 && answer.status == 201)
            return 1;
    }
    return 0;
}

int slip_upload_offer(struct slip_upload *up, const struct slip_digest *blob,
                      const struct slip_strv *origins, enum slip_sent *ret, struct slip_error *err)
{
    slip_cleanup(slip_answer_release) struct slip_answer answer = SLIP_ANSWER_INIT;
    char name[72];
    slip_cleanup(slip_freep) char *path =
        slip_xasprintf("%s/blobs/%s", up->to->repository, slip_digest_name(blob, name));

    if (ask(up, "HEAD", path, NULL, &answer, err) < 0)
        return -1;
    *ret = SLIP_SENT_PRESENT;
    if (answer.status == 200)
        return 1;
    if (says_no(&answer))
        return refused(up, "push", &answer, err);
    *ret = SLIP_SENT_MOUNTED;
    return mount(up, blob, origins, err);
}

/* POST: *ret_url is where the bytes go. */
static int begin(const struct slip_upload *up, char **ret_url, struct slip_error *err)
{
    slip_cleanup(slip_answer_release) struct slip_answer answer = SLIP_ANSWER_INIT;
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s/blobs/uploads/", up->to->repository);

    if (ask(up, "POST", path, NULL, &answer, err) < 0)
        return -1;
    if (answer.status != 202 || !answer.location)
        return refused(up, "upload a layer", &answer, err);
    *ret_url = SLIP_TAKE_PTR(answer.location);
    return 0;
}

struct sending {
    const struct slip_upload *up;
    const char *name;
    uint64_t size, at; /* of the blob; of the chunk in it */
    uint64_t told;
};

static void on_sent(void *user, uint64_t bytes)
{
    struct sending *s = user;

    if (s->at + bytes < s->told + TELL_BYTES && s->at + bytes >= s->told)
        return;
    s->told = s->at + bytes;

    slip_emit(s->up->registry->options.events, &(struct slip_event){ .kind = SLIP_EVENT_TRANSFER,
                                                                     .name = s->name,
                                                                     .number = s->at + bytes,
                                                                     .total = s->size });
}

/* PUT or PATCH of bytes [at, at + n) of the blob. */
static int send_bytes(struct sending *s, const char *method, const char *url, int fd, uint64_t n,
                      struct slip_answer *ret, struct slip_error *err)
{
    const struct slip_upload *up = s->up;
    slip_cleanup(slip_strv_release) struct slip_strv headers = SLIP_STRV_INIT;
    struct slip_request request =
        slip_repository_request(up->host, up->to->repository, up->scope, NULL);

    slip_strv_add(&headers, "Content-Type: application/octet-stream");
    if (strcmp(method, "PATCH") == 0)
        slip_strv_addf(&headers, "Content-Range: %" PRIu64 "-%" PRIu64, s->at, s->at + n - 1);
    request.once = true; /* half a body may have arrived: a new session is surer */
    request.question.method = method;
    request.question.url = url;
    request.question.headers = &headers;
    request.question.body_fd = fd;
    request.question.body_at = s->at;
    request.question.body_size = n;
    request.question.limit = SLIP_ERROR_BODY_LIMIT;
    request.question.sent = on_sent;
    request.question.user = s;
    return slip_ask(up->registry, &request, ret, err);
}

static char *with_digest(const char *url, const struct slip_digest *blob)
{
    return slip_xasprintf("%s%cdigest=sha256%%3A%s", url, strchr(url, '?') ? '&' : '?', blob->hex);
}

static int in_one_piece(struct sending *s, const struct slip_digest *blob, int fd,
                        struct slip_answer *ret, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *url = NULL;

    if (begin(s->up, &url, err) < 0)
        return -1;
    slip_cleanup(slip_freep) char *whole = with_digest(url, blob);
    s->at = 0;
    return send_bytes(s, "PUT", whole, fd, s->size, ret, err);
}

static int in_chunks(struct sending *s, const struct slip_digest *blob, int fd,
                     struct slip_answer *ret, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *url = NULL;

    if (begin(s->up, &url, err) < 0)
        return -1;
    for (s->at = 0; s->at < s->size;) {
        uint64_t n = s->size - s->at < CHUNK ? s->size - s->at : CHUNK;
        if (send_bytes(s, "PATCH", url, fd, n, ret, err) < 0 || ret->status != 202 ||
            !ret->location)
            return ret->status ? 0 : -1;
        free(url);
        url = SLIP_TAKE_PTR(ret->location);
        s->at += n;
    }
    slip_cleanup(slip_freep) char *whole = with_digest(url, blob);
    return send_bytes(s, "PUT", whole, fd, 0, ret, err);
}

/* The registry must have stored what was meant. */
static int check_stored(const struct slip_upload *up, const struct slip_digest *want,
                        const struct slip_answer *answer, struct slip_error *err)
{
    if (!answer->digest || strncmp(answer->digest, "sha256:", 7) != 0 ||
        strcmp(answer->digest + 7, want->hex) == 0)
        return 0;
    return slip_fail(err, SLIP_EINTEGRITY, "%s stored %.19s instead of sha256:%.12s",
                     up->host->name, answer->digest, want->hex);
}

int slip_upload_blob(struct slip_upload *up, const struct slip_digest *blob, uint64_t size,
                     struct slip_error *err)
{
    slip_cleanup(slip_closep) int fd = slip_blob_open(up->store, blob, NULL, err);
    slip_cleanup(slip_freep) char *name =
        slip_xasprintf("pushing %s %.12s", up->to->repository, blob->hex);
    struct sending s = { .up = up, .name = name, .size = size };
    bool chunks = false;

    for (unsigned tries = 1; fd >= 0; tries++) {
        slip_cleanup(slip_answer_release) struct slip_answer answer = SLIP_ANSWER_INIT;
        int rc = (chunks ? in_chunks : in_one_piece)(&s, blob, fd, &answer, err);
        if (rc == 0 && (answer.status == 201 || answer.status == 204))
            return check_stored(up, blob, &answer, err);
        bool lost = rc == 0 && (answer.status == 404 || answer.status == 416);
        bool again = rc < 0 ? answer.transient : lost || slip_status_is_transient(answer.status);
        if (rc == 0 && !chunks && (answer.status == 413 || answer.status == 411 || lost))
            chunks = again = true; /* a body of this size goes through no proxy on the way */
        if (rc == 0 && (!again || tries == SLIP_TRIES))
            return refused(up, "upload a layer", &answer, err);
        if (!again || tries == SLIP_TRIES)
            return -1;
        slip_error_release(err);
        unsigned ms = slip_retry_after_ms(up->registry, tries, answer.retry_after);
        if (slip_registry_pause(up->registry, ms, err) < 0)
            return -1;
    }
    return -1;
}

int slip_upload_manifest(struct slip_upload *up, const struct slip_digest *manifest,
                         const char *media_type, const char *as, const char *if_match,
                         struct slip_error *err)
{
    slip_cleanup(slip_answer_release) struct slip_answer answer = SLIP_ANSWER_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv headers = SLIP_STRV_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s/manifests/%s", up->to->repository, as);
    struct slip_request request =
        slip_repository_request(up->host, up->to->repository, up->scope, path);

    if (slip_blob_text(up->store, manifest, SLIP_MANIFEST_LIMIT, &text, err) < 0)
        return -1;
    slip_strv_addf(&headers, "Content-Type: %s", media_type);
    if (if_match)
        slip_strv_addf(&headers, "If-Match: %s", if_match);
    request.question.method = "PUT";
    request.question.headers = &headers;
    request.question.body = slip_buf_str(&text);
    request.question.body_len = text.len;
    request.question.limit = SLIP_ERROR_BODY_LIMIT;
    if (slip_ask(up->registry, &request, &answer, err) < 0)
        return -1;
    if (if_match && answer.status == 412)
        return 1;
    if (answer.status != 201 && answer.status != 200 && answer.status != 202)
        return refused(up, "store the manifest", &answer, err);
    return check_stored(up, manifest, &answer, err);
}
