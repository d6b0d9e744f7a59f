#include "build/checkout.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "store/snapshot.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

#define HERE "refs/slipway/here"

struct checkout {
    struct slip_gitcmd *git;
    const char *commit, *full_ref;
    struct slip_snapshot draft;
    char *tree;  /* owned: path of the work tree, beside the draft's fs/ */
    int tree_fd; /* owned */
    struct timespec time;
};

static void checkout_release(struct checkout *c)
{
    slip_closep(&c->tree_fd);
    slip_snapshot_release(&c->draft);
    free(c->tree);
}

static bool has_commit(const struct checkout *c)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_freep) char *object = slip_xasprintf("%s^{commit}", c->commit);

    return slip_gitcmd(c->git, c->tree, NULL, &ignored, "cat-file", "-e", object, NULL) == 0;
}

/* 1: it is there. 0: another way may do. -1: none will. */
static int after(const struct checkout *c, int rc, struct slip_error *err)
{
    if (rc < 0 && err->code != SLIP_EREMOTE)
        return -1;
    slip_error_release(err);
    return rc == 0 && has_commit(c);
}

static int fetch(const struct checkout *c, struct slip_error *err)
{
    const char *url = c->git->url;
    int rc = 0;

    if (c->full_ref) {
        slip_cleanup(slip_freep) char *spec = slip_xasprintf("+%s:" HERE, c->full_ref);
        rc = after(c,
                   slip_gitcmd(c->git, c->tree, NULL, err, "fetch", "-q", "--depth=1", "--no-tags",
                               "--", url, spec, NULL),
                   err);
    }
    if (rc == 0) {
        slip_cleanup(slip_freep) char *spec = slip_xasprintf("+%s:" HERE, c->commit);
        rc = after(c,
                   slip_gitcmd(c->git, c->tree, NULL, err, "fetch", "-q", "--depth=1", "--no-tags",
                               "--", url, spec, NULL),
                   err);
    }
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    if (slip_gitcmd(c->git, c->tree, NULL, err, "fetch", "-q", "--no-tags", "--", url,
                    "+refs/*:refs/slipway/all/*", NULL) < 0)
        return -1;
    if (has_commit(c))
        return 0;
    slip_fail(err, SLIP_EREMOTE, "'%s' has no commit %s", c->git->remote->shown, c->commit);
    return slip_error_hint(err, "was it rewritten, or is it in another repository?");
}

static int begin(struct checkout *c, struct slip_error *err)
{
    struct slip_store *store = c->git->sources->store;

    if (slip_snapshot_begin(&c->draft, store, err) < 0)
        return -1;
    c->tree = slip_xasprintf("%s/run/%s/%s/tree", store->path, store->session_name, c->draft.name);
    if (mkdirat(c->draft.dir, "tree", 0755) < 0)
        return slip_fail_errno(err, "cannot create a work directory");
    c->tree_fd = openat(c->draft.dir, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (c->tree_fd < 0 || fchmod(c->tree_fd, 0755) < 0)
        return slip_fail_errno(err, "cannot open a work directory");
    return slip_gitcmd(c->git, c->tree, NULL, err, "init", "-q", "--template=", NULL) < 0 ||
                   slip_gitcmd(c->git, c->tree, NULL, err, "remote", "add", "origin", "--",
                               c->git->url, NULL) < 0
               ? -1
               : 0;
}

static int find_time(struct checkout *c, struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    uint64_t seconds = 0;

    if (slip_gitcmd(c->git, c->tree, &text, err, "show", "-s", "--format=%ct", c->commit, NULL) < 0)
        return -1;
    slip_cleanup(slip_freep) char *line =
        slip_xstrndup(slip_buf_str(&text), strcspn(slip_buf_str(&text), "\n"));
    (void)slip_parse_uint(line, INT32_MAX, &seconds); /* nonsense is 1970 */
    c->time = (struct timespec){ .tv_sec = (time_t)seconds };
    return 0;
}

static int update_submodules(struct checkout *c, struct slip_error *err)
{
    struct stat st;

    if (!c->git->remote->submodules ||
        fstatat(c->tree_fd, ".gitmodules", &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    slip_gitcmd_forbid_files(c->git);
    if (slip_gitcmd(c->git, c->tree, NULL, err, "submodule", "--quiet", "update", "--init",
                    "--recursive", "--depth=1", NULL) == 0)
        return 0;
    if (err->code != SLIP_EREMOTE)
        return -1;
    slip_error_release(err); /* a commit that no ref names, or a host that gives all or nothing */
    if (slip_gitcmd(c->git, c->tree, NULL, err, "submodule", "--quiet", "update", "--init",
                    "--recursive", NULL) < 0) {
        (void)slip_error_context(err, "a submodule");
        return slip_error_hint(err, "?submodules=false leaves them out");
    }
    return 0;
}

/* What depends on when and how it was fetched goes from the repository that stays. */
static int tidy_repository(const struct checkout *c, struct slip_error *err)
{
    static const char *const litter[] = { ".git/FETCH_HEAD", ".git/ORIG_HEAD", ".git/logs",
                                          ".git/index", ".git/refs/slipway" };

    if (c->full_ref && slip_starts_with(c->full_ref, "refs/") &&
        slip_gitcmd(c->git, c->tree, NULL, err, "update-ref", c->full_ref, HERE, NULL) < 0)
        slip_error_release(err); /* it came another way */
    for (size_t i = 0; i < SLIP_ARRAY_LEN(litter); i++)
        if (slip_remove_tree(c->tree_fd, litter[i], err) < 0)
            return -1;
    return slip_gitcmd(c->git, c->tree, NULL, err, "read-tree", "HEAD", NULL);
}

static int settle(struct checkout *c, int dir, bool keep_git, struct slip_error *err);

static int settle_entry(struct checkout *c, int dir, const char *name, bool keep_git,
                        struct slip_error *err)
{
    const struct timespec times[2] = { c->time, c->time };
    struct stat st;

    if (strcmp(name, ".git") == 0 && !keep_git)
        return slip_remove_tree(dir, name, err);
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return slip_fail_errno(err, "cannot look at '%s'", name);
    if (S_ISDIR(st.st_mode)) {
        slip_cleanup(slip_closep) int sub =
            openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (sub < 0)
            return slip_fail_errno(err, "cannot open '%s'", name);
        if (settle(c, sub, keep_git, err) < 0)
            return -1;
    }
    return utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) < 0
               ? slip_fail_errno(err, "cannot set the time of '%s'", name)
               : 0;
}

/* Sets all times, and removes every ".git": git itself has no file of that name. */
static int settle(struct checkout *c, int dir, bool keep_git, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    if (slip_list_dir(dir, ".", &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++)
        if (settle_entry(c, dir, names.v[i], keep_git, err) < 0)
            return -1;
    return 0;
}

/* From the work tree, or a directory in it, to the snapshot. */
static int move(struct checkout *c, struct slip_error *err)
{
    const struct slip_remote *remote = c->git->remote;
    const struct timespec times[2] = { c->time, c->time };
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    const char *sub = *remote->subdir ? remote->subdir : ".";
    slip_cleanup(slip_closep) int from =
        slip_open_beneath(c->tree_fd, sub, O_RDONLY | O_DIRECTORY, 0);

    if (from < 0) {
        slip_fail(err, SLIP_EINPUT, "'%s' has no directory '%s' at %s%.12s", remote->shown, sub,
                  slip_starts_with(c->commit, remote->ref) ? ""
                  : remote->ref[0]                         ? remote->ref
                                                           : "",
                  slip_starts_with(c->commit, remote->ref) ? c->commit : "");
        return -1;
    }
    if (slip_list_dir(from, ".", &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++)
        if (renameat(from, names.v[i], c->draft.fs, names.v[i]) < 0)
            return slip_fail_errno(err, "cannot move '%s'", names.v[i]);
    if (futimens(c->draft.fs, times) < 0)
        return slip_fail_errno(err, "cannot set the time of a directory");
    return slip_remove_tree(c->draft.dir, "tree", err);
}

int slip_checkout(struct slip_gitcmd *git, const char *commit, const char *full_ref, const char *id,
                  struct slip_error *err)
{
    slip_cleanup(checkout_release) struct checkout c = {
        .git = git,
        .commit = commit,
        .full_ref = full_ref,
        .draft = SLIP_SNAPSHOT_INIT,
        .tree_fd = -1,
    };
    bool keep = git->remote->keep_git_dir;

    if (begin(&c, err) < 0 || fetch(&c, err) < 0 || find_time(&c, err) < 0 ||
        slip_gitcmd(git, c.tree, NULL, err, "checkout", "-q", "--force", "--detach", commit, NULL) <
            0 ||
        update_submodules(&c, err) < 0 || (keep && tidy_repository(&c, err) < 0) ||
        settle(&c, c.tree_fd, keep, err) < 0 || move(&c, err) < 0)
        return -1;
    return slip_snapshot_commit(&c.draft, id, err);
}
