#include "commands/git.h"

#include "util/fs.h"
#include "util/mem.h"
#include "util/proc.h"
#include "util/str.h"

/* True when some directory from `dir` upwards holds .git. */
static bool in_checkout(const char *dir)
{
    slip_cleanup(slip_freep) char *path = slip_path_absolute(dir);

    for (;;) {
        slip_cleanup(slip_freep) char *git = slip_path_join(path, ".git");
        if (access(git, F_OK) == 0)
            return true;
        char *slash = strrchr(path, '/');
        if (!slash || !path[1])
            return false;
        slash[slash == path] = '\0';
    }
}

/* `git -C dir WORD...`, its answer by lines; none when it fails. */
static void ask(const char *dir, const char *const *words, struct slip_strv *ret)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv argv = SLIP_STRV_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf answer = SLIP_BUF_INIT;
    int status;

    slip_strv_add(&argv, "git");
    slip_strv_add(&argv, "-C");
    slip_strv_add(&argv, dir);
    for (; *words; words++)
        slip_strv_add(&argv, *words);
    if (slip_proc_ask(argv.v, false, &answer, &status, &ignored) < 0 || status != 0)
        return;
    for (const char *p = slip_buf_str(&answer); *p;) {
        size_t n = strcspn(p, "\n");
        slip_strv_addn(ret, p, n);
        p += n + (p[n] == '\n');
    }
}

/* "remote.<name>.url <url>" lines: the one of origin, else the only one. */
static char *find_source(const char *dir)
{
    static const char *const words[] = { "config", "--get-regexp", "^remote\\..*\\.url$", NULL };
    slip_cleanup(slip_strv_release) struct slip_strv remotes = SLIP_STRV_INIT;
    const char *chosen = NULL;

    ask(dir, words, &remotes);
    if (remotes.n == 1)
        chosen = remotes.v[0];
    for (size_t i = 0; i < remotes.n; i++)
        if (slip_starts_with(remotes.v[i], "remote.origin.url "))
            chosen = remotes.v[i];
    const char *url = chosen ? strstr(chosen, ".url ") : NULL;
    return url ? slip_git_public_url(url + 5) : NULL;
}

void slip_git_look(const char *dir, struct slip_git *ret)
{
    /* HEAD:./ is there when the commit has this directory. The reflog of HEAD grows with every
     * commit, checkout, reset and rebase; the branch that HEAD names may be packed, or elsewhere.
     */
    static const char *const words[] = { "rev-parse", "HEAD",       "HEAD:./",   "--git-path",
                                         "HEAD",      "--git-path", "logs/HEAD", "--git-path",
                                         "config",    NULL };
    slip_cleanup(slip_strv_release) struct slip_strv lines = SLIP_STRV_INIT;

    if (!dir || !in_checkout(dir) || !slip_proc_have("git"))
        return;
    ask(dir, words, &lines);
    if (lines.n != 5)
        return;
    ret->revision = slip_xstrdup(lines.v[0]);
    for (size_t i = 2; i < lines.n; i++) {
        slip_cleanup(slip_freep) char *path = slip_path_join(dir, lines.v[i]);
        slip_cleanup(slip_freep) char *absolute = slip_path_absolute(path);
        if (access(absolute, F_OK) == 0)
            slip_strv_add(&ret->watch, absolute);
    }
    ret->source = find_source(dir);
}

int64_t slip_git_time(const char *dir)
{
    static const char *const words[] = { "log", "-1", "--format=%ct", NULL };
    slip_cleanup(slip_strv_release) struct slip_strv lines = SLIP_STRV_INIT;
    uint64_t value = 0;

    if (!dir || !in_checkout(dir) || !slip_proc_have("git"))
        return 0;
    ask(dir, words, &lines);
    return lines.n == 1 && slip_parse_uint(lines.v[0], INT64_MAX / 2000000000, &value) == 0
               ? (int64_t)value
               : 0;
}

void slip_git_release(struct slip_git *git)
{
    free(git->revision);
    free(git->source);
    slip_strv_release(&git->watch);
    *git = SLIP_GIT_INIT;
}

/* scheme://[user[:password]@]host[:port]/path; an ssh port is no port of https. */
static char *clean_url(const char *scheme, const char *rest, bool drop_port)
{
    size_t n = strcspn(rest, "/?#");
    const char *path = rest + n, *host = rest;

    for (const char *p = rest; p < path; p++) /* a password may hold an '@' */
        if (*p == '@')
            host = p + 1;
    size_t host_len = (size_t)(path - host), path_len = strcspn(path, "?#");
    const char *colon = memrchr(host, ':', host_len);
    if (drop_port && colon && !memchr(colon, ']', (size_t)(path - colon)))
        host_len = (size_t)(colon - host);
    while (path_len && path[path_len - 1] == '/')
        path_len--;
    if (path_len > 5 && path[path_len - 5] != '/' && strncmp(path + path_len - 4, ".git", 4) == 0)
        path_len -= 4;
    return host_len
               ? slip_xasprintf("%s://%.*s%.*s", scheme, (int)host_len, host, (int)path_len, path)
               : NULL;
}

char *slip_git_public_url(const char *url)
{
    static const struct {
        const char *scheme, *as;
        bool drop_port;
    } known[] = {
        { "https://", "https", false },  { "http://", "http", false },
        { "git://", "git", false },      { "ssh://", "https", true },
        { "git+ssh://", "https", true }, { "ssh+git://", "https", true },
    };
    const char *colon = strchr(url, ':'), *slash = strchr(url, '/');

    for (size_t i = 0; i < SLIP_ARRAY_LEN(known); i++)
        if (slip_starts_with(url, known[i].scheme))
            return clean_url(known[i].as, url + strlen(known[i].scheme), known[i].drop_port);
    /* scp's form; a colon behind a slash belongs to a path */
    if (!colon || colon == url || strstr(url, "://") || strstr(url, "::") ||
        (slash && slash < colon))
        return NULL;
    slip_cleanup(slip_freep) char *rest =
        slip_xasprintf("%.*s/%s", (int)(colon - url), url, colon + 1 + (colon[1] == '/'));
    return clean_url("https", rest, false);
}

bool slip_git_is_modified(const char *dir)
{
    static const char *const words[] = { "--no-optional-locks", "status", "--porcelain", "-uno",
                                         NULL };
    slip_cleanup(slip_strv_release) struct slip_strv changes = SLIP_STRV_INIT;

    ask(dir, words, &changes);
    return changes.n > 0;
}
