#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "exec/caps.h"
#include "exec/emulate.h"
#include "exec/launch.h"
#include "exec/report.h"
#include "util/fs.h"
#include "util/mem.h"

#define FILES_SOFT 1024 /* a small one, as containers have: some programs close all up to it */
#define FILES_HARD 524288
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static int take_stdio(const struct slip_launch *l, const struct slip_identity *id, int terminal,
                      struct slip_error *err)
{
    int fds[3] = { l->stdio[0], l->stdio[1], l->stdio[2] };

    (void)setsid();
    if (terminal >= 0) {
        int tty = ioctl(terminal, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (tty < 0 || ioctl(tty, TIOCSCTTY, 0) < 0)
            return slip_fail_errno(err, "cannot open a terminal");
        fds[0] = fds[1] = fds[2] = tty;
    }
    if (fds[0] < 0)
        fds[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (int i = 0; i < 3; i++) {
        /* so that a user of the image can open /dev/stdout; in tier single there is but one */
        if (!l->spec->interactive || terminal >= 0)
            (void)!fchown(fds[i], id->uid, (gid_t)-1);
        if (fds[i] == i ? fcntl(i, F_SETFD, 0) < 0 : dup2(fds[i], i) < 0)
            return slip_fail_errno(err, "cannot set up the standard streams");
    }
    return 0;
}

static void set_limits(void)
{
    /* One byte: too little for a core file, and what tells the kernel not to start a program that
     * takes cores (core(5)); with none at all it would. */
    struct rlimit files = { FILES_SOFT, FILES_HARD }, core = { 1, 1 }, now;

    if (getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_max < files.rlim_max)
        files.rlim_max = now.rlim_max;
    if (files.rlim_cur > files.rlim_max)
        files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
    (void)setrlimit(RLIMIT_CORE, &core);
}

static void reset_signals(void)
{
    const struct sigaction fresh = { .sa_handler = SIG_DFL };
    sigset_t none;

    for (int sig = 1; sig < NSIG; sig++)
        (void)sigaction(sig, &fresh, NULL); /* KILL and STOP refuse, and have it anyway */
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Everything closes at exec but the standard streams and what was asked for. */
static int mark_fds(const struct slip_sandbox *spec, struct slip_error *err)
{
    const int keep[] = { spec->keep_fd, spec->keep_fd2 };

    if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
        return slip_fail_errno(err, "cannot close files");
    for (size_t i = 0; i < SLIP_ARRAY_LEN(keep); i++)
        if (keep[i] > 2 && fcntl(keep[i], F_SETFD, 0) < 0)
            return slip_fail_errno(err, "cannot hand over file descriptor %d", keep[i]);
    return 0;
}

static int set_ids(const struct slip_launch *l, const struct slip_identity *id,
                   struct slip_error *err)
{
    if (setgroups(id->ngroups, id->groups) < 0 || setresgid(id->gid, id->gid, id->gid) < 0 ||
        setresuid(id->uid, id->uid, id->uid) < 0) {
        slip_fail_errno(err, "cannot become user %u, group %u", id->uid, id->gid);
        if (err->sys_errno == EINVAL)
            slip_error_hint(err, "in tier %s the ids from 0 to 65535 are mapped",
                            slip_tier_name(l->tier));
        return -1;
    }
    return 0;
}

/* Filters first where they need a privilege that is given up then; see seccomp(2). */
static int give_up_privileges(const struct slip_launch *l, const struct slip_identity *id,
                              int listener, struct slip_error *err)
{
    int fd;

    if (slip_caps_bound() < 0)
        return slip_fail_errno(err, "cannot drop capabilities");
    if (l->tier == SLIP_TIER_SINGLE && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return slip_fail_errno(err, "cannot renounce new privileges");
    if (l->tier == SLIP_TIER_SINGLE && slip_emulate_assume() < 0)
        return slip_fail_errno(err, "cannot become user %u", id->uid);
    if (slip_seccomp_load(l->filters, &fd, err) < 0)
        return -1;
    if (fd >= 0 && (slip_report_send_fd(listener, fd) < 0 || close(fd) < 0))
        return slip_fail_errno(err, "cannot hand over the seccomp listener");
    return 0;
}

/* HOME when it is missing, and the rest as given. Owned by a process that is about to exec. */
static const char *const *environment(const struct slip_sandbox *spec, const char *home)
{
    size_t n = 0;

    while (spec->env && spec->env[n])
        n++;
    const char **env = slip_xcalloc(n + 2, sizeof *env);
    bool has_home = false;
    for (size_t i = 0; i < n; i++) {
        env[i] = spec->env[i];
        has_home = has_home || strncmp(env[i], "HOME=", 5) == 0;
    }
    if (!has_home)
        env[n] = slip_xasprintf("HOME=%s", home);
    return env;
}

static const char *search_path(const char *const *env)
{
    for (; *env; env++)
        if (strncmp(*env, "PATH=", 5) == 0)
            return *env + 5;
    return DEFAULT_PATH;
}

static int exec_failed(const char *name, const char *file, int error, struct slip_error *err)
{
    bool there = file && access(file, F_OK) == 0;

    if (error == ENOENT && !there && !strchr(name, '/')) {
        slip_fail(err, SLIP_ESTEP, "exec: \"%s\": not found in PATH", name);
        return slip_error_hint(err, "is its package installed in this stage? PATH is that of the "
                                    "image and of ENV");
    }
    if (error == ENOENT && !there) {
        slip_fail(err, SLIP_ESTEP, "exec: \"%s\": no such file", name);
        return slip_error_hint(err, "the path is looked up inside the image");
    }
    if (error == ENOENT) {
        slip_fail(err, SLIP_ESTEP, "exec: \"%s\": its interpreter or loader is missing", name);
        return slip_error_hint(err, "a script needs the program of its first line, a dynamic "
                                    "program its loader, in the image");
    }
    errno = error;
    slip_fail_errno(err, "exec: \"%s\"", name);
    err->code = SLIP_ESTEP;
    if (error == ENOEXEC)
        slip_error_hint(err, "a program for another architecture, or a script without a '#!' line");
    if (error == EACCES)
        slip_error_hint(err, "is it executable for this user? 'chmod +x' it");
    return -1;
}

/* As execvpe(3), except that a file without a magic number is not given to a shell. */
static int exec_command(const struct slip_sandbox *spec, const char *const *env,
                        struct slip_error *err)
{
    char *const *argv = (char *const *)(uintptr_t)spec->argv;
    char *const *envp = (char *const *)(uintptr_t)env;
    const char *name = argv[0];
    int error = ENOENT;

    if (strchr(name, '/')) {
        (void)execve(name, argv, envp);
        return exec_failed(name, name, errno, err);
    }
    slip_cleanup(slip_freep) char *seen = NULL;
    for (const char *p = search_path(env), *end; *name; p = end + 1) {
        end = strchrnul(p, ':');
        slip_cleanup(slip_freep) char *file =
            slip_xasprintf("%.*s/%s", end == p ? 1 : (int)(end - p), end == p ? "." : p, name);
        (void)execve(file, argv, envp);
        if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
            return exec_failed(name, file, errno, err);
        if (access(file, F_OK) == 0 && !seen) {
            error = access(file, X_OK) == 0 ? ENOENT : EACCES;
            seen = SLIP_TAKE_PTR(file);
        }
        if (!*end)
            break;
    }
    return exec_failed(name, seen, error, err);
}

int slip_payload_exec(const struct slip_launch *l, const struct slip_identity *id, int cwd,
                      int terminal, int listener, struct slip_error *err)
{
    const char *const *env = environment(l->spec, id->home);

    if (take_stdio(l, id, terminal, err) < 0 || mark_fds(l->spec, err) < 0)
        return -1;
    if (fchdir(cwd) < 0)
        return slip_fail_errno(err, "cannot enter the working directory");
    (void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL); /* not all kernels have keys */
    (void)umask(0022);
    set_limits();
    reset_signals();
    if (give_up_privileges(l, id, listener, err) < 0)
        return -1;
    if (l->tier != SLIP_TIER_SINGLE && set_ids(l, id, err) < 0)
        return -1;
    if (slip_caps_command(id->uid == 0 || l->tier == SLIP_TIER_SINGLE) < 0)
        return slip_fail_errno(err, "cannot drop capabilities");
    return exec_command(l->spec, env, err);
}
