#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>

#include "util/fs.h"
#include "util/mem.h"

#define CAPTURE_LIMIT ((size_t)16 << 20)

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until the end, or until `deadline` (ms; 0: none). */
static int read_all(int fd, int64_t deadline, struct slip_buf *out, struct slip_error *err)
{
    for (;;) {
        struct pollfd ready = { .fd = fd, .events = POLLIN };
        int64_t left = deadline - now_ms();
        int n_ready = !deadline ? 1 : left <= 0 ? 0 : poll(&ready, 1, (int)left);
        if (n_ready == 0)
            return slip_fail(err, SLIP_ESYSTEM, "a helper program takes too long");
        if (n_ready < 0) /* a signal: look at the clock again */
            continue;
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

/* The end of its output need not be its end. */
static int await_end(pid_t pid, int64_t deadline, struct slip_error *err)
{
    slip_cleanup(slip_closep) int end = deadline ? pidfd_open(pid, 0) : -1;
    struct pollfd ended = { .fd = end, .events = POLLIN };

    while (end >= 0) {
        int64_t left = deadline - now_ms();
        int n_ready = left <= 0 ? 0 : poll(&ended, 1, (int)left);
        if (n_ready > 0)
            return 0;
        if (n_ready == 0)
            return slip_fail(err, SLIP_ESYSTEM, "a helper program takes too long");
    }
    return 0;
}

int slip_proc_exit_code(int wait_status)
{
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

/* The standard streams of a program that is asked for something rather than run for its effect. */
static void silence(int input, int errors)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (input >= 0 || null >= 0)
        (void)dup2(input >= 0 ? input : null, STDIN_FILENO);
    if (errors >= 0 || null >= 0)
        (void)dup2(errors >= 0 ? errors : null, STDERR_FILENO);
}

enum stderr_goes { INHERITED, AWAY, CAPTURED };

struct way {
    enum stderr_goes to;
    int input;        /* fd, or -1: nothing */
    unsigned seconds; /* then it is killed; 0: it may take as long as it wants */
};

static int run(char *const argv[], const struct way *way, struct slip_buf *capture, int *ret_status,
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
        if (way->to != INHERITED)
            silence(way->input, way->to == CAPTURED ? out[1] : -1);
        execvp(argv[0], argv);
        (void)slip_write_all(failed[1], &errno, sizeof errno);
        _exit(127);
    }
    (void)close(failed[1]);
    if (capture)
        (void)close(out[1]);
    int64_t deadline = way->seconds ? now_ms() + (int64_t)way->seconds * 1000 : 0;
    int rc = capture ? read_all(from, deadline, capture, err) : 0, exec_errno = 0;
    if (rc == 0)
        rc = await_end(pid, deadline, err);
    if (rc < 0)
        (void)kill(pid, SIGKILL);
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
    return run(argv, &(struct way){ .to = INHERITED, .input = -1 }, capture, ret_status, err);
}

int slip_proc_ask(char *const argv[], bool errors, struct slip_buf *answer, int *ret_status,
                  struct slip_error *err)
{
    const struct way way = { .to = errors ? CAPTURED : AWAY, .input = -1 };

    return run(argv, &way, answer, ret_status, err);
}

int slip_proc_tell(char *const argv[], const char *input, unsigned seconds, struct slip_buf *answer,
                   int *ret_status, struct slip_error *err)
{
    slip_cleanup(slip_closep) int text = memfd_create("input", MFD_CLOEXEC);

    if (text < 0 || slip_write_all(text, input, strlen(input)) < 0 || lseek(text, 0, SEEK_SET) < 0)
        return slip_fail_errno(err, "cannot prepare the input of '%s'", argv[0]);
    return slip_proc_feed(argv, text, seconds, answer, ret_status, err);
}

int slip_proc_feed(char *const argv[], int input, unsigned seconds, struct slip_buf *answer,
                   int *ret_status, struct slip_error *err)
{
    const struct way way = { .to = AWAY, .input = input, .seconds = seconds };

    return run(argv, &way, answer, ret_status, err);
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
