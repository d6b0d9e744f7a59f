#include "registry/auth.h"

#include <openssl/evp.h>
#include <time.h>

#include "registry/challenge.h"
#include "registry/download.h"
#include "registry/credentials.h"
#include "registry/request.h"
#include "util/json.h"
#include "util/mem.h"
#include "util/str.h"

#define TOKEN_LIMIT ((size_t)1 << 20)
#define TOKEN_SECONDS 60 /* when the server does not say, as its specification has it */
#define TOKEN_MARGIN 5

struct slip_token {
    char *text; /* owned: "Bearer ..." or "Basic ..." */
    time_t until;
};

static time_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

static void wipe(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

void slip_tokens_release(struct slip_map *tokens)
{
    for (size_t i = 0; i < tokens->n; i++) {
        struct slip_token *token = tokens->entries[i].value;
        wipe(token->text);
        free(token);
    }
    slip_map_release(tokens);
}

static char *token_key(const struct slip_host *host, const char *scope)
{
    return slip_xasprintf("%s %s", host->address, scope);
}

char *slip_auth_known(struct slip_registry *r, const struct slip_host *host, const char *scope)
{
    slip_cleanup(slip_freep) char *key = token_key(host, scope);
    char *text = NULL;

    pthread_mutex_lock(&r->mutex);
    const struct slip_token *token = slip_map_get(&r->tokens, key);
    if (token && now() < token->until)
        text = slip_xstrdup(token->text);
    pthread_mutex_unlock(&r->mutex);
    return text;
}

/* Takes `text` over. */
static void keep(struct slip_registry *r, const struct slip_host *host, const char *scope,
                 char *text, time_t until)
{
    slip_cleanup(slip_freep) char *key = token_key(host, scope);

    pthread_mutex_lock(&r->mutex);
    struct slip_token *token = slip_map_get(&r->tokens, key);
    if (!token) {
        token = slip_xcalloc(1, sizeof *token);
        slip_map_set(&r->tokens, key, token);
    }
    wipe(token->text);
    *token = (struct slip_token){ .text = text, .until = until };
    pthread_mutex_unlock(&r->mutex);
}

static int find_credential(struct slip_registry *r, const struct slip_host *host,
                           const char *repository, struct slip_credential *ret,
                           struct slip_error *err)
{
    if (r->options.user && *r->options.user) {
        ret->user = slip_xstrdup(r->options.user);
        ret->secret = slip_xstrdup(r->options.password);
        return 1;
    }
    return r->options.auth_files
               ? slip_credential_find(r->options.auth_files, host->name, repository, ret, err)
               : 0;
}

static char *basic(const struct slip_credential *credential)
{
    return slip_basic_authorization(credential->user, credential->secret);
}

static void field(struct slip_buf *form, const char *key, const char *text)
{
    const struct slip_curl *curl = slip_curl_load(NULL);
    char *escaped = curl->easy_escape(NULL, text, 0);

    slip_buf_printf(form, "%s%s=%s", form->len ? "&" : "", key, escaped ? escaped : "");
    curl->free(escaped);
}

/* What is asked of the token server: service, scopes, and who the client is. */
static void put_form(const struct slip_challenge *c, const char *scope, bool one_field,
                     struct slip_buf *form)
{
    if (c->service)
        field(form, "service", c->service);
    if (one_field) {
        field(form, "scope", scope);
        return;
    }
    for (const char *p = scope; *p;) {
        size_t n = strcspn(p, " ");
        slip_cleanup(slip_freep) char *one = slip_xstrndup(p, n);
        field(form, "scope", one);
        p += n + (p[n] == ' ');
    }
}

/* {"token" or "access_token", "expires_in"} */
static int take_token(struct slip_registry *r, const struct slip_host *host, const char *scope,
                      const char *realm, struct slip_answer *answer, struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *document =
        slip_json_parse(slip_buf_str(&answer->text), answer->text.len, realm, err);
    const char *token = slip_json_str(document, "token");
    json_int_t seconds = json_integer_value(json_object_get(document, "expires_in"));

    if (!document) {
        err->code = SLIP_EREMOTE;
        return -1;
    }
    if (!token || !*token)
        token = slip_json_str(document, "access_token");
    if (!token || !*token || strpbrk(token, "\r\n"))
        return slip_fail(err, SLIP_EREMOTE, "'%s' gives no token", realm);
    if (seconds <= TOKEN_MARGIN || seconds > 24 * 60 * 60)
        seconds = TOKEN_SECONDS;
    keep(r, host, scope, slip_xasprintf("Bearer %s", token), now() + seconds - TOKEN_MARGIN);
    return 1;
}

/* A password that is sent over plain HTTP to anybody but this machine is given away. */
static int check_realm(const struct slip_host *host, const char *realm, struct slip_error *err)
{
    bool plain = slip_starts_with(realm, "http://");
    slip_cleanup(slip_freep) char *at =
        plain ? slip_xstrndup(realm + 7, strcspn(realm + 7, "/?#")) : NULL;
    bool stays = plain && !strchr(at, '@') && slip_host_is_loopback(at);

    if (slip_starts_with(realm, "https://") ||
        (plain && (host->insecure || (host->loopback && stays))))
        return 0;
    return slip_fail(err, SLIP_EREMOTE, "%s sends to '%.60s' for a token, which is refused%s",
                     host->name, realm, plain ? ": it is not https" : "");
}

/* A token server may be in trouble for a moment, like any other. */
static int ask_until_answered(struct slip_registry *r, const struct slip_host *host,
                              const struct slip_question *question, struct slip_answer *ret,
                              struct slip_error *err)
{
    for (unsigned tries = 1;; tries++) {
        int rc = slip_http(r, host, question, ret, err);
        bool again = rc < 0 ? ret->transient : slip_status_is_transient(ret->status);
        if (!again || tries == SLIP_TRIES)
            return rc;
        slip_error_release(err);
        if (slip_registry_pause(r, slip_retry_after_ms(r, tries, ret->retry_after), err) < 0)
            return -1;
    }
}

static int ask_token(struct slip_registry *r, const struct slip_host *host,
                     const struct slip_challenge *c, const char *scope,
                     const struct slip_credential *credential, struct slip_error *err)
{
    slip_cleanup(slip_answer_release) struct slip_answer answer = SLIP_ANSWER_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf form = SLIP_BUF_INIT;
    struct slip_question question = SLIP_QUESTION_INIT;
    bool identity = credential && credential->is_identity;

    if (check_realm(host, c->realm, err) < 0)
        return -1;
    if (identity) {
        field(&form, "grant_type", "refresh_token");
        field(&form, "client_id", "slipway");
        field(&form, "refresh_token", credential->secret);
    }
    put_form(c, scope, identity, &form);
    slip_cleanup(slip_freep) char *authorization =
        credential && !identity ? basic(credential) : NULL;
    slip_cleanup(slip_freep) char *url =
        identity ? slip_xstrdup(c->realm)
                 : slip_xasprintf("%s%c%s", c->realm, strchr(c->realm, '?') ? '&' : '?',
                                  slip_buf_str(&form));
    question.url = url;
    question.limit = TOKEN_LIMIT;
    question.authorization = authorization;
    if (identity) {
        question.method = "POST";
        question.body = slip_buf_str(&form);
        question.body_len = form.len;
    }
    int rc = ask_until_answered(r, host, &question, &answer, err);
    if (form.data)
        explicit_bzero(form.data, form.len);
    if (rc < 0)
        return slip_error_context(err, "token server of %s", host->name);
    if (answer.status == 200)
        return take_token(r, host, scope, c->realm, &answer, err);
    if (answer.status != 401 && answer.status != 403)
        return slip_fail(err, SLIP_EREMOTE, "the token server of %s answers with status %ld",
                         host->name, answer.status);
    if (!credential)
        return 0;
    slip_fail(err, SLIP_EREMOTE, "%s does not accept the credentials of user '%s'", host->name,
              credential->user ? credential->user : "");
    return slip_error_hint(err, "log in again: docker login %s (or podman login)", host->name);
}

int slip_auth_obtain(struct slip_registry *r, const struct slip_host *host, const char *repository,
                     const char *scope, const struct slip_strv *challenges, struct slip_error *err)
{
    slip_cleanup(slip_challenge_release) struct slip_challenge c = SLIP_CHALLENGE_INIT;
    slip_cleanup(slip_credential_release) struct slip_credential credential = SLIP_CREDENTIAL_INIT;

    slip_challenge_parse(&c, challenges);
    if (!c.bearer && !c.basic)
        return 0;
    int found = find_credential(r, host, repository, &credential, err);
    if (found < 0)
        return -1;
    if (c.bearer)
        return ask_token(r, host, &c, scope, found ? &credential : NULL, err);
    if (!found || credential.is_identity)
        return 0;
    keep(r, host, scope, basic(&credential), now() + 24 * 60 * 60);
    return 1;
}
