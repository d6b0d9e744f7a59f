#include "util/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/fs.h"
#include "util/mem.h"
#include "util/proc.h"

#define ANSWER_LIMIT ((size_t)16 << 20)
#define COMPLAINTS_KEPT ((size_t)4 << 10)
#define LOOK_MS 200 /* between two looks at `cancel` */

struct pipes {
    int out[2], complaints[2], failed[2]; /* owned; failed: errno of exec */
};

static void pipes_release(struct pipes *p)
{
    int *const all[] = { p->out, p->complaints, p->failed };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(all); i++)
        for (size_t k = 0; k < 2; k++)
            slip_closep(&all[i][k]);
}

static int open_pipes(struct pipes *p, struct slip_error *err)
{
    if (pipe2(p->out, O_CLOEXEC) < 0 || pipe2(p->complaints, O_CLOEXEC) < 0 ||
        pipe2(p->failed, O_CLOEXEC) < 0)
        return slip_fail_errno(err, "cannot make a pipe");
    return 0;
}

static void become(const struct slip_sealed *s, const struct pipes *p)
{
    static char *const nothing[] = { NULL };
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    (void)umask(022);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(p->out[1], STDOUT_FILENO) < 0 ||
        dup2(p->complaints[1], STDERR_FILENO) < 0)
        _exit(127);
    execvpe(s->argv[0], s->argv, s->env->n ? s->env->v : nothing);
    (void)slip_write_all(p->failed[1], &errno, sizeof errno);
    _exit(127);
}

/* Appends what is there; 0 at the end of the stream. */
static ssize_t take(int fd, struct slip_buf *to)
{
    char *at = slip_buf_reserve(to, 4096);
    ssize_t n = read(fd, at, 4096);

    if (n > 0) {
        to->len += (size_t)n;
        to->data[to->len] = '\0';
    }
    return n < 0 && errno == EINTR ? 1 : n;
}

/* Only the end of a long story is told. */
static void forget_beginning(struct slip_buf *text)
{
    if (text->len <= 2 * COMPLAINTS_KEPT)
        return;
    memmove(text->data, text->data + text->len - COMPLAINTS_KEPT, COMPLAINTS_KEPT);
    text->len = COMPLAINTS_KEPT;
    text->data[text->len] = '\0';
}

/* Until both streams are at their end. */
static int listen_to(const struct slip_sealed *s, const struct pipes *p, struct slip_buf *answer,
                     struct slip_buf *complaints, struct slip_error *err)
{
    struct pollfd fds[2] = { { .fd = p->out[0], .events = POLLIN },
                             { .fd = p->complaints[0], .events = POLLIN } };
    struct slip_buf *const to[2] = { answer, complaints };

    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        if (s->cancel && *s->cancel)
            return slip_fail(err, SLIP_ECANCELLED, "cancelled");
        if (poll(fds, 2, LOOK_MS) <= 0)
            continue; /* time to look again; or a signal */
        for (size_t i = 0; i < 2; i++)
            if (fds[i].revents && take(fds[i].fd, to[i]) <= 0)
                fds[i].fd = -1;
        forget_beginning(complaints);
        if (answer->len > ANSWER_LIMIT)
            return slip_fail(err, SLIP_ESYSTEM, "'%s' wrote too much", s->argv[0]);
    }
    return 0;
}

int slip_sealed_run(const struct slip_sealed *s, struct slip_buf *answer,
                    struct slip_buf *complaints, int *ret_status, struct slip_error *err)
{
    slip_cleanup(pipes_release) struct pipes p = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
    slip_cleanup(slip_buf_release) struct slip_buf ignored = SLIP_BUF_INIT;
    int status, exec_errno = 0;

    if (open_pipes(&p, err) < 0)
        return -1;
    pid_t pid = fork();
    if (pid < 0)
        return slip_fail_errno(err, "cannot start '%s'", s->argv[0]);
    if (pid == 0)
        become(s, &p);
    (void)close(SLIP_TAKE_FD(p.out[1]));
    (void)close(SLIP_TAKE_FD(p.complaints[1]));
    (void)close(SLIP_TAKE_FD(p.failed[1]));
    int rc = listen_to(s, &p, answer ? answer : &ignored, complaints, err);
    if (rc < 0)
        (void)kill(pid, SIGTERM);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (rc < 0)
        return -1;
    if (slip_read_full(p.failed[0], &exec_errno, sizeof exec_errno) == sizeof exec_errno) {
        errno = exec_errno;
        slip_fail_errno(err, "cannot start '%s'", s->argv[0]);
        err->code = SLIP_EHOST;
        return -1;
    }
    *ret_status = slip_proc_exit_code(status);
    return 0;
}
