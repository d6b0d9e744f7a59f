#include "registry/download.h"

#include <inttypes.h>
#include <openssl/evp.h>

#include "registry/request.h"
#include "registry/url.h"
#include "util/mem.h"
#include "util/str.h"

#define TELL_BYTES ((uint64_t)1 << 20) /* between two events */

struct load {
    struct slip_registry *registry;
    const struct slip_download *download;
    const struct slip_host *host;
    struct slip_draft *into;
    char *validator; /* owned: strong ETag of what the draft holds; NULL: it cannot be continued */
    char *name;      /* owned; for events */
    uint64_t total;  /* 0: not known */
    uint64_t told;
    bool checked; /* the answer goes on where the draft stands */
};

static void load_release(struct load *l)
{
    free(l->validator);
    free(l->name);
}

void slip_downloaded_release(struct slip_downloaded *d)
{
    free(d->etag);
    free(d->modified);
    *d = SLIP_DOWNLOADED_INIT;
}

char *slip_basic_authorization(const char *user, const char *password)
{
    static const char scheme[] = "Basic ";
    slip_cleanup(slip_freep) char *pair = slip_xasprintf("%s:%s", user, password);
    size_t n = strlen(pair);
    char *text = slip_xcalloc(1, sizeof scheme + (n + 2) / 3 * 4);

    memcpy(text, scheme, sizeof scheme);
    EVP_EncodeBlock((unsigned char *)text + strlen(scheme), (const unsigned char *)pair, (int)n);
    explicit_bzero(pair, n);
    return text;
}

/* A part of a parsed URL, decoded; "" when there is none. Caller frees. */
static char *decoded_part(const struct slip_curl *curl, CURLU *url, CURLUPart part)
{
    char *value = NULL;

    (void)curl->url_get(url, part, &value, CURLU_URLDECODE);
    char *copy = slip_xstrdup(value ? value : "");
    curl->free(value);
    return copy;
}

static char *without_login(const struct slip_curl *curl, CURLU *url)
{
    char *text = NULL, *ret = NULL;

    if (curl->url_set(url, CURLUPART_USER, NULL, 0) == CURLUE_OK &&
        curl->url_set(url, CURLUPART_PASSWORD, NULL, 0) == CURLUE_OK &&
        curl->url_get(url, CURLUPART_URL, &text, 0) == CURLUE_OK)
        ret = slip_xstrdup(text);
    curl->free(text);
    return ret;
}

char *slip_url_take_login(const char *text, char **ret_authorization, struct slip_error *err)
{
    const struct slip_curl *curl = slip_curl_load(err);
    CURLU *url = curl ? curl->url() : NULL;
    char *ret = NULL;

    *ret_authorization = NULL;
    if (!curl)
        return NULL;
    if (url && curl->url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK) {
        slip_cleanup(slip_freep) char *user = decoded_part(curl, url, CURLUPART_USER);
        slip_cleanup(slip_freep) char *password = decoded_part(curl, url, CURLUPART_PASSWORD);
        ret = without_login(curl, url);
        if (ret && (*user || *password))
            *ret_authorization = slip_basic_authorization(user, password);
    }
    curl->url_cleanup(url);
    if (!ret)
        slip_fail(err, SLIP_EINPUT, "this is not a URL that can be fetched");
    return ret;
}

/* "bytes 100-199/200": from where. */
static int part_begins(const struct slip_answer *answer, uint64_t *ret)
{
    if (!answer->range || !slip_starts_with(answer->range, "bytes "))
        return -1;
    slip_cleanup(slip_freep) char *from =
        slip_xstrndup(answer->range + 6, strcspn(answer->range + 6, "-"));
    return slip_parse_uint(from, UINT64_MAX, ret);
}

static void keep_validator(struct load *l, const struct slip_answer *answer)
{
    free(l->validator);
    l->validator = answer->etag && *answer->etag == '"' ? slip_xstrdup(answer->etag) : NULL;
}

/* The first bytes of an answer: they go on where the draft stands, or it begins anew. */
static int begin(struct load *l, const struct slip_answer *answer, struct slip_error *err)
{
    uint64_t from = 0, length = 0;

    l->checked = true;
    if (answer->status == 206 && part_begins(answer, &from) < 0)
        return slip_fail(err, SLIP_EREMOTE, "it answers with a part that it does not name");
    if (from != l->into->size && from != 0)
        return slip_fail(err, SLIP_EREMOTE, "it answers with another part than was asked for");
    if (from == 0 && slip_draft_rewind(l->into, err) < 0)
        return -1;
    if (answer->status == 200)
        keep_validator(l, answer);
    bool told = answer->length && slip_parse_uint(answer->length, INT64_MAX, &length) == 0;
    l->total = told ? from + length : 0;
    return 0;
}

static int too_large(const struct load *l, struct slip_error *err)
{
    char size[16];

    return slip_fail(err, SLIP_EREMOTE, "it is larger than %s",
                     slip_format_size(l->download->limit, size));
}

static void tell(struct load *l)
{
    if (!l->total || l->into->size - l->told < TELL_BYTES)
        return;
    l->told = l->into->size;
    slip_emit(l->registry->options.events, &(struct slip_event){ .kind = SLIP_EVENT_TRANSFER,
                                                                 .name = l->name,
                                                                 .number = l->into->size,
                                                                 .total = l->total });
}

static int on_bytes(void *user, const struct slip_answer *answer, const void *p, size_t n,
                    struct slip_error *err)
{
    struct load *l = user;

    if (!l->checked && begin(l, answer, err) < 0)
        return -1;
    if (l->total > l->download->limit || n > l->download->limit - l->into->size)
        return too_large(l, err);
    if (slip_draft_write(l->into, p, n, err) < 0)
        return -1;
    tell(l);
    return 0;
}

static void set_headers(const struct load *l, struct slip_strv *headers)
{
    const struct slip_download *d = l->download;

    if (l->into->size && l->validator) {
        slip_strv_addf(headers, "Range: bytes=%" PRIu64 "-", l->into->size);
        slip_strv_addf(headers, "If-Range: %s", l->validator);
        return;
    }
    if (d->etag)
        slip_strv_addf(headers, "If-None-Match: %s", d->etag);
    else if (d->modified)
        slip_strv_addf(headers, "If-Modified-Since: %s", d->modified);
}

static int refused(long status, struct slip_error *err)
{
    slip_fail(err, SLIP_EREMOTE, "status %ld", status);
    if (status == 401 || status == 403)
        return slip_error_hint(err, "it wants a login, or another one: --secret "
                                    "id=HTTP_AUTH_TOKEN_<host>,src=FILE gives a token");
    if (status == 404 || status == 410)
        return slip_error_hint(err, "is the address written right?");
    if (status >= 500 || status == 429)
        return slip_error_hint(err, "the host is in trouble: try again later");
    return -1;
}

/* Hints of http.c speak of registries; what they say of certificates is right for any host. */
static void advise(struct slip_error *err)
{
    if (err->code != SLIP_EREMOTE || !err->hint || strstr(err->hint, "certs.d"))
        return;
    free(SLIP_TAKE_PTR(err->hint));
    slip_error_hint(err, "is the address right, and can it be reached from here?");
}

static int take_answer(const struct load *l, struct slip_answer *answer,
                       struct slip_downloaded *ret)
{
    const struct slip_curl *curl = slip_curl_load(NULL);
    time_t mtime = answer->modified && curl ? curl->getdate(answer->modified, NULL) : 0;

    ret->unchanged = answer->status == 304;
    ret->etag = SLIP_TAKE_PTR(answer->etag);
    ret->modified = SLIP_TAKE_PTR(answer->modified);
    ret->mtime = mtime > 0 ? (int64_t)mtime : 0;
    if (l->told)
        slip_emit(l->registry->options.events, &(struct slip_event){ .kind = SLIP_EVENT_TRANSFER,
                                                                     .name = l->name,
                                                                     .number = l->into->size,
                                                                     .total = l->into->size });
    return 1;
}

/* 1: done. 0: worth another try, after *ret_wait (ms); *err says why. -1. */
static int attempt(struct load *l, unsigned tries, struct slip_downloaded *ret, unsigned *ret_wait,
                   struct slip_error *err)
{
    slip_cleanup(slip_answer_release) struct slip_answer answer = SLIP_ANSWER_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv headers = SLIP_STRV_INIT;
    struct slip_question question = SLIP_QUESTION_INIT;

    set_headers(l, &headers);
    question.url = l->download->url;
    question.is_file = true;
    question.authorization = l->download->authorization;
    question.headers = &headers;
    question.sink = on_bytes;
    question.user = l;
    l->checked = false;
    int rc = slip_http(l->registry, l->host, &question, &answer, err);
    *ret_wait = slip_retry_after_ms(l->registry, tries, answer.retry_after);
    if (rc < 0) {
        advise(err);
        return answer.transient ? 0 : -1;
    }
    bool held = l->download->etag || l->download->modified;
    if (answer.status == 200 && !l->checked && begin(l, &answer, err) < 0) /* an empty file */
        return -1;
    if (answer.status == 200 || answer.status == 206 || (answer.status == 304 && held))
        return take_answer(l, &answer, ret);
    if (answer.status == 416 && l->into->size) { /* it changed meanwhile */
        *ret_wait = 0;
        return slip_draft_rewind(l->into, err);
    }
    refused(answer.status, err);
    return slip_status_is_transient(answer.status) ? 0 : -1;
}

/* "https://host:port/..." to "host:port". Caller frees. */
static char *authority(const char *url)
{
    const char *host = strstr(url, "://");

    host = host ? host + 3 : url;
    return slip_xstrndup(host, strcspn(host, "/?#"));
}

int slip_registry_download(struct slip_registry *registry, const struct slip_download *download,
                           struct slip_draft *into, struct slip_downloaded *ret,
                           struct slip_error *err)
{
    slip_cleanup(load_release) struct load l = {
        .registry = registry,
        .download = download,
        .into = into,
        .name = slip_xasprintf("fetching %s", download->shown),
    };
    slip_cleanup(slip_freep) char *name = authority(download->url);
    const struct slip_places *places = slip_registry_places(registry, name, err);
    unsigned wait;

    if (!places)
        return -1;
    l.host = &places->v[places->n - 1];
    for (unsigned tries = 1;; tries++) {
        slip_error_release(err);
        int rc = attempt(&l, tries, ret, &wait, err);
        if (rc > 0)
            return 0;
        if (rc < 0 || tries == SLIP_TRIES)
            break;
        if (!l.validator && slip_draft_rewind(into, err) < 0)
            return -1;
        slip_error_release(err);
        if (slip_registry_pause(registry, wait, err) < 0)
            return -1;
    }
    return slip_error_context(err, "cannot fetch '%s'", download->shown);
}
