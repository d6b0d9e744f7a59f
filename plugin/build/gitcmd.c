#include "build/gitcmd.h"

#include <stdarg.h>

#include "registry/download.h"
#include "util/mem.h"
#include "util/sealed.h"
#include "util/str.h"

#define WORDS_KEPT 300u /* bytes of what git says */

/* What no configuration may change, on the command line of every git. */
static const char *const settings[] = {
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.autocrlf=false",
    "core.fileMode=true",
    "core.symlinks=true",
    "core.sharedRepository=false",
    "core.logAllRefUpdates=false",
    "credential.helper=",
    "gc.auto=0",
    "maintenance.auto=false",
    "fetch.recurseSubmodules=false",
    "submodule.recurse=false",
    "init.defaultBranch=master",
    "advice.detachedHead=false",
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=30",
};

/* Keys that ssh knows are checked, others taken as they come, and forgotten. */
static void set_ssh(struct slip_gitcmd *git)
{
    const struct slip_access *access = &git->sources->access;
    slip_cleanup(slip_buf_release) struct slip_buf ssh = SLIP_BUF_INIT;

    slip_buf_puts(&ssh, "ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=accept-new "
                        "-o LogLevel=ERROR -o ConnectTimeout=10 -o IdentityFile=none "
                        "-o UserKnownHostsFile=");
    slip_cleanup(slip_freep) char *files = slip_xasprintf(
        "/dev/null%s%s", access->known_hosts ? " " : "",
        access->known_hosts && !strpbrk(access->known_hosts, " \"'%") ? access->known_hosts : "");
    slip_shell_quote(&ssh, files);
    slip_strv_setenv(&git->env, "GIT_SSH_COMMAND", slip_buf_str(&ssh));
    slip_strv_setenv(&git->env, "GIT_SSH_VARIANT", "ssh");
    const char *agent = access->agents ? slip_strv_getenv(access->agents, "default") : NULL;
    if (!agent && git->remote->by_user)
        agent = access->own_agent;
    if (agent)
        slip_strv_setenv(&git->env, "SSH_AUTH_SOCK", agent);
}

/* The secrets that BuildKit knows, those of the host first. */
static char *find_secret(struct slip_gitcmd *git, const char *origin)
{
    const char *host = strstr(origin, "://") + 3;

    for (int named = 1; named >= 0; named--) {
        const char *dot = named ? "." : "", *who = named ? host : "";
        char *header = slip_remote_secret(git->sources, "GIT_AUTH_HEADER%s%s", dot, who);
        if (header)
            return header;
        slip_cleanup(slip_freep) char *token =
            slip_remote_secret(git->sources, "GIT_AUTH_TOKEN%s%s", dot, who);
        if (token)
            return slip_basic_authorization("x-access-token", token);
    }
    return NULL;
}

/* As configuration in the environment: arguments can be read by everybody. */
static void set_header(struct slip_gitcmd *git, const char *origin, const char *authorization)
{
    slip_cleanup(slip_freep) char *key = slip_xasprintf("http.%s/.extraHeader", origin);
    slip_cleanup(slip_freep) char *value = slip_xasprintf("Authorization: %s", authorization);

    slip_strv_setenv(&git->env, "GIT_CONFIG_COUNT", "1");
    slip_strv_setenv(&git->env, "GIT_CONFIG_KEY_0", key);
    slip_strv_setenv(&git->env, "GIT_CONFIG_VALUE_0", value);
}

static int set_login(struct slip_gitcmd *git, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *authorization = NULL;

    if (!slip_starts_with(git->remote->url, "http")) {
        git->url = slip_xstrdup(git->remote->url);
        return 0;
    }
    git->url = slip_url_take_login(git->remote->url, &authorization, err);
    if (!git->url)
        return slip_error_context(err, "'%s'", git->remote->shown);
    const char *host = strstr(git->url, "://") + 3;
    slip_cleanup(slip_freep) char *origin =
        slip_xstrndup(git->url, (size_t)(host - git->url) + strcspn(host, "/?#"));
    if (!authorization)
        authorization = find_secret(git, origin);
    if (authorization)
        set_header(git, origin, authorization);
    return 0;
}

int slip_gitcmd_begin(struct slip_gitcmd *git, struct slip_sources *sources,
                      const struct slip_remote *remote, struct slip_error *err)
{
    static const char *const fixed[][2] = {
        { "GIT_CONFIG_NOSYSTEM", "1" },
        { "GIT_CONFIG_GLOBAL", "/dev/null" },
        { "GIT_ATTR_NOSYSTEM", "1" },
        { "GIT_TERMINAL_PROMPT", "0" },
        { "GIT_ASKPASS", "false" },
        { "SSH_ASKPASS", "false" },
        { "GIT_OPTIONAL_LOCKS", "0" },
        { "HOME", "/nonexistent" },
        { "LC_ALL", "C" },
        { "TZ", "UTC" },
    };

    *git = (struct slip_gitcmd){ .sources = sources, .remote = remote };
    if (sources->access.env)
        slip_strv_copy(&git->env, sources->access.env);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(fixed); i++)
        slip_strv_setenv(&git->env, fixed[i][0], fixed[i][1]);
    /* Where nothing is a repository, none of the user's is found above. */
    slip_strv_setenv(&git->env, "GIT_CEILING_DIRECTORIES", sources->store->path);
    slip_strv_setenv(&git->env, "GIT_ALLOW_PROTOCOL",
                     remote->by_user ? "http:https:git:ssh:file" : "http:https:git:ssh");
    set_ssh(git);
    return set_login(git, err);
}

void slip_gitcmd_forbid_files(struct slip_gitcmd *git)
{
    slip_strv_setenv(&git->env, "GIT_ALLOW_PROTOCOL", "http:https:git:ssh");
}

/* The line that says it: git's first complaint, or what ssh said before a general one. */
static char *words_of(const char *complaints)
{
    static const char *const noise[] = { "fatal: Could not read from remote", "Please make sure",
                                         "and the repository exists", "hint:", "warning:" };
    slip_cleanup(slip_buf_release) struct slip_buf shown = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *line = slip_xstrdup("");
    bool is_fatal = false;

    for (const char *p = complaints; *p && !is_fatal;) {
        size_t n = strcspn(p, "\r\n");
        bool is_noise = n == 0;
        for (size_t i = 0; i < SLIP_ARRAY_LEN(noise); i++)
            is_noise = is_noise || slip_starts_with(p, noise[i]);
        is_fatal = !is_noise && slip_starts_with(p, "fatal: ");
        if (is_fatal || (!is_noise && !*line)) {
            size_t skip = is_fatal ? strlen("fatal: ") : 0;
            free(line);
            line = slip_xstrndup(p + skip, n - skip < WORDS_KEPT ? n - skip : WORDS_KEPT);
        }
        p += n + (p[n] != '\0');
    }
    for (char *p = line; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    slip_remote_redact(&shown, line);
    return slip_buf_take(&shown);
}

static int explain(const struct slip_gitcmd *git, const char *complaints, int status,
                   struct slip_error *err)
{
    slip_cleanup(slip_freep) char *words = words_of(complaints);

    if (*words)
        slip_fail(err, SLIP_EREMOTE, "cannot fetch '%s': %s", git->remote->shown, words);
    else
        slip_fail(err, SLIP_EREMOTE, "cannot fetch '%s': git ends with status %d",
                  git->remote->shown, status);
    if (strstr(complaints, "could not read Username") || strstr(complaints, "Authentication") ||
        strstr(complaints, "The requested URL returned error: 40"))
        return slip_error_hint(err, "it does not exist, or you may not: --secret "
                                    "id=GIT_AUTH_TOKEN,src=FILE gives a token");
    if (strstr(complaints, "ermission denied"))
        return slip_error_hint(err, "--ssh default lets it ask your ssh agent");
    return slip_error_hint(err, "is the address right, and can it be reached from here?");
}

int slip_gitcmd(const struct slip_gitcmd *git, const char *dir, struct slip_buf *answer,
                struct slip_error *err, ...)
{
    slip_cleanup(slip_strv_release) struct slip_strv argv = SLIP_STRV_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf complaints = SLIP_BUF_INIT;
    const char *word;
    int status;
    va_list ap;

    slip_strv_add(&argv, "git");
    slip_strv_add(&argv, "-C");
    slip_strv_add(&argv, dir);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(settings); i++) {
        slip_strv_add(&argv, "-c");
        slip_strv_add(&argv, settings[i]);
    }
    va_start(ap, err);
    while ((word = va_arg(ap, const char *)))
        slip_strv_add(&argv, word);
    va_end(ap);
    const struct slip_sealed sealed = {
        .argv = argv.v,
        .env = &git->env,
        .cancel = git->sources->access.cancel,
    };
    if (slip_sealed_run(&sealed, answer, &complaints, &status, err) < 0) {
        if (err->code == SLIP_EHOST)
            slip_error_hint(err, "git is needed for sources in git repositories: install it");
        return -1;
    }
    return status ? explain(git, slip_buf_str(&complaints), status, err) : 0;
}

void slip_gitcmd_release(struct slip_gitcmd *git)
{
    slip_strv_release(&git->env);
    free(git->url);
    *git = SLIP_GITCMD_INIT;
}
