#include "exec/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "exec/launch.h"
#include "exec/pty.h"
#include "exec/report.h"
#include "exec/stage.h"
#include "exec/sweep.h"
#include "util/fs.h"
#include "util/mem.h"

#define PIPE_SIZE (1 << 20)
#define OUTPUT_CHUNK ((size_t)64 << 10)
#define GRACE_MS 5000 /* between SIGTERM and SIGKILL */
#define TICK_MS 50    /* how often a flag or a terminal's size is looked at */

/* One sandbox, seen from the launcher. */
struct run {
    const struct slip_sandbox *spec;
    struct slip_launch launch;
    struct slip_stage stage;
    int report;    /* owned; our end */
    int output[3]; /* owned; read ends of stdout and stderr at their numbers, or -1 */
    int theirs[3]; /* owned; the command's ends, or -1 */
    struct slip_pty pty;
    pid_t middle, init; /* 0: not there, or reaped */
    char *chunk;        /* owned */
    int64_t terminated; /* when SIGTERM was sent, ms; 0: it was not */
    bool ended, failed;
    struct slip_exit exit;
};

static int64_t now_ms(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* 0 for a process that is not there. */
static void reap(pid_t *pid)
{
    if (*pid > 0)
        while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
            ;
    *pid = 0;
}

static void run_release(struct run *r)
{
    if (r->init > 0)
        (void)kill(r->init, SIGKILL); /* ours until it is reaped, so the number is right */
    slip_closep(&r->report);
    for (int i = 0; i < 3; i++) {
        slip_closep(&r->output[i]);
        slip_closep(&r->theirs[i]);
    }
    reap(&r->middle);
    reap(&r->init); /* when it is gone, everything in the sandbox is */
    slip_pty_release(&r->pty);
    slip_stage_release(&r->stage);
    free(r->chunk);
}

static int output_pipe(struct run *r, int fd, struct slip_error *err)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return slip_fail_errno(err, "cannot make a pipe");
    r->output[fd] = ends[0];
    r->theirs[fd] = ends[1];
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
        return slip_fail_errno(err, "cannot make a pipe");
    (void)fcntl(ends[0], F_SETPIPE_SZ, PIPE_SIZE); /* a user's pipes may be limited */
    return 0;
}

static int open_streams(struct run *r, struct slip_error *err)
{
    const struct slip_sandbox *spec = r->spec;

    r->launch.terminal = spec->interactive && isatty(STDIN_FILENO);
    for (int i = 0; i < 3; i++)
        r->launch.stdio[i] = spec->interactive && !r->launch.terminal ? i : -1;
    if (spec->interactive)
        return 0;
    if (output_pipe(r, STDOUT_FILENO, err) < 0 || output_pipe(r, STDERR_FILENO, err) < 0)
        return -1;
    for (int i = 0; i < 3; i++)
        r->launch.stdio[i] = r->theirs[i];
    return 0;
}

static int start(struct run *r, struct slip_error *err)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return slip_fail_errno(err, "cannot make a socket");
    r->report = pair[0];
    r->launch.report = pair[1];
    r->launch.root = r->stage.root;
    r->launch.pieces = r->stage.pieces;
    r->launch.npieces = r->stage.npieces;
    r->middle = fork();
    if (r->middle == 0)
        slip_child_main(&r->launch);
    (void)close(pair[1]);
    if (r->middle < 0) {
        r->middle = 0;
        return slip_fail_errno(err, "cannot start a process");
    }
    reap(&r->middle); /* it lives for a clone, and by then its report is there */
    slip_stage_close_trees(&r->stage);
    for (int i = 0; i < 3; i++) {
        slip_closep(&r->theirs[i]);
        r->theirs[i] = -1;
    }
    return 0;
}

/* What there is to read; the end of the stream closes it. */
static void forward(struct run *r, int fd)
{
    for (;;) {
        ssize_t n = read(r->output[fd], r->chunk, OUTPUT_CHUNK);
        if (n > 0 && r->spec->output)
            r->spec->output(r->spec->user_data, fd, r->chunk, (size_t)n);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            (void)close(SLIP_TAKE_FD(r->output[fd]));
        if (n < (ssize_t)OUTPUT_CHUNK && !(n < 0 && errno == EINTR))
            return;
    }
}

/* 0: init will say no more. */
static int hear(struct run *r, struct slip_error *err)
{
    struct slip_report report = SLIP_REPORT_INIT;
    int rc = slip_report_receive(r->report, &report);

    if (rc <= 0)
        return 0;
    switch (report.kind) {
    case SLIP_REPORT_PID:
        r->init = report.value;
        break;
    case SLIP_REPORT_FD:
        slip_pty_start(&r->pty, SLIP_TAKE_FD(report.fd));
        break;
    case SLIP_REPORT_FAILED:
        if (!r->failed)
            slip_error_move(err, &report.error);
        r->failed = true;
        break;
    case SLIP_REPORT_EXITED:
        r->exit.wait_status = report.value;
        r->exit.max_rss = report.rss;
        r->ended = true;
        break;
    case SLIP_REPORT_TERMINATE:
        break; /* goes the other way */
    }
    slip_report_release(&report);
    return 1;
}

/* Gently, then not. */
static void check_cancel(struct run *r)
{
    bool cancel = (r->spec->cancel && *r->spec->cancel) || (r->spec->stop && *r->spec->stop);

    if (!cancel || !r->init)
        return;
    if (!r->terminated) {
        r->terminated = now_ms();
        r->exit.cancelled = true;
        (void)slip_report_send(r->report, SLIP_REPORT_TERMINATE, 0, 0);
    } else if (now_ms() - r->terminated > GRACE_MS) {
        (void)kill(r->init, SIGKILL);
    }
}

static void proxy_terminal(struct run *r, const struct pollfd *user, const struct pollfd *master)
{
    slip_pty_follow_size(&r->pty);
    if (user->revents)
        (void)slip_pty_copy(STDIN_FILENO, r->pty.master);
    if (master->revents && slip_pty_copy(r->pty.master, STDOUT_FILENO) == 0)
        (void)close(SLIP_TAKE_FD(r->pty.master));
}

enum { WATCH_REPORT, WATCH_OUT, WATCH_ERR, WATCH_USER, WATCH_MASTER, NWATCHED };

/* Until init is gone. */
static void attend(struct run *r, struct slip_error *err)
{
    for (;;) {
        bool terminal = r->pty.master >= 0;
        struct pollfd watch[NWATCHED] = {
            [WATCH_REPORT] = { .fd = r->report, .events = POLLIN },
            [WATCH_OUT] = { .fd = r->output[STDOUT_FILENO], .events = POLLIN },
            [WATCH_ERR] = { .fd = r->output[STDERR_FILENO], .events = POLLIN },
            [WATCH_USER] = { .fd = terminal ? STDIN_FILENO : -1, .events = POLLIN },
            [WATCH_MASTER] = { .fd = r->pty.master, .events = POLLIN },
        };
        check_cancel(r);
        if (poll(watch, NWATCHED,
                 r->spec->cancel || r->spec->stop || r->launch.terminal ? TICK_MS : -1) < 0)
            continue;
        if (watch[WATCH_OUT].revents)
            forward(r, STDOUT_FILENO);
        if (watch[WATCH_ERR].revents)
            forward(r, STDERR_FILENO);
        if (terminal)
            proxy_terminal(r, &watch[WATCH_USER], &watch[WATCH_MASTER]);
        if (watch[WATCH_REPORT].revents && !hear(r, err))
            return;
    }
}

/* No process is left that could write: what is in the pipes is all there will be. */
static void drain(struct run *r)
{
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
        if (r->output[fd] >= 0)
            forward(r, fd);
    while (r->pty.master >= 0) {
        struct pollfd p = { .fd = r->pty.master, .events = POLLIN };
        if (poll(&p, 1, 0) <= 0 || slip_pty_copy(r->pty.master, STDOUT_FILENO) == 0)
            (void)close(SLIP_TAKE_FD(r->pty.master));
    }
}

static int finish(struct run *r, struct slip_exit *ret, struct slip_error *err)
{
    if (r->failed)
        return -1;
    if (!r->ended && r->exit.cancelled) {
        r->exit.wait_status = SIGKILL; /* as waitpid(2) spells it */
        r->ended = true;
    }
    if (!r->ended) {
        slip_fail(err, SLIP_ESTEP, "the sandbox was killed from outside");
        return slip_error_hint(err, "did the machine run out of memory? see 'dmesg'");
    }
    *ret = r->exit;
    return 0;
}

static int run_it(const struct slip_sandbox *spec, struct slip_exit *ret, struct slip_error *err)
{
    slip_cleanup(run_release) struct run r = {
        .spec = spec,
        .launch = { .spec = spec, .root = -1, .report = -1 },
        .stage = SLIP_STAGE_INIT,
        .report = -1,
        .output = { -1, -1, -1 },
        .theirs = { -1, -1, -1 },
        .pty = SLIP_PTY_INIT,
    };

    if (!slip_tier_entered(&r.launch.tier))
        return slip_fail(err, SLIP_EHOST, "cannot run a sandbox before a tier was entered");
    if (!spec->argv || !spec->argv[0] || !spec->argv[0][0])
        return slip_fail(err, SLIP_EINPUT, "there is no command to run");
    r.chunk = slip_xmalloc(OUTPUT_CHUNK);
    if (slip_seccomp_get(r.launch.tier == SLIP_TIER_SINGLE, &r.launch.filters, err) < 0 ||
        slip_stage_open(&r.stage, spec, err) < 0 || open_streams(&r, err) < 0 || start(&r, err) < 0)
        return -1;
    attend(&r, err);
    reap(&r.init);
    drain(&r);
    return finish(&r, ret, err);
}

int slip_sandbox_run(const struct slip_sandbox *spec, struct slip_exit *ret, struct slip_error *err)
{
    if (run_it(spec, ret, err) < 0)
        return -1;
    slip_sweep_stubs(spec); /* not before the root is unmounted, which its scope has done */
    return 0;
}
