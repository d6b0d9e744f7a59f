#include "commands/agents.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "build/relay.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/proc.h"

#define START_TRIES 500 /* at 10 ms: what an agent may take until it answers */
#define ADD_SECONDS 20

/* What the agent runs, as it says: it ends with its command. That may take it ten seconds to see,
 * so the command tells it. */
static const char keeper[] = "cat >/dev/null; kill \"$SSH_AGENT_PID\"; rm -rf \"$0\"";

/* NULL with *err. */
static char *make_dir(struct slip_error *err)
{
    const char *bases[] = { getenv("XDG_RUNTIME_DIR"), "/tmp" };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(bases); i++) {
        if (!bases[i] || !*bases[i])
            continue;
        slip_cleanup(slip_freep) char *name = slip_xasprintf("%s/slipway-ssh.XXXXXX", bases[i]);
        if (mkdtemp(name))
            return SLIP_TAKE_PTR(name);
    }
    slip_fail_errno(err, "cannot make a directory for an ssh agent");
    return NULL;
}

static int start(struct slip_own_agent *own, const char *dir, const char *socket,
                 struct slip_error *err)
{
    char *const argv[] = { (char[]){ "ssh-agent" },   (char[]){ "-a" },
                           (char *)(uintptr_t)socket, (char[]){ "sh" },
                           (char[]){ "-c" },          (char *)(uintptr_t)keeper,
                           (char *)(uintptr_t)dir,    NULL };
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return slip_fail_errno(err, "cannot make a pipe");
    slip_cleanup(slip_closep) int theirs = ends[0];
    own->hold = ends[1];
    own->pid = fork();
    if (own->pid < 0)
        return slip_fail_errno(err, "cannot start ssh-agent");
    if (own->pid > 0)
        return 0;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    (void)setsid(); /* Ctrl-C is for the build, which still needs it to end well */
    (void)dup2(theirs, STDIN_FILENO);
    (void)dup2(null, STDOUT_FILENO);
    (void)dup2(null, STDERR_FILENO);
    (void)execvp(argv[0], argv);
    _exit(127);
}

static int await_socket(const struct slip_own_agent *own, const char *socket,
                        struct slip_error *err)
{
    const struct timespec pause = { .tv_nsec = 10000000 };

    for (unsigned i = 0; i < START_TRIES; i++) {
        slip_cleanup(slip_error_release) struct slip_error not_yet = SLIP_ERROR_INIT;
        siginfo_t info = { 0 };
        if (slip_relay_probe(socket, &not_yet) == 0)
            return 0;
        if (waitid(P_PID, (id_t)own->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid)
            break;
        (void)nanosleep(&pause, NULL);
    }
    return slip_fail(err, SLIP_EHOST, "ssh-agent does not start");
}

static int start_agent(struct slip_agents *a, const char *id, struct slip_error *err)
{
    if (!slip_proc_have("ssh-agent") || !slip_proc_have("ssh-add")) {
        slip_fail(err, SLIP_EHOST, "key files of --ssh need the programs ssh-agent and ssh-add");
        return slip_error_hint(err,
                               "install them (Debian: openssh-client), or give the socket of an "
                               "agent: --ssh %s=SOCKET",
                               id);
    }
    slip_cleanup(slip_freep) char *dir = make_dir(err);
    if (!dir)
        return -1;
    slip_cleanup(slip_freep) char *socket = slip_xasprintf("%s/agent", dir);
    a->own = slip_xgrow(a->own, a->nown, &a->cap, sizeof *a->own);
    a->own[a->nown] = (struct slip_own_agent){ .hold = -1 };
    if (start(&a->own[a->nown++], dir, socket, err) < 0)
        return -1;
    slip_strv_setenv(&a->sockets, id, socket);
    return await_socket(&a->own[a->nown - 1], socket, err);
}

/* On its standard input, a key may have any mode, and is in no memory of ours. */
static int add_key(const char *socket, const char *file, struct slip_error *err)
{
    slip_cleanup(slip_closep) int key = open(file, O_RDONLY | O_CLOEXEC);
    slip_cleanup(slip_freep) char *agent = slip_xasprintf("SSH_AUTH_SOCK=%s", socket);
    char *const argv[] = { (char[]){ "env" },
                           (char[]){ "SSH_ASKPASS_REQUIRE=force" }, /* and not the terminal */
                           (char[]){ "SSH_ASKPASS=/bin/false" },
                           agent,
                           (char[]){ "ssh-add" },
                           (char[]){ "-q" },
                           (char[]){ "-" },
                           NULL };
    int status;

    if (key < 0)
        return slip_fail_errno(err, "cannot read the ssh key '%s'", file);
    if (slip_proc_feed(argv, key, ADD_SECONDS, NULL, &status, err) < 0)
        return slip_error_context(err, "cannot add the ssh key '%s'", file);
    if (status == 0)
        return 0;
    slip_fail(err, SLIP_EUSAGE, "ssh-add does not take the key '%s'", file);
    return slip_error_hint(err,
                           "is it a private key? One with a passphrase has to be in an agent "
                           "before: 'ssh-add %s', then --ssh default",
                           file);
}

static int is_socket(const char *path, struct slip_error *err)
{
    struct stat st;

    if (stat(path, &st) == 0)
        return S_ISSOCK(st.st_mode);
    slip_fail_errno(err, "cannot find '%s' of --ssh", path);
    err->code = SLIP_EUSAGE;
    return -1;
}

/* What stands behind '=', one path after the other. */
static int add_paths(struct slip_agents *a, const char *id, const struct slip_strv *paths,
                     struct slip_error *err)
{
    for (size_t i = 0; i < paths->n; i++) {
        int sock = is_socket(paths->v[i], err);
        if (sock < 0)
            return -1;
        if (sock && paths->n > 1) {
            slip_fail(err, SLIP_EUSAGE, "--ssh %s has a socket and more", id);
            return slip_error_hint(err, "give the socket of one agent, or key files only");
        }
        if (sock) {
            slip_strv_setenv(&a->sockets, id, paths->v[i]);
            return slip_relay_probe(paths->v[i], err);
        }
        if ((i == 0 && start_agent(a, id, err) < 0) ||
            add_key(slip_strv_getenv(&a->sockets, id), paths->v[i], err) < 0)
            return -1;
    }
    return 0;
}

static int add_agent(struct slip_agents *a, const char *text, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv paths = SLIP_STRV_INIT;
    const char *own = getenv("SSH_AUTH_SOCK"), *p = strchrnul(text, '=');
    slip_cleanup(slip_freep) char *id =
        p > text ? slip_xstrndup(text, (size_t)(p - text)) : slip_xstrdup("default");

    if (slip_strv_getenv(&a->sockets, id))
        return slip_fail(err, SLIP_EUSAGE, "--ssh %s is given twice", id);
    for (p += *p == '='; *p;) {
        size_t n = strcspn(p, ",");
        slip_strv_addn(&paths, p, n);
        p += n + (p[n] == ',');
    }
    if (!paths.n && own && *own)
        slip_strv_add(&paths, own);
    if (paths.n)
        return add_paths(a, id, &paths, err);
    slip_fail(err, SLIP_EUSAGE, "--ssh %s needs an ssh agent, and SSH_AUTH_SOCK names none", id);
    return slip_error_hint(
        err, "start one: eval $(ssh-agent); ssh-add. Or give a key: --ssh %s=KEYFILE", id);
}

int slip_agents_open(struct slip_agents *a, const struct slip_strv *given, struct slip_error *err)
{
    for (size_t i = 0; i < given->n; i++)
        if (add_agent(a, given->v[i], err) < 0)
            return -1;
    return 0;
}

void slip_agents_release(struct slip_agents *a)
{
    for (size_t i = 0; i < a->nown; i++)
        slip_closep(&a->own[i].hold);
    for (size_t i = 0; i < a->nown; i++)
        while (a->own[i].pid > 0 && waitpid(a->own[i].pid, NULL, 0) < 0 && errno == EINTR)
            ;
    free(a->own);
    slip_strv_release(&a->sockets);
    *a = SLIP_AGENTS_INIT;
}
