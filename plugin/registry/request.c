#include "registry/request.h"

#include <time.h>

#include "registry/auth.h"
#include "registry/url.h"
#include "util/json.h"
#include "util/mem.h"
#include "util/str.h"

#define FIRST_PAUSE_MS 200u
#define LAST_PAUSE_MS 10000u
#define RETRY_AFTER_LIMIT 60u /* seconds; who is told to wait longer is told so */

bool slip_status_is_transient(long status)
{
    return status == 408 || status == 429 || (status >= 500 && status != 501 && status != 507);
}

static long seconds_until(const char *date)
{
    const struct slip_curl *curl = slip_curl_load(NULL);
    time_t at = curl ? curl->getdate(date, NULL) : -1;

    return at < 0 ? -1 : (long)(at - time(NULL));
}

unsigned slip_retry_after_ms(const struct slip_registry *r, unsigned tries, const char *retry_after)
{
    unsigned base = r->options.retry_ms ? r->options.retry_ms : FIRST_PAUSE_MS;
    unsigned pause = tries > 8 ? LAST_PAUSE_MS : base << (tries - 1);
    uint64_t seconds;
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    pause = pause < LAST_PAUSE_MS ? pause : LAST_PAUSE_MS;
    pause += (unsigned)t.tv_nsec / 1000u % (pause / 4 + 1); /* not all clients at once */
    if (!retry_after)
        return pause;
    if (slip_parse_uint(retry_after, UINT32_MAX, &seconds) < 0) {
        long until = seconds_until(retry_after);
        if (until < 0)
            return pause;
        seconds = (uint64_t)until;
    }
    if (seconds > RETRY_AFTER_LIMIT)
        seconds = RETRY_AFTER_LIMIT;
    return seconds * 1000 > pause ? (unsigned)seconds * 1000 : pause;
}

/* What the host speaks becomes known by the first answer. */
static void learn_scheme(struct slip_registry *r, const struct slip_host *host, const char *scheme)
{
    union { /* the map's values are not const; this one is never written */
        const char *from;
        void *to;
    } value = { scheme };

    pthread_mutex_lock(&r->mutex);
    slip_map_set(&r->schemes, host->address, value.to);
    pthread_mutex_unlock(&r->mutex);
}

/* An upload may be sent to somebody else, who must not be told who we are; but never out of TLS. 1:
 * the host itself. 0: another. -1: refused. */
static int leads_home(struct slip_registry *r, const struct slip_host *host, const char *url,
                      struct slip_error *err)
{
    const struct slip_curl *curl = slip_curl_load(err);
    slip_cleanup(slip_freep) char *home = slip_host_url(r, host, "");

    if (!curl)
        return -1;
    if (!slip_url_is_downgrade(curl, home, url) || host->insecure || host->loopback)
        return slip_url_same_origin(curl, home, url);
    slip_fail(err, SLIP_EREMOTE, "%s sends from https to plain http, which is refused", host->name);
    return slip_error_hint(err, "behind a proxy, a registry must be told that it is reached by "
                                "https (X-Forwarded-Proto)");
}

/* One try, with the authorization that is known. */
static int try_once(struct slip_registry *r, const struct slip_request *request,
                    struct slip_answer *ret, struct slip_error *err)
{
    struct slip_question question = request->question;
    slip_cleanup(slip_freep) char *authorization =
        slip_auth_known(r, request->host, request->scope);
    slip_cleanup(slip_freep) char *url =
        request->path ? slip_host_url(r, request->host, request->path) : NULL;
    bool may_be_plain = request->host->loopback || request->host->insecure;

    if (url)
        question.url = url;
    int home = url ? 1 : leads_home(r, request->host, question.url, err);
    if (home < 0)
        return -1;
    question.authorization = home ? authorization : NULL;
    int rc = slip_http(r, request->host, &question, ret, err);
    if (rc == 0 || !url || !ret->no_tls || !may_be_plain || !slip_starts_with(url, "https:"))
        return rc;
    slip_error_release(err);
    learn_scheme(r, request->host, "http");
    slip_cleanup(slip_freep) char *plain = slip_host_url(r, request->host, request->path);
    question.url = plain;
    return slip_http(r, request->host, &question, ret, err);
}

/* 1: asking again makes sense. */
static int authorize(struct slip_registry *r, const struct slip_request *request,
                     const struct slip_answer *answer, struct slip_error *err)
{
    return slip_auth_obtain(r, request->host, request->repository, request->scope,
                            &answer->challenges, err);
}

int slip_ask(struct slip_registry *r, const struct slip_request *request, struct slip_answer *ret,
             struct slip_error *err)
{
    bool authorized = false;

    for (unsigned tries = 1;;) {
        int rc = try_once(r, request, ret, err);
        if (rc == 0 && ret->status == 401 && !authorized) {
            authorized = true;
            rc = authorize(r, request, ret, err);
            if (rc <= 0)
                return rc;
            continue;
        }
        bool again = rc < 0 ? ret->transient : slip_status_is_transient(ret->status);
        if (!again || request->once || tries == SLIP_TRIES)
            return rc;
        slip_error_release(err);
        if (slip_registry_pause(r, slip_retry_after_ms(r, tries, ret->retry_after), err) < 0)
            return -1;
        tries++;
    }
}

/* The registry's own words: {"errors": [{"code", "message"}]}, fit for a terminal. */
static char *own_words(const struct slip_answer *answer)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf copy = SLIP_BUF_INIT;

    slip_buf_put(&copy, answer->text.data ? answer->text.data : "", answer->text.len);
    slip_cleanup(slip_json_decrefp) json_t *document =
        slip_json_parse(slip_buf_str(&copy), copy.len, "answer", &ignored);
    const json_t *first = json_array_get(json_object_get(document, "errors"), 0);
    const char *message = slip_json_str(first, "message"), *code = slip_json_str(first, "code");
    const char *text = message && *message ? message : code;
    char *words = text ? slip_xstrndup(text, 200) : NULL;

    slip_make_printable(words);
    return words;
}

static void advise(const struct slip_request *request, long status, struct slip_error *err)
{
    const char *name = request->host->name;

    if (status == 401 || status == 403)
        slip_error_hint(err,
                        "it does not exist, or you may not: log in with 'docker login %s' or "
                        "'podman login %s'",
                        name, name);
    else if (status == 404)
        slip_error_hint(err, "is the name written right?");
    else if (status == 429)
        slip_error_hint(err,
                        "%s limits how often it may be asked: log in, wait, or set a mirror "
                        "in config.ini",
                        name);
    else if (status == 413 || status == 507)
        slip_error_hint(err, "the registry has no room for it");
    else if (status >= 500)
        slip_error_hint(err, "the registry is in trouble: try again later, or set a mirror");
}

int slip_refused(const struct slip_request *request, const char *what,
                 const struct slip_answer *answer, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *words = own_words(answer);

    slip_fail(err, SLIP_EREMOTE, "%s/%s: cannot %s: %s%sstatus %ld%s", request->host->name,
              request->repository, what, words ? words : "", words ? " (" : "", answer->status,
              words ? ")" : "");
    advise(request, answer->status, err);
    return -1;
}
