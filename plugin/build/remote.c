/* remote.c - what URLs and git repositories have in common; and URLs. */
#include "build/remote.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "build/builder.h"
#include "build/secret.h"
#include "registry/download.h"
#include "store/blob.h"
#include "store/record.h"
#include "store/snapshot.h"
#include "util/fs.h"
#include "util/json.h"
#include "util/mem.h"
#include "util/str.h"

#define FILE_LIMIT ((uint64_t)64 << 30)

void slip_remote_key(char ret[65], const char *kind, ...)
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;
    const char *text;
    va_list ap;

    slip_sha256_field(&sha, kind);
    va_start(ap, kind);
    while ((text = va_arg(ap, const char *)))
        slip_sha256_field(&sha, text);
    va_end(ap);
    slip_key_finish(&sha, ret);
}

bool slip_remote_recall(struct slip_sources *s, const char *key, struct slip_fetched *ret)
{
    pthread_mutex_lock(&s->mutex);
    const struct slip_fetched *answer = slip_map_get(&s->remotes, key);
    if (answer)
        *ret = *answer;
    pthread_mutex_unlock(&s->mutex);
    return answer;
}

void slip_remote_remember(struct slip_sources *s, const char *key,
                          const struct slip_fetched *answer)
{
    struct slip_fetched *copy = slip_xcalloc(1, sizeof *copy);

    *copy = *answer;
    pthread_mutex_lock(&s->mutex);
    free(slip_map_get(&s->remotes, key));
    slip_map_set(&s->remotes, key, copy);
    pthread_mutex_unlock(&s->mutex);
}

char *slip_remote_secret(struct slip_sources *s, const char *fmt, ...)
{
    slip_cleanup(slip_freep) char *name = NULL;
    va_list ap;

    va_start(ap, fmt);
    name = slip_xvasprintf(fmt, ap);
    va_end(ap);
    const struct slip_secret *secret = slip_secrets_find(s->access.secrets, name);
    return secret ? slip_xstrndup(secret->value, strcspn(secret->value, "\r\n")) : NULL;
}

int slip_remote_offline(const struct slip_remote *remote, struct slip_error *err)
{
    slip_fail(err, SLIP_EREMOTE, "'%s' is not in the store, and nothing may be fetched (--offline)",
              remote->shown);
    return slip_error_hint(err, "build once without --offline");
}

int slip_remote_resolve(struct slip_sources *sources, const struct slip_remote *remote,
                        struct slip_fetched *ret, struct slip_error *err)
{
    *ret = (struct slip_fetched){ 0 };
    return (remote->kind == SLIP_REMOTE_GIT ? slip_remote_resolve_git
                                            : slip_remote_resolve_url)(sources, remote, ret, err);
}

int slip_remote_fetch(struct slip_sources *sources, const struct slip_remote *remote,
                      struct slip_fetched *ret, struct slip_error *err)
{
    *ret = (struct slip_fetched){ 0 };
    return (remote->kind == SLIP_REMOTE_GIT ? slip_remote_fetch_git
                                            : slip_remote_fetch_url)(sources, remote, ret, err);
}

/* --- URLs -------------------------------------------------------------------------------- */

/* What is known of a file from an earlier time. */
struct memory {
    json_t *record; /* owned */
    const char *digest, *etag, *modified, *snapshot;
};

static void memory_release(struct memory *m)
{
    json_decref(m->record);
}

/* Everything is NULL when the file is not held any more. */
static struct memory recollect(struct slip_store *store, const char *key)
{
    struct memory m = { .record = slip_record_get(store, key) };

    m.snapshot = slip_json_str(m.record, "snapshot");
    m.digest = slip_json_str(m.record, "digest");
    if (!m.digest || !m.snapshot || !slip_snapshot_has(store, m.snapshot)) {
        json_decref(m.record);
        return (struct memory){ 0 };
    }
    m.etag = slip_json_str(m.record, "etag");
    m.modified = slip_json_str(m.record, "modified");
    return m;
}

static int memorize(struct slip_store *store, const char *key, const char *snapshot,
                    const char *digest, const struct slip_downloaded *got, struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *record = json_object();

    json_object_set_new(record, "snapshot", json_string(snapshot));
    json_object_set_new(record, "digest", json_string(digest));
    if (got->etag) /* one that is not UTF-8 is not set, and not sent */
        (void)json_object_set_new(record, "etag", json_string(got->etag));
    if (got->modified)
        (void)json_object_set_new(record, "modified", json_string(got->modified));
    return slip_record_put(store, key, record, err);
}

static void identify(const struct slip_remote *remote, const char *digest, struct slip_fetched *ret)
{
    slip_remote_key(ret->identity, "slipway file 1", digest, remote->name, NULL);
    snprintf(ret->content, sizeof ret->content, "%s", digest);
}

/* The draft as the one file of a snapshot. */
static int publish(struct slip_store *store, const struct slip_draft *draft, const char *name,
                   int64_t mtime, const char *id, struct slip_error *err)
{
    slip_cleanup(slip_snapshot_release) struct slip_snapshot snapshot = SLIP_SNAPSHOT_INIT;
    const struct timespec times[2] = { { .tv_sec = mtime }, { .tv_sec = mtime } };

    if (slip_snapshot_begin(&snapshot, store, err) < 0)
        return -1;
    slip_cleanup(slip_closep) int fd =
        openat(snapshot.fs, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || lseek(draft->fd, 0, SEEK_SET) < 0)
        return slip_fail_errno(err, "cannot create '%s'", name);
    if (slip_copy_fd(draft->fd, fd, err) < 0)
        return -1;
    if (fchmod(fd, 0600) < 0 || futimens(fd, times) < 0 || futimens(snapshot.fs, times) < 0)
        return slip_fail_errno(err, "cannot set the mode of '%s'", name);
    return slip_snapshot_commit(&snapshot, id, err);
}

static char *authorize(struct slip_sources *s, const char *url)
{
    const char *host = strstr(url, "://") + 3;
    int n = (int)strcspn(host, *host == '[' ? "]" : ":/?#");
    char *header = slip_remote_secret(s, "HTTP_AUTH_HEADER_%.*s", n, host);

    if (header)
        return header;
    slip_cleanup(slip_freep) char *token = slip_remote_secret(s, "HTTP_AUTH_TOKEN_%.*s", n, host);
    return token ? slip_xasprintf("Bearer %s", token) : NULL;
}

static int download(struct slip_sources *s, const struct slip_remote *remote,
                    const struct memory *held, struct slip_draft *draft,
                    struct slip_downloaded *got, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *login = NULL;
    slip_cleanup(slip_freep) char *url = slip_url_take_login(remote->url, &login, err);

    if (!url)
        return slip_error_context(err, "'%s'", remote->shown);
    if (slip_draft_open(draft, s->store, err) < 0)
        return -1;
    if (!login)
        login = authorize(s, url);
    const struct slip_download what = {
        .url = url,
        .shown = remote->shown,
        .authorization = login,
        .etag = held->etag,
        .modified = held->modified,
        .limit = FILE_LIMIT,
    };
    return slip_registry_download(s->registry, &what, draft, got, err);
}

static int check(struct slip_draft *draft, const struct slip_remote *remote, const char *digest,
                 struct slip_error *err)
{
    if (lseek(draft->fd, 0, SEEK_SET) < 0)
        return slip_fail_errno(err, "cannot read what was fetched");
    int rc = slip_digest_check_fd(draft->fd, remote->checksum, err);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    slip_fail(err, SLIP_EINTEGRITY, "'%s' is not what --checksum says", remote->shown);
    return slip_error_hint(err, "what came is %s", digest);
}

static void reuse(const struct slip_remote *remote, const struct memory *held,
                  struct slip_fetched *ret)
{
    identify(remote, held->digest, ret);
    memcpy(ret->snapshot, held->snapshot, sizeof ret->snapshot);
}

/* Downloads, unless what is held is still right. `key` is where it will be looked for. */
static int bring(struct slip_sources *s, const struct slip_remote *remote, const char *key,
                 const struct memory *held, struct slip_fetched *ret, struct slip_error *err)
{
    slip_cleanup(slip_draft_release) struct slip_draft draft = SLIP_DRAFT_INIT;
    slip_cleanup(slip_downloaded_release) struct slip_downloaded got = SLIP_DOWNLOADED_INIT;
    struct slip_digest digest;
    char name[72], mtime[24];

    if (download(s, remote, held, &draft, &got, err) < 0)
        return -1;
    if (got.unchanged) {
        reuse(remote, held, ret);
        return 0;
    }
    slip_sha256_finish(&draft.sha, &digest);
    slip_digest_name(&digest, name);
    if (remote->checksum && check(&draft, remote, name, err) < 0)
        return -1;
    identify(remote, remote->checksum ? remote->checksum : name, ret);
    snprintf(mtime, sizeof mtime, "%lld", (long long)got.mtime);
    slip_remote_key(ret->snapshot, "slipway file snapshot 1", ret->identity, mtime, NULL);
    if (!slip_snapshot_has(s->store, ret->snapshot) &&
        publish(s->store, &draft, remote->name, got.mtime, ret->snapshot, err) < 0)
        return -1;
    return memorize(s->store, key, ret->snapshot, name, &got, err);
}

/* What the host has now. */
static int ask(struct slip_sources *s, const struct slip_remote *remote, struct slip_fetched *ret,
               struct slip_error *err)
{
    char key[65];

    slip_remote_key(key, "slipway url 1", remote->shown, remote->name, NULL);
    slip_cleanup(slip_closep) int alone = slip_store_lock_name(s->store, key, err);
    if (alone < 0)
        return -1;
    if (slip_remote_recall(s, key, ret) && slip_snapshot_has(s->store, ret->snapshot))
        return 0;
    slip_cleanup(memory_release) struct memory held = recollect(s->store, key);
    if (!s->registry && !held.digest)
        return slip_remote_offline(remote, err);
    if (!s->registry)
        reuse(remote, &held, ret);
    else if (bring(s, remote, key, &held, ret, err) < 0)
        return -1;
    slip_remote_remember(s, key, ret);
    return 0;
}

int slip_remote_resolve_url(struct slip_sources *s, const struct slip_remote *remote,
                            struct slip_fetched *ret, struct slip_error *err)
{
    if (!remote->checksum)
        return ask(s, remote, ret, err);
    identify(remote, remote->checksum, ret);
    return 0;
}

int slip_remote_fetch_url(struct slip_sources *s, const struct slip_remote *remote,
                          struct slip_fetched *ret, struct slip_error *err)
{
    if (!remote->checksum)
        return ask(s, remote, ret, err);
    identify(remote, remote->checksum, ret);
    slip_cleanup(slip_closep) int alone = slip_store_lock_name(s->store, ret->identity, err);
    if (alone < 0)
        return -1;
    slip_cleanup(memory_release) struct memory held = recollect(s->store, ret->identity);
    if (held.snapshot) {
        memcpy(ret->snapshot, held.snapshot, sizeof ret->snapshot);
        return 0;
    }
    if (!s->registry)
        return slip_remote_offline(remote, err);
    return bring(s, remote, ret->identity, &(struct memory){ 0 }, ret, err);
}
