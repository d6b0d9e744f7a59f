#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/caps.h"
#include "exec/emulate.h"
#include "exec/launch.h"
#include "exec/report.h"
#include "util/fs.h"
#include "util/root.h"
#include "util/mem.h"

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS)
#define OOM_SCORE "500" /* a step goes before the user's desktop does */

/* What init works with. */
struct init {
    const struct slip_launch *launch;
    struct slip_identity identity;
    int cwd;      /* owned; O_PATH */
    int terminal; /* owned; master, or -1 */
    int signals;  /* owned; signalfd */
    pid_t command;
};

static int by_number(const void *a, const void *b)
{
    const int *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* Other threads of the launcher have files open too: the pipes of other sandboxes, above all, which
 * must not live as long as this one. */
static void close_others(const struct slip_launch *l)
{
    size_t n = 0;
    slip_cleanup(slip_freep) int *keep = slip_xcalloc(l->npieces + 10, sizeof *keep);
    unsigned from = 3;

    for (size_t i = 0; i < l->npieces; i++)
        keep[n++] = l->pieces[i].tree;
    for (size_t i = 0; i < 3; i++)
        keep[n++] = l->stdio[i];
    keep[n++] = l->root;
    keep[n++] = l->report;
    keep[n++] = l->spec->keep_fd;
    keep[n++] = l->spec->keep_fd2;
    qsort(keep, n, sizeof *keep, by_number);
    for (size_t i = 0; i < n; i++) {
        if (keep[i] < (int)from)
            continue;
        if (keep[i] > (int)from)
            (void)close_range(from, (unsigned)keep[i] - 1, 0);
        from = (unsigned)keep[i] + 1;
    }
    (void)close_range(from, ~0U, 0);
}

static const char *const *copy_strings(const char *const *from)
{
    size_t n = 0;

    while (from && from[n])
        n++;
    const char **to = slip_xcalloc(n + 1, sizeof *to);
    for (size_t i = 0; i < n; i++)
        to[i] = slip_xstrdup(from[i]);
    return to;
}

/* Before the arguments of this process are wiped, which is where the caller's strings may stand. */
static void own_strings(struct slip_sandbox *spec)
{
    spec->argv = copy_strings(spec->argv);
    spec->env = copy_strings(spec->env);
    spec->cwd = spec->cwd ? slip_xstrdup(spec->cwd) : NULL;
    spec->user = spec->user ? slip_xstrdup(spec->user) : NULL;
    spec->hostname = spec->hostname ? slip_xstrdup(spec->hostname) : NULL;
}

/* The caller's command line and environment stay readable in /proc/1 unless they are wiped. */
static void wipe_arguments(void)
{
    unsigned long start[2], end[2];
    slip_cleanup(slip_fclosep) FILE *f = fopen("/proc/self/stat", "re");
    char line[4096];
    const char *p = f && fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;

    for (int field = 2; p && field < 48; field++)
        p = strchr(p + 1, ' ');
    if (!p || sscanf(p, "%lu %lu %lu %lu", &start[0], &end[0], &start[1], &end[1]) != 4)
        return;
    (void)clearenv();
    for (size_t i = 0; i < 2; i++)
        if (start[i] && end[i] > start[i])
            memset((void *)start[i], 0, end[i] - start[i]);
    (void)prctl(PR_SET_NAME, "slipway-init");
}

static void be_killed_first(void)
{
    slip_cleanup(slip_closep) int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (fd >= 0)
        (void)!write(fd, OOM_SCORE, strlen(OOM_SCORE));
}

/* 1: the launcher is gone already, before PR_SET_PDEATHSIG could tell. */
static int is_orphan(int report)
{
    struct pollfd p = { .fd = report, .events = POLLIN };

    return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR));
}

static int loopback_up(void)
{
    slip_cleanup(slip_closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

    return fd < 0 ? -1 : ioctl(fd, SIOCSIFFLAGS, &lo);
}

static int find_cwd(struct init *init, struct slip_error *err)
{
    const struct slip_sandbox *spec = init->launch->spec;
    const char *path = spec->cwd && *spec->cwd ? spec->cwd : "/";
    slip_cleanup(slip_closep) int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (root < 0 || path[0] != '/')
        return slip_fail(err, SLIP_EINPUT, "working directory '%s' is not an absolute path", path);
    init->cwd = slip_open_in_root(root, path, O_PATH | O_DIRECTORY, 0);
    if (init->cwd >= 0)
        return 0;
    if (errno != ENOENT)
        return slip_fail_errno(err, "cannot enter the working directory '%s'", path);
    if (spec->rootfs.upper < 0 || spec->root_readonly)
        return slip_fail(err, SLIP_EINPUT, "the working directory '%s' does not exist", path);
    init->cwd = slip_mkdirs_in_root(root, path, NULL, err);
    return init->cwd < 0 ? -1 : 0;
}

static int find_identity(struct init *init, struct slip_error *err)
{
    const char *user = init->launch->spec->user;
    slip_cleanup(slip_closep) int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (root < 0)
        return slip_fail_errno(err, "cannot open the root");
    if (slip_identity_find(root, user ? user : "", &init->identity, err) < 0)
        return -1;
    if (init->launch->tier == SLIP_TIER_SINGLE)
        slip_emulate_identity(&init->identity);
    return 0;
}

static int open_terminal(struct init *init, struct slip_error *err)
{
    int on = 0;

    if (!init->launch->terminal)
        return 0;
    init->terminal = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (init->terminal < 0 || ioctl(init->terminal, TIOCSPTLCK, &on) < 0 ||
        slip_report_send_fd(init->launch->report, init->terminal) < 0)
        return slip_fail_errno(err, "cannot make a terminal");
    return 0;
}

static int prepare(struct init *init, struct slip_error *err)
{
    const struct slip_launch *l = init->launch;
    const char *hostname = l->spec->hostname ? l->spec->hostname : "slipway";
    bool own_net = l->spec->network == SLIP_SANDBOX_NET_NONE;
    sigset_t all;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, NULL);
    init->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
    if (init->signals < 0)
        return slip_fail_errno(err, "cannot watch signals");
    (void)setsid();
    wipe_arguments();
    be_killed_first();
    if (sethostname(hostname, strlen(hostname)) < 0)
        return slip_fail_errno(err, "cannot set the host name '%s'", hostname);
    if (own_net && loopback_up() < 0)
        return slip_fail_errno(err, "cannot bring the loopback interface up");
    if (slip_mounts_enter(l->root, l->pieces, l->npieces, own_net, err) < 0)
        return -1;
    if (find_identity(init, err) < 0 || find_cwd(init, err) < 0 || open_terminal(init, err) < 0)
        return -1;
    return prctl(PR_SET_DUMPABLE, 0) < 0 ? slip_fail_errno(err, "cannot hide from the command") : 0;
}

_Noreturn static void command_main(const struct init *init, int listener)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    (void)slip_payload_exec(init->launch, &init->identity, init->cwd, init->terminal, listener,
                            &err);
    (void)slip_report_failure(init->launch->report, &err);
    _exit(127);
}

/* Forks the command; in tier single, starts to serve it. */
static int start_command(struct init *init, struct slip_error *err)
{
    bool emulating = init->launch->tier == SLIP_TIER_SINGLE;
    int pair[2] = { -1, -1 };
    struct slip_report report;

    if (emulating && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return slip_fail_errno(err, "cannot make a socket");
    slip_cleanup(slip_closep) int ours = pair[0], theirs = pair[1];
    init->command = fork();
    if (init->command < 0)
        return slip_fail_errno(err, "cannot start a process");
    if (init->command == 0)
        command_main(init, theirs);
    if (slip_caps_init(emulating) < 0)
        return slip_fail_errno(err, "cannot drop capabilities");
    if (!emulating)
        return 0;
    (void)close(SLIP_TAKE_FD(theirs));
    if (slip_report_receive(ours, &report) != 1 || report.fd < 0)
        return 0; /* it failed before, and has said why */
    return slip_emulate_start(report.fd, err);
}

/* Ends with the command, with the launcher, or when it is told so; never by itself. */
_Noreturn static void supervise(struct init *init)
{
    int report = init->launch->report;
    struct pollfd watch[] = { { .fd = init->signals, .events = POLLIN },
                              { .fd = report, .events = POLLIN } };
    uint64_t rss = 0;

    for (;;) {
        struct slip_report order = SLIP_REPORT_INIT;
        struct signalfd_siginfo info;
        struct rusage usage;
        pid_t pid;
        int status;
        while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
            uint64_t bytes = (uint64_t)usage.ru_maxrss * 1024;
            rss = bytes > rss ? bytes : rss;
            if (pid != init->command)
                continue;
            (void)slip_report_send(report, SLIP_REPORT_EXITED, status, rss);
            /* The kernel would do it too, but after it has closed our listener, and then they could
             * still tell the user of system calls that are "not implemented". */
            (void)kill(-1, SIGKILL);
            _exit(0);
        }
        (void)poll(watch, 2, -1);
        while (read(init->signals, &info, sizeof info) == sizeof info)
            ;
        if (!watch[1].revents)
            continue;
        if (slip_report_receive(report, &order) != 1)
            _exit(1);
        if (order.kind == SLIP_REPORT_TERMINATE)
            (void)kill(-init->command, SIGTERM);
        slip_report_release(&order);
    }
}

_Noreturn static void init_main(const struct slip_launch *l)
{
    struct slip_sandbox spec = *l->spec;
    struct slip_launch launch = *l;
    struct init init = { .launch = &launch, .cwd = -1, .terminal = -1 };
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    launch.spec = &spec;
    own_strings(&spec);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (is_orphan(l->report))
        _exit(1);
    if (prepare(&init, &err) < 0 || start_command(&init, &err) < 0) {
        (void)slip_report_failure(l->report, &err);
        _exit(1);
    }
    for (int i = 0; i < 3; i++)
        if (l->stdio[i] > 2)
            (void)close(l->stdio[i]); /* the command's alone, so that its end is their end */
    (void)close_range(0, 2, 0);
    if (init.terminal >= 0)
        (void)close(init.terminal);
    supervise(&init);
}

/* As a child of the launcher, whose forking thread PR_SET_PDEATHSIG will watch. */
static pid_t clone_init(uint64_t flags)
{
    struct clone_args args = { .flags = flags | CLONE_PARENT };

    return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

static int refused(struct slip_error *err)
{
    slip_fail_errno(err, "cannot make the namespaces of a sandbox");
    err->code = SLIP_EHOST;
    return slip_error_hint(err, err->sys_errno == ENOSPC
                                    ? "raise the limits below /proc/sys/user (max_*_namespaces)"
                                    : "'slipway doctor' says what this host lacks");
}

_Noreturn void slip_child_main(const struct slip_launch *l)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    uint64_t flags = NAMESPACES;

    if (l->spec->network == SLIP_SANDBOX_NET_NONE)
        flags |= CLONE_NEWNET;
    close_others(l);
    pid_t pid = clone_init(flags | CLONE_NEWCGROUP);
    if (pid < 0 && errno == EINVAL)
        pid = clone_init(flags); /* a kernel without control groups */
    if (pid == 0)
        init_main(l);
    if (pid < 0) {
        (void)refused(&err);
        (void)slip_report_failure(l->report, &err);
        _exit(1);
    }
    (void)slip_report_send(l->report, SLIP_REPORT_PID, pid, 0);
    _exit(0);
}
