#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "util/fs.h"
#include "util/mem.h"

#define CAPTURE_LIMIT ((size_t)16 << 20)

static int read_all(int fd, struct slip_buf *out, struct slip_error *err)
{
    for (;;) {
        char *at = slip_buf_reserve(out, 4096);
        ssize_t n = read(fd, at, 4096);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return slip_fail_errno(err, "cannot read from a helper program");
        if (n == 0)
            return 0;
        if (out->len + (size_t)n > CAPTURE_LIMIT)
            return slip_fail(err, SLIP_ESYSTEM, "a helper program wrote too much");
        out->len += (size_t)n;
        out->data[out->len] = '\0';
    }
}

int slip_proc_exit_code(int wait_status)
{
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

/* The standard streams of a program that is asked for something rather than run for its effect. */
static void silence(int errors)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null >= 0)
        (void)dup2(null, STDIN_FILENO);
    if (errors >= 0 || null >= 0)
        (void)dup2(errors >= 0 ? errors : null, STDERR_FILENO);
}

enum stderr_goes { INHERITED, AWAY, CAPTURED };

static int run(char *const argv[], enum stderr_goes to, struct slip_buf *capture, int *ret_status,
               struct slip_error *err)
{
    int out[2] = { -1, -1 }, failed[2], status;

    if ((capture && pipe2(out, O_CLOEXEC) < 0) || pipe2(failed, O_CLOEXEC) < 0)
        return slip_fail_errno(err, "cannot make a pipe");
    slip_cleanup(slip_closep) int from = out[0], why = failed[0];
    pid_t pid = fork();
    if (pid < 0)
        return slip_fail_errno(err, "cannot start '%s'", argv[0]);
    if (pid == 0) {
        if (capture)
            (void)dup2(out[1], STDOUT_FILENO);
        if (to != INHERITED)
            silence(to == CAPTURED ? out[1] : -1);
        execvp(argv[0], argv);
        (void)slip_write_all(failed[1], &errno, sizeof errno);
        _exit(127);
    }
    (void)close(failed[1]);
    if (capture)
        (void)close(out[1]);
    int rc = capture ? read_all(from, capture, err) : 0, exec_errno = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (slip_read_full(why, &exec_errno, sizeof exec_errno) == sizeof exec_errno) {
        errno = exec_errno;
        return slip_fail_errno(err, "cannot start '%s'", argv[0]);
    }
    *ret_status = slip_proc_exit_code(status);
    return rc;
}

int slip_proc_run(char *const argv[], struct slip_buf *capture, int *ret_status,
                  struct slip_error *err)
{
    return run(argv, INHERITED, capture, ret_status, err);
}

int slip_proc_ask(char *const argv[], bool errors, struct slip_buf *answer, int *ret_status,
                  struct slip_error *err)
{
    return run(argv, errors ? CAPTURED : AWAY, answer, ret_status, err);
}

char *slip_proc_status_words(int wait_status)
{
    if (WIFEXITED(wait_status))
        return slip_xasprintf("exited with status %d%s", WEXITSTATUS(wait_status),
                              WEXITSTATUS(wait_status) == 127   ? " (command not found?)"
                              : WEXITSTATUS(wait_status) == 126 ? " (not executable?)"
                                                                : "");
    int sig = WTERMSIG(wait_status);
    const char *abbrev = sigabbrev_np(sig);
    return slip_xasprintf("was killed by SIG%s%s", abbrev ? abbrev : "?",
                          sig == SIGKILL ? " (out of memory?)" : "");
}

int slip_proc_have(const char *name)
{
    const char *path = getenv("PATH"); /* banned-ok: looks up host programs as execvp will */

    for (const char *p = path ? path : "/usr/bin:/bin"; *p;) {
        size_t n = strcspn(p, ":");
        slip_cleanup(slip_freep) char *file = slip_xasprintf("%.*s/%s", (int)n, p, name);
        if (n && access(file, X_OK) == 0)
            return 1;
        p += n + (p[n] == ':');
    }
    return 0;
}
