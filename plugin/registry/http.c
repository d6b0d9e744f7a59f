#include "registry/http.h"

#include <errno.h>
#include <strings.h>
#include <unistd.h>

#include "registry/url.h"
#include "util/mem.h"
#include "util/str.h"

#define REDIRECTS 5
#define FILE_REDIRECTS 10
#define CONNECT_SECONDS 10L
#define STALL_SECONDS 30L
#define RECEIVE_BUFFER (512L << 10)
#define HEADER_VALUE_LIMIT ((size_t)16 << 10)

struct exchange {
    const struct slip_curl *curl;
    CURL *handle;
    struct slip_registry *registry;
    const struct slip_host *host;
    const struct slip_question *question;
    struct slip_answer *answer;
    uint64_t sent;
    bool refused; /* *err is the sink's, or says that a body is too large */
    struct slip_error *err;
};

void slip_answer_release(struct slip_answer *a)
{
    slip_buf_release(&a->text);
    slip_strv_release(&a->challenges);
    char *const texts[] = { a->type, a->location, a->digest, a->range, a->retry_after,
                            a->etag, a->modified, a->length, a->link };
    for (size_t i = 0; i < SLIP_ARRAY_LEN(texts); i++)
        free(texts[i]);
    *a = SLIP_ANSWER_INIT;
}

char *slip_host_url(struct slip_registry *registry, const struct slip_host *host, const char *path)
{
    pthread_mutex_lock(&registry->mutex);
    const char *scheme = slip_map_get(&registry->schemes, host->address);
    pthread_mutex_unlock(&registry->mutex);
    return slip_xasprintf("%s://%s/v2/%s%s", scheme ? scheme : "https", host->address, host->prefix,
                          path);
}

static bool good(long status)
{
    return status == 200 || status == 206;
}

static size_t on_body(char *p, size_t size, size_t n, void *user)
{
    struct exchange *x = user;
    const struct slip_question *q = x->question;
    size_t limit = good(x->answer->status) ? q->limit : SLIP_ERROR_BODY_LIMIT;

    (void)size; /* always 1 */
    if (q->sink && good(x->answer->status)) {
        x->refused = q->sink(q->user, x->answer, p, n, x->err) < 0;
        return x->refused ? 0 : n;
    }
    if (n <= limit - x->answer->text.len) {
        slip_buf_put(&x->answer->text, p, n);
        return n;
    }
    if (!good(x->answer->status)) /* of an error page the beginning will do */
        return n;
    x->refused = true;
    slip_fail(x->err, SLIP_EREMOTE, "%s answers with more than %zu bytes", q->url, limit);
    return 0;
}

static void take(char **to, const char *value, size_t n)
{
    free(*to);
    *to = slip_xstrndup(value, n);
}

static void take_header(struct slip_answer *a, const char *line, size_t name, const char *value,
                        size_t n)
{
    const struct {
        const char *name;
        char **to;
    } wanted[] = { { "content-type", &a->type },
                   { "location", &a->location },
                   { "docker-content-digest", &a->digest },
                   { "content-range", &a->range },
                   { "range", &a->range },
                   { "retry-after", &a->retry_after },
                   { "etag", &a->etag },
                   { "last-modified", &a->modified },
                   { "content-length", &a->length },
                   { "link", &a->link } };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(wanted); i++)
        if (strlen(wanted[i].name) == name && strncasecmp(line, wanted[i].name, name) == 0)
            take(wanted[i].to, value, n);
    if (name == 16 && strncasecmp(line, "www-authenticate", 16) == 0 && a->challenges.n < 16)
        slip_strv_addn(&a->challenges, value, n);
}

static size_t on_header(char *p, size_t size, size_t n, void *user)
{
    struct exchange *x = user;
    const char *colon = memchr(p, ':', n);

    (void)size;
    if (n > 5 && strncmp(p, "HTTP/", 5) == 0) { /* 100 Continue comes before the real one */
        slip_answer_release(x->answer);
        const char *blank = memchr(p, ' ', n);
        for (const char *d = blank ? blank + 1 : p + n; d < p + n && *d >= '0' && *d <= '9'; d++)
            x->answer->status = x->answer->status % 100 * 10 + (*d - '0');
        return n;
    }
    if (!colon)
        return n;
    const char *from = colon + 1, *to = p + n;
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    while (to > from && strchr(" \t\r\n", to[-1]))
        to--;
    if ((size_t)(to - from) <= HEADER_VALUE_LIMIT)
        take_header(x->answer, p, (size_t)(colon - p), from, (size_t)(to - from));
    return n;
}

static size_t on_read(char *p, size_t size, size_t n, void *user)
{
    struct exchange *x = user;
    const struct slip_question *q = x->question;
    uint64_t left = q->body_size - x->sent;
    size_t want = n * size < left ? n * size : (size_t)left;
    ssize_t got = want ? pread(q->body_fd, p, want, (off_t)(q->body_at + x->sent)) : 0;

    if (got < 0 || (want && got == 0)) {
        x->refused = true;
        slip_fail_errno(x->err, "cannot read what is to be sent");
        return CURL_READFUNC_ABORT;
    }
    x->sent += (uint64_t)got;
    if (q->sent)
        q->sent(q->user, x->sent);
    return (size_t)got;
}

/* A body must be sent once more on a connection that turned out to be closed. */
static int on_seek(void *user, curl_off_t at, int origin)
{
    struct exchange *x = user;

    if (origin != SEEK_SET || at < 0 || (uint64_t)at > x->question->body_size)
        return CURL_SEEKFUNC_FAIL;
    x->sent = (uint64_t)at;
    return CURL_SEEKFUNC_OK;
}

static int on_progress(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct exchange *x = user;
    const volatile sig_atomic_t *cancel = x->registry->options.cancel;

    (void)a, (void)b, (void)c, (void)d;
    return cancel && *cancel;
}

static void set_body(struct exchange *x)
{
    const struct slip_question *q = x->question;

    if (strcmp(q->method, "HEAD") == 0) {
        x->curl->easy_set(x->handle, CURLOPT_NOBODY, 1L);
        return;
    }
    if (q->body) {
        x->curl->easy_set(x->handle, CURLOPT_POSTFIELDS, q->body);
        x->curl->easy_set(x->handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body_len);
    } else if (q->body_fd >= 0) {
        x->curl->easy_set(x->handle, CURLOPT_UPLOAD, 1L);
        x->curl->easy_set(x->handle, CURLOPT_READFUNCTION, on_read);
        x->curl->easy_set(x->handle, CURLOPT_READDATA, x);
        x->curl->easy_set(x->handle, CURLOPT_SEEKFUNCTION, on_seek);
        x->curl->easy_set(x->handle, CURLOPT_SEEKDATA, x);
        x->curl->easy_set(x->handle, CURLOPT_INFILESIZE_LARGE, (curl_off_t)q->body_size);
        x->curl->easy_set(x->handle, CURLOPT_UPLOAD_BUFFERSIZE, RECEIVE_BUFFER);
    }
    x->curl->easy_set(x->handle, CURLOPT_CUSTOMREQUEST, q->method);
}

/* What an address may be shown, and what it may get away with. */
struct trust {
    bool host;       /* it is the host itself: its certificates, its settings */
    bool authorized; /* it is where the question was meant to go */
};

static void set_trust(struct exchange *x, const struct trust *trust)
{
    const struct slip_host *host = x->host;

    if (!trust->host)
        return;
    if (host->loopback)
        x->curl->easy_set(x->handle, CURLOPT_PROXY, ""); /* no proxy can reach it */
    if (host->insecure || (host->loopback && !host->ca)) {
        x->curl->easy_set(x->handle, CURLOPT_SSL_VERIFYPEER, 0L);
        x->curl->easy_set(x->handle, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (host->ca)
        x->curl->easy_set(x->handle, CURLOPT_CAINFO, host->ca);
    if (host->cert)
        x->curl->easy_set(x->handle, CURLOPT_SSLCERT, host->cert);
    if (host->key)
        x->curl->easy_set(x->handle, CURLOPT_SSLKEY, host->key);
}

static struct curl_slist *set_headers(struct exchange *x, const struct trust *trust)
{
    const struct slip_question *q = x->question;
    struct curl_slist *list = NULL;

    for (size_t i = 0; q->headers && i < q->headers->n; i++)
        list = x->curl->slist_append(list, q->headers->v[i]);
    if (q->authorization && trust->authorized) {
        slip_cleanup(slip_freep) char *line = slip_xasprintf("Authorization: %s", q->authorization);
        list = x->curl->slist_append(list, line);
    }
    list = x->curl->slist_append(list, "Expect:"); /* no pause before a body */
    x->curl->easy_set(x->handle, CURLOPT_HTTPHEADER, list);
    return list;
}

static void set_options(struct exchange *x, const char *url)
{
    const struct slip_curl *c = x->curl;

    c->easy_set(x->handle, CURLOPT_URL, url);
    c->easy_set(x->handle, CURLOPT_NOSIGNAL, 1L);
    c->easy_set(x->handle, CURLOPT_PROTOCOLS_STR, "http,https");
    c->easy_set(x->handle, CURLOPT_FOLLOWLOCATION, 0L);
    c->easy_set(x->handle, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    c->easy_set(x->handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    c->easy_set(x->handle, CURLOPT_LOW_SPEED_TIME, STALL_SECONDS);
    c->easy_set(x->handle, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER);
    c->easy_set(x->handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    c->easy_set(x->handle, CURLOPT_USERAGENT, x->registry->options.user_agent);
    c->easy_set(x->handle, CURLOPT_WRITEFUNCTION, on_body);
    c->easy_set(x->handle, CURLOPT_WRITEDATA, x);
    c->easy_set(x->handle, CURLOPT_HEADERFUNCTION, on_header);
    c->easy_set(x->handle, CURLOPT_HEADERDATA, x);
    c->easy_set(x->handle, CURLOPT_NOPROGRESS, 0L);
    c->easy_set(x->handle, CURLOPT_XFERINFOFUNCTION, on_progress);
    c->easy_set(x->handle, CURLOPT_XFERINFODATA, x);
}

static void explain(CURLcode code, const struct slip_host *host, struct slip_error *err)
{
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        slip_error_hint(err,
                        "put the registry's CA into certs.d/%s/ca.crt, or name it in config.ini: "
                        "[registry %s] ca = FILE",
                        host->name, host->name);
        return;
    case CURLE_SSL_CONNECT_ERROR:
        slip_error_hint(err,
                        "a registry that speaks plain HTTP is named in config.ini: [registry %s] "
                        "insecure = true",
                        host->name);
        return;
    case CURLE_COULDNT_RESOLVE_HOST:
        slip_error_hint(err, "is the name right, and does the network work?");
        return;
    case CURLE_COULDNT_CONNECT:
        slip_error_hint(err, "does the registry run, and may it be reached from here?");
        return;
    default:
        slip_error_hint(err, "try again; a mirror can be set in config.ini");
    }
}

static bool is_transient(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_WEIRD_SERVER_REPLY:
        return true;
    default:
        return false;
    }
}

static int perform(struct exchange *x, const char *url, const struct trust *trust)
{
    char words[CURL_ERROR_SIZE] = "";

    x->curl->easy_reset(x->handle);
    set_options(x, url);
    set_body(x);
    set_trust(x, trust);
    x->curl->easy_set(x->handle, CURLOPT_ERRORBUFFER, words);
    struct curl_slist *headers = set_headers(x, trust);
    CURLcode code = x->curl->easy_perform(x->handle);
    x->curl->easy_set(x->handle, CURLOPT_HTTPHEADER, NULL);
    x->curl->easy_set(x->handle, CURLOPT_ERRORBUFFER, NULL);
    x->curl->slist_free(headers);
    if (code == CURLE_OK)
        return 0;
    if (x->refused)
        return -1;
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return slip_fail(x->err, SLIP_ECANCELLED, "cancelled");
    bool refused = strstr(words, " alert ") != NULL; /* TLS: it has looked, and says no */
    x->answer->transient = is_transient(code) && !refused;
    x->answer->no_tls = code == CURLE_SSL_CONNECT_ERROR;
    slip_fail(x->err, SLIP_EREMOTE, "cannot reach %s: %s", x->host->address,
              *words ? words : x->curl->easy_strerror(code));
    if (refused)
        slip_error_hint(x->err,
                        "the registry may want a client certificate: certs.d/%s/client.cert and "
                        "client.key, or cert and key in config.ini",
                        x->host->name);
    explain(code, x->host, x->err);
    return -1;
}

static bool is_redirect(const struct slip_question *q, const struct slip_answer *a)
{
    return (strcmp(q->method, "GET") == 0 || strcmp(q->method, "HEAD") == 0) && a->location &&
           (a->status == 301 || a->status == 302 || a->status == 303 || a->status == 307 ||
            a->status == 308);
}

/* Where a redirect leads must be http(s), and no worse than where it comes from. */
static int check_redirect(struct exchange *x, const char *from, const char *to,
                          struct slip_error *err)
{
    if (!to || (!slip_starts_with(to, "http://") && !slip_starts_with(to, "https://")))
        return slip_fail(err, SLIP_EREMOTE, "%s redirects to '%.60s', which is refused",
                         x->host->address, to ? to : "");
    if (slip_url_is_downgrade(x->curl, from, to) && !x->host->insecure && !x->host->loopback)
        return slip_fail(err, SLIP_EREMOTE,
                         "%s redirects from https to plain http, which is refused",
                         x->host->address);
    return 0;
}

static int follow(struct exchange *x, struct slip_error *err)
{
    bool is_file = x->question->is_file;
    slip_cleanup(slip_freep) char *home =
        is_file ? slip_xstrdup(x->question->url) : slip_host_url(x->registry, x->host, "");
    slip_cleanup(slip_freep) char *url = slip_xstrdup(x->question->url);

    for (int i = 0; i <= (is_file ? FILE_REDIRECTS : REDIRECTS); i++) {
        const struct trust trust = {
            .host = slip_url_same_origin(x->curl, home, url),
            .authorized = slip_url_same_origin(x->curl, x->question->url, url),
        };
        if (perform(x, url, &trust) < 0)
            return -1;
        char *next =
            x->answer->location ? slip_url_resolve(x->curl, url, x->answer->location) : NULL;
        free(x->answer->location);
        x->answer->location = next;
        slip_make_printable(next);
        if (!is_redirect(x->question, x->answer))
            return 0;
        if (check_redirect(x, url, next, err) < 0)
            return -1;
        free(url);
        url = slip_xstrdup(next);
        slip_answer_release(x->answer);
    }
    return slip_fail(err, SLIP_EREMOTE, "%s redirects again and again", x->host->address);
}

int slip_http(struct slip_registry *registry, const struct slip_host *host,
              const struct slip_question *question, struct slip_answer *ret, struct slip_error *err)
{
    struct exchange x = {
        .curl = slip_curl_load(err),
        .registry = registry,
        .host = host,
        .question = question,
        .answer = ret,
        .err = err,
    };

    slip_answer_release(ret);
    if (!x.curl)
        return -1;
    x.handle = slip_registry_take(registry, err);
    int rc = x.handle ? follow(&x, err) : -1;
    slip_registry_give(registry, x.handle);
    if (ret->type)
        ret->type[strcspn(ret->type, "; \t")] = '\0';
    return rc;
}
