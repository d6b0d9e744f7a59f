#include "registry/credentials.h"

#include "registry/url.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "util/fs.h"
#include "util/json.h"
#include "util/mem.h"
#include "util/proc.h"

#define FILE_LIMIT ((size_t)4 << 20)
#define HELPER_SECONDS 20u
#define HUB "docker.io"
#define HUB_OLD_KEY "https://index.docker.io/v1/"

static void wipe(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

void slip_credential_release(struct slip_credential *c)
{
    free(c->user);
    wipe(c->secret);
    *c = SLIP_CREDENTIAL_INIT;
}

static void set(struct slip_credential *c, const char *user, const char *secret, bool identity)
{
    slip_credential_release(c);
    *c = (struct slip_credential){ slip_xstrdup(user), slip_xstrdup(secret), identity };
}

/* A key of "auths" as host[/path]: "https://index.docker.io/v1/" is docker.io. Caller frees. */
static char *plain_key(const char *key)
{
    const char *scheme = strstr(key, "://");
    const char *from = scheme ? scheme + 3 : key;
    size_t n = strlen(from);

    while (n && from[n - 1] == '/')
        n--;
    /* a URL names the host, and its path is the API's version */
    if (scheme || strncasecmp(from, "index.docker.io/", 16) == 0)
        n = strcspn(from, "/");
    char *plain = slip_xstrndup(from, n);
    if (strcasecmp(plain, "index.docker.io") == 0 ||
        strcasecmp(plain, "registry-1.docker.io") == 0) {
        free(plain);
        return slip_xstrdup(HUB);
    }
    return plain;
}

/* The entry whose key is the longest namespace that the repository lies in. */
static const json_t *find_auth(json_t *auths, const char *registry, const char *repository)
{
    slip_cleanup(slip_freep) char *name = slip_xasprintf("%s/%s", registry, repository);
    const json_t *best = NULL;
    size_t best_len = 0;
    const char *key;
    json_t *entry;

    json_object_foreach (auths, key, entry) {
        slip_cleanup(slip_freep) char *plain = plain_key(key);
        size_t n = strlen(plain);
        if (n > best_len && strncasecmp(name, plain, n) == 0 && (name[n] == '/' || !name[n])) {
            best = entry;
            best_len = n;
        }
    }
    return best;
}

/* base64 of "user:password". */
static int take_pair(struct slip_credential *ret, const char *base64, const char *file,
                     struct slip_error *err)
{
    size_t n = strlen(base64);
    slip_cleanup(slip_freep) unsigned char *text = slip_xcalloc(1, n + 1);
    int len = n % 4 == 0 && n < FILE_LIMIT
                  ? EVP_DecodeBlock(text, (const unsigned char *)base64, (int)n)
                  : -1;

    for (size_t i = n; len > 0 && i > 0 && base64[i - 1] == '='; i--)
        text[--len] = '\0';
    char *colon = len > 0 ? memchr(text, ':', (size_t)len) : NULL;
    if (!colon)
        return slip_fail(err, SLIP_EINPUT, "'%s' has an \"auth\" that is no user and password",
                         file);
    *colon = '\0';
    size_t end = strlen(colon + 1); /* some writers add NULs */
    colon[1 + end] = '\0';
    set(ret, (const char *)text, colon + 1, false);
    explicit_bzero(text, n);
    return 1;
}

static int from_auths(json_t *document, const char *file, const char *registry,
                      const char *repository, struct slip_credential *ret, struct slip_error *err)
{
    const json_t *entry = find_auth(json_object_get(document, "auths"), registry, repository);
    const char *identity = slip_json_str(entry, "identitytoken"),
               *auth = slip_json_str(entry, "auth");
    const char *user = slip_json_str(entry, "username"), *secret = slip_json_str(entry, "password");

    if (identity && *identity) {
        set(ret, "<token>", identity, true);
        return 1;
    }
    if (auth && *auth)
        return take_pair(ret, auth, file, err);
    if (user && *user && secret) {
        set(ret, user, secret, false);
        return 1;
    }
    return 0; /* docker leaves {} where a helper keeps the secret */
}

static int helper_says(struct slip_buf *answer, const char *program, struct slip_credential *ret,
                       struct slip_error *err)
{
    slip_cleanup(slip_error_release) struct slip_error why = SLIP_ERROR_INIT;
    slip_cleanup(slip_json_decrefp) json_t *document =
        slip_json_parse(slip_buf_str(answer), answer->len, program, &why);
    const char *user = slip_json_str(document, "Username");
    const char *secret = slip_json_str(document, "Secret");

    if (!document || !user || !secret)
        return slip_fail(err, SLIP_EREMOTE, "'%s' answers with something that is no credential",
                         program);
    set(ret, user, secret, strcmp(user, "<token>") == 0);
    return 1;
}

static int helper_failed(struct slip_buf *answer, const char *program, int status,
                         struct slip_error *err)
{
    size_t line = strcspn(slip_buf_str(answer), "\r\n");
    slip_cleanup(slip_freep) char *words =
        slip_xstrndup(slip_buf_str(answer), line < 200 ? line : 200);

    slip_make_printable(words);
    return slip_fail(err, SLIP_EREMOTE, "'%s get' fails with status %d: %s", program, status,
                     words);
}

/* docker-credential-<name> get, as its protocol has it. */
static int ask_helper(const char *name, const char *server, struct slip_credential *ret,
                      struct slip_error *err)
{
    slip_cleanup(slip_freep) char *program = slip_xasprintf("docker-credential-%s", name);
    slip_cleanup(slip_buf_release) struct slip_buf answer = SLIP_BUF_INIT;
    char *const argv[] = { program, (char[]){ "get" }, NULL };
    int status;

    if (strchr(name, '/'))
        return slip_fail(err, SLIP_EINPUT, "'%s' is no name of a credential helper", name);
    if (!slip_proc_have(program)) {
        slip_fail(err, SLIP_EREMOTE, "the credential helper '%s' is not installed", program);
        return slip_error_hint(err, "install it, or take it out of the file that names it, and log "
                                    "in again");
    }
    if (slip_proc_tell(argv, server, HELPER_SECONDS, &answer, &status, err) < 0)
        return slip_error_context(err, "'%s'", program);
    int rc = status == 0 ? helper_says(&answer, program, ret, err) : 0;
    if (status != 0 && !strstr(slip_buf_str(&answer), "credentials not found"))
        rc = helper_failed(&answer, program, status, err);
    explicit_bzero(answer.data, answer.len);
    return rc;
}

static int from_helpers(json_t *document, const char *registry, struct slip_credential *ret,
                        struct slip_error *err)
{
    const json_t *by_registry = json_object_get(document, "credHelpers");
    bool hub = strcmp(registry, HUB) == 0;
    const char *server = hub ? HUB_OLD_KEY : registry;
    const char *own = slip_json_str(by_registry, registry),
               *all = slip_json_str(document, "credsStore");

    if (!own && hub)
        own = slip_json_str(by_registry, HUB_OLD_KEY);
    if (own && *own)
        return ask_helper(own, server, ret, err);
    return all && *all ? ask_helper(all, server, ret, err) : 0;
}

static int from_file(const char *file, const char *registry, const char *repository,
                     struct slip_credential *ret, struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    if (access(file, F_OK) < 0)
        return 0;
    if (slip_read_file(AT_FDCWD, file, FILE_LIMIT, &text, err) < 0)
        return slip_error_hint(err, "it holds credentials for registries");
    if (text.len == 0)
        return 0;
    slip_cleanup(slip_json_decrefp) json_t *document =
        slip_json_parse(slip_buf_str(&text), text.len, file, err);
    explicit_bzero(text.data, text.len);
    if (!document) {
        err->code = SLIP_EINPUT;
        return -1;
    }
    if (slip_ends_with(file, "/.dockercfg")) { /* what later stands in "auths" */
        json_t *whole = json_object();
        json_object_set_new(whole, "auths", SLIP_TAKE_PTR(document));
        document = whole;
    }
    int rc = from_helpers(document, registry, ret, err);
    return rc ? rc : from_auths(document, file, registry, repository, ret, err);
}

int slip_credential_find(const struct slip_strv *files, const char *registry,
                         const char *repository, struct slip_credential *ret,
                         struct slip_error *err)
{
    for (size_t i = 0; i < files->n; i++) {
        int rc = from_file(files->v[i], registry, repository, ret, err);
        if (rc)
            return rc;
    }
    return 0;
}
