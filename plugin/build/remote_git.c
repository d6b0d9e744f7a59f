/* remote_git.c - git repositories: which commit a name means there, and its files. */
#include "build/checkout.h"

#include "store/record.h"
#include "store/snapshot.h"
#include "util/json.h"
#include "util/mem.h"
#include "util/str.h"

static bool is_commit(const char *text)
{
    size_t n = strspn(text, "0123456789abcdef");

    return !text[n] && (n == 40 || n == 64);
}

/* The object of `ref` in what ls-remote answers: lines "<object>\t<ref>". */
static bool find_ref(const char *answer, const char *ref, char ret[65])
{
    size_t len = strlen(ref);

    for (const char *p = answer; *p;) {
        size_t n = strcspn(p, "\n"), object = strcspn(p, "\t\n");
        if (object <= 64 && n == object + 1 + len && strncmp(p + object + 1, ref, len) == 0) {
            memcpy(ret, p, object);
            ret[object] = '\0';
            return is_commit(ret);
        }
        p += n + (p[n] == '\n');
    }
    return false;
}

/* A tag that is an object of its own means the commit behind it. */
static bool find_peeled(const char *answer, const char *ref, char ret[65])
{
    slip_cleanup(slip_freep) char *peeled = slip_xasprintf("%s^{}", ref);

    return find_ref(answer, peeled, ret) || find_ref(answer, ref, ret);
}

/* What a name means: a branch before a tag, as for git checkout. Caller frees; NULL: nothing. */
static char *choose(const char *answer, const char *ref, char ret_commit[65])
{
    static const char *const fronts[] = { "refs/heads/", "refs/tags/", "refs/" };

    if (!*ref || slip_starts_with(ref, "refs/"))
        return find_peeled(answer, *ref ? ref : "HEAD", ret_commit)
                   ? slip_xstrdup(*ref ? ref : "HEAD")
                   : NULL;
    for (size_t i = 0; i < SLIP_ARRAY_LEN(fronts); i++) {
        slip_cleanup(slip_freep) char *full = slip_xasprintf("%s%s", fronts[i], ref);
        if (find_peeled(answer, full, ret_commit))
            return SLIP_TAKE_PTR(full);
    }
    return NULL;
}

static int unknown_ref(const struct slip_remote *remote, struct slip_error *err)
{
    if (!*remote->ref)
        return slip_fail(err, SLIP_EREMOTE, "'%s' has no commit yet", remote->shown);
    slip_fail(err, SLIP_EREMOTE, "'%s' has no branch or tag '%s'", remote->shown, remote->ref);
    if (!remote->ref[strspn(remote->ref, "0123456789abcdef")])
        return slip_error_hint(err, "a commit is named by all of its 40 digits");
    return -1;
}

/* `git ls-remote`. *ret_full is the whole name of the ref; caller frees. */
static int list(struct slip_gitcmd *git, char ret_commit[65], char **ret_full,
                struct slip_error *err)
{
    const struct slip_remote *remote = git->remote;
    slip_cleanup(slip_buf_release) struct slip_buf answer = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *dir = slip_xasprintf("%s/run", git->sources->store->path);
    const char *name = *remote->ref ? remote->ref : "HEAD";
    slip_cleanup(slip_freep) char *peeled = slip_xasprintf("%s^{}", name);

    if (slip_gitcmd(git, dir, &answer, err, "ls-remote", "-q", "--", git->url, name, peeled, NULL) <
        0)
        return -1;
    *ret_full = choose(slip_buf_str(&answer), remote->ref, ret_commit);
    return *ret_full ? 0 : unknown_ref(remote, err);
}

static int check_commit(const struct slip_remote *remote, const char *commit,
                        struct slip_error *err)
{
    if (!remote->checksum || slip_starts_with(commit, remote->checksum))
        return 0;
    slip_fail(err, SLIP_EINTEGRITY, "'%s' of '%s' is not what its checksum says",
              *remote->ref ? remote->ref : "HEAD", remote->shown);
    return slip_error_hint(err, "it is commit %s", commit);
}

static int remember(struct slip_store *store, const char *key, const char *commit, const char *full,
                    struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *record = json_object();

    json_object_set_new(record, "commit", json_string(commit));
    (void)json_object_set_new(record, "ref", json_string(full));
    return slip_record_put(store, key, record, err);
}

static void ref_key(const struct slip_remote *remote, char ret[65])
{
    slip_remote_key(ret, "slipway ref 1", remote->shown, remote->ref, NULL);
}

static int recollect(struct slip_sources *s, const struct slip_remote *remote, const char *key,
                     char ret[65], struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *record = slip_record_get(s->store, key);
    const char *commit = slip_json_str(record, "commit");

    if (!commit || !is_commit(commit))
        return slip_remote_offline(remote, err);
    memcpy(ret, commit, strlen(commit) + 1);
    return 0;
}

/* The whole name of the ref that was a commit when it was asked for; caller frees; NULL. */
static char *recollect_ref(struct slip_store *store, const struct slip_remote *remote,
                           const char *commit)
{
    char key[65];

    ref_key(remote, key);
    slip_cleanup(slip_json_decrefp) json_t *record = slip_record_get(store, key);
    const char *had = slip_json_str(record, "commit"), *full = slip_json_str(record, "ref");
    return had && full && strcmp(had, commit) == 0 ? slip_xstrdup(full) : NULL;
}

/* The commit that the ref is now; asked once in a process. */
static int ask(struct slip_sources *s, const struct slip_remote *remote, char ret_commit[65],
               struct slip_error *err)
{
    slip_cleanup(slip_gitcmd_release) struct slip_gitcmd git = SLIP_GITCMD_INIT;
    slip_cleanup(slip_freep) char *full = NULL;
    struct slip_fetched answer = { 0 };
    char key[65];

    ref_key(remote, key);
    slip_cleanup(slip_closep) int alone = slip_store_lock_name(s->store, key, err);
    if (alone < 0)
        return -1;
    if (slip_remote_recall(s, key, &answer)) {
        memcpy(ret_commit, answer.identity, 65);
        return 0;
    }
    if (!s->registry) {
        if (recollect(s, remote, key, ret_commit, err) < 0)
            return -1;
    } else if (slip_gitcmd_begin(&git, s, remote, err) < 0 ||
               list(&git, ret_commit, &full, err) < 0 ||
               remember(s->store, key, ret_commit, full, err) < 0) {
        return -1;
    }
    memcpy(answer.identity, ret_commit, 65);
    slip_remote_remember(s, key, &answer);
    return 0;
}

static int find_commit(struct slip_sources *s, const struct slip_remote *remote, char ret[65],
                       struct slip_error *err)
{
    const char *whole = is_commit(remote->ref)                            ? remote->ref
                        : remote->checksum && is_commit(remote->checksum) ? remote->checksum
                                                                          : NULL;
    if (whole)
        memcpy(ret, whole, strlen(whole) + 1);
    else if (ask(s, remote, ret, err) < 0)
        return -1;
    return check_commit(remote, ret, err);
}

/* With .git, the address and the ref stand in the files too. */
static void identify(const struct slip_remote *remote, const char *commit, struct slip_fetched *ret)
{
    bool keep = remote->keep_git_dir;

    snprintf(ret->content, sizeof ret->content, "gitCommit:%s", commit);
    slip_remote_key(ret->identity, "slipway tree 1", commit, remote->subdir,
                    remote->submodules ? "submodules" : "", keep ? remote->shown : "",
                    keep ? remote->ref : "", NULL);
}

int slip_remote_resolve_git(struct slip_sources *s, const struct slip_remote *remote,
                            struct slip_fetched *ret, struct slip_error *err)
{
    char commit[65] = "";

    if (find_commit(s, remote, commit, err) < 0)
        return -1;
    identify(remote, commit, ret);
    return 0;
}

/* A ref that was not asked for, because the checksum says it all, must be what that says. */
static int bring(struct slip_sources *s, const struct slip_remote *remote, const char *commit,
                 const char *id, struct slip_error *err)
{
    slip_cleanup(slip_gitcmd_release) struct slip_gitcmd git = SLIP_GITCMD_INIT;
    slip_cleanup(slip_freep) char *full = NULL;
    char now[65];

    if (slip_gitcmd_begin(&git, s, remote, err) < 0)
        return -1;
    if (!is_commit(remote->ref) && remote->checksum && is_commit(remote->checksum)) {
        if (list(&git, now, &full, err) < 0 || check_commit(remote, now, err) < 0)
            return -1;
    } else if (!is_commit(remote->ref)) {
        full = recollect_ref(s->store, remote, commit);
    }
    return slip_checkout(&git, commit, full, id, err);
}

int slip_remote_fetch_git(struct slip_sources *s, const struct slip_remote *remote,
                          struct slip_fetched *ret, struct slip_error *err)
{
    char commit[65] = "";

    if (find_commit(s, remote, commit, err) < 0)
        return -1;
    identify(remote, commit, ret);
    slip_remote_key(ret->snapshot, "slipway tree snapshot 1", ret->identity, NULL);
    slip_cleanup(slip_closep) int alone = slip_store_lock_name(s->store, ret->snapshot, err);
    if (alone < 0)
        return -1;
    if (slip_snapshot_has(s->store, ret->snapshot))
        return 0;
    return s->registry ? bring(s, remote, commit, ret->snapshot, err)
                       : slip_remote_offline(remote, err);
}
