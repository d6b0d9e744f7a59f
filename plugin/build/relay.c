#include "build/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "util/fs.h"
#include "util/mem.h"

#define PAIRS 32u                         /* connections at once; more have to wait */
#define MESSAGE_LIMIT ((size_t)256 << 10) /* as OpenSSH's agent has it */
#define PATIENCE 30                       /* seconds for an end that stops in the middle */

enum message_type {
    AGENT_FAILURE = 5,
    AGENT_REQUEST_IDENTITIES = 11,
    AGENT_SIGN_REQUEST = 13,
};

/* One client with its own connection to the agent. */
struct pair {
    int client, agent;  /* owned; client -1: a free place */
    unsigned char *buf; /* owned: the message that is coming in */
    size_t len;
    bool waits; /* for the agent's answer */
};

/* `dir` and `name` of a socket as an address: through /proc, because paths may be longer. */
static int address(int dir, const char *name, struct sockaddr_un *ret)
{
    *ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
    int n = snprintf(ret->sun_path, sizeof ret->sun_path, "/proc/self/fd/%d%s%s", dir,
                     *name ? "/" : "", name);
    return n < (int)sizeof ret->sun_path ? 0 : -1;
}

static int dial(const char *path)
{
    const struct timeval patience = { .tv_sec = PATIENCE };
    slip_cleanup(slip_closep) int at = open(path, O_PATH | O_CLOEXEC);
    slip_cleanup(slip_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un to;

    if (at < 0 || fd < 0 || address(at, "", &to) < 0 ||
        connect(fd, (const struct sockaddr *)&to, sizeof to) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0)
        return -1;
    return SLIP_TAKE_FD(fd);
}

int slip_relay_probe(const char *path, struct slip_error *err)
{
    slip_cleanup(slip_closep) int fd = dial(path);

    return fd < 0 ? slip_fail_errno(err, "cannot reach the ssh agent at '%s'", path) : 0;
}

static void hang_up(struct pair *pair)
{
    slip_closep(&pair->client);
    slip_closep(&pair->agent);
    free(pair->buf);
    *pair = (struct pair){ .client = -1, .agent = -1 };
}

static int send_all(int fd, const unsigned char *p, size_t n)
{
    while (n) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return -1;
        p += sent;
        n -= (size_t)sent;
    }
    return 0;
}

/* 1: the message that came in is whole. 0: not yet. -1: it is none. */
static int is_whole(const struct pair *pair, size_t *ret_len)
{
    const unsigned char *b = pair->buf;

    if (pair->len < 5)
        return 0;
    *ret_len = 4 + ((size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3]);
    if (*ret_len < 5 || *ret_len > MESSAGE_LIMIT)
        return -1;
    return pair->len >= *ret_len;
}

/* Passes on a request, or answers in the agent's place. */
static int answer(struct pair *pair)
{
    static const unsigned char failure[] = { 0, 0, 0, 1, AGENT_FAILURE };
    size_t len;
    int whole;

    while (!pair->waits && (whole = is_whole(pair, &len)) != 0) {
        if (whole < 0)
            return -1;
        unsigned char type = pair->buf[4];
        pair->waits = type == AGENT_REQUEST_IDENTITIES || type == AGENT_SIGN_REQUEST;
        if (pair->waits ? send_all(pair->agent, pair->buf, len) < 0
                        : send_all(pair->client, failure, sizeof failure) < 0)
            return -1;
        memmove(pair->buf, pair->buf + len, pair->len - len);
        pair->len -= len;
    }
    return 0;
}

static int from_client(struct pair *pair)
{
    ssize_t n = recv(pair->client, pair->buf + pair->len, MESSAGE_LIMIT - pair->len, MSG_DONTWAIT);

    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
    pair->len += (size_t)n;
    return answer(pair);
}

/* The answer goes through in pieces, as it comes. */
static int from_agent(struct pair *pair)
{
    unsigned char head[4], piece[4096];
    ssize_t n = recv(pair->agent, head, sizeof head, MSG_WAITALL);

    if (n != sizeof head || send_all(pair->client, head, sizeof head) < 0)
        return -1;
    size_t left = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    if (left > MESSAGE_LIMIT)
        return -1;
    while (left) {
        n = recv(pair->agent, piece, left < sizeof piece ? left : sizeof piece, 0);
        if (n <= 0 || send_all(pair->client, piece, (size_t)n) < 0)
            return -1;
        left -= (size_t)n;
    }
    pair->waits = false;
    return answer(pair);
}

static void welcome(const struct slip_relay *relay, struct pair *pair)
{
    const struct timeval patience = { .tv_sec = PATIENCE };

    pair->client = accept4(relay->listener, NULL, NULL, SOCK_CLOEXEC);
    if (pair->client < 0)
        return;
    pair->agent = dial(relay->agent);
    pair->buf = slip_xmalloc(MESSAGE_LIMIT);
    if (pair->agent < 0 ||
        setsockopt(pair->client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) < 0)
        hang_up(pair);
}

static void serve(const struct slip_relay *relay, struct pair *pairs, const struct pollfd *watch)
{
    for (size_t i = 0; i < PAIRS; i++) {
        struct pair *pair = &pairs[i];
        int rc = 0;
        if (pair->client >= 0 && watch[2 * i].revents)
            rc = pair->waits ? -1 : from_client(pair);
        if (rc == 0 && pair->client >= 0 && watch[2 * i + 1].revents)
            rc = pair->waits ? from_agent(pair) : -1;
        if (rc < 0)
            hang_up(pair);
    }
    for (size_t i = 0; i < PAIRS && watch[2 * PAIRS].revents; i++)
        if (pairs[i].client < 0) {
            welcome(relay, &pairs[i]);
            return;
        }
}

static void *relay_main(void *arg)
{
    const struct slip_relay *relay = arg;
    struct pair pairs[PAIRS];
    struct pollfd watch[2 * PAIRS + 2];

    for (size_t i = 0; i < PAIRS; i++)
        pairs[i] = (struct pair){ .client = -1, .agent = -1 };
    do {
        bool full = true;
        for (size_t i = 0; i < PAIRS; i++) {
            /* a client that waits can only go away, of which poll(2) tells unasked */
            watch[2 * i] = (struct pollfd){ pairs[i].client, pairs[i].waits ? 0 : POLLIN, 0 };
            watch[2 * i + 1] = (struct pollfd){ pairs[i].agent, POLLIN, 0 };
            full = full && pairs[i].client >= 0;
        }
        watch[2 * PAIRS] = (struct pollfd){ full ? -1 : relay->listener, POLLIN, 0 };
        watch[2 * PAIRS + 1] = (struct pollfd){ relay->stop, POLLIN, 0 };
        if (poll(watch, SLIP_ARRAY_LEN(watch), -1) > 0 && !watch[2 * PAIRS + 1].revents)
            serve(relay, pairs, watch);
    } while (!watch[2 * PAIRS + 1].revents);
    for (size_t i = 0; i < PAIRS; i++)
        hang_up(&pairs[i]);
    return NULL;
}

int slip_relay_open(struct slip_relay *relay, const char *agent, int dir, const char *name,
                    struct slip_error *err)
{
    struct sockaddr_un at;
    sigset_t all, before;

    if (slip_relay_probe(agent, err) < 0)
        return -1;
    relay->agent = slip_xstrdup(agent);
    relay->stop = eventfd(0, EFD_CLOEXEC);
    relay->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (relay->stop < 0 || relay->listener < 0 || address(dir, name, &at) < 0 ||
        bind(relay->listener, (const struct sockaddr *)&at, sizeof at) < 0 ||
        listen(relay->listener, (int)PAIRS) < 0)
        return slip_fail_errno(err, "cannot make a socket");
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the others */
    int rc = pthread_create(&relay->thread, NULL, relay_main, relay);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0) {
        errno = rc;
        return slip_fail_errno(err, "cannot start a thread");
    }
    relay->is_running = 1;
    return 0;
}

void slip_relay_release(struct slip_relay *relay)
{
    if (relay->is_running) {
        (void)!eventfd_write(relay->stop, 1);
        (void)pthread_join(relay->thread, NULL);
    }
    slip_closep(&relay->listener);
    slip_closep(&relay->stop);
    free(relay->agent);
    *relay = SLIP_RELAY_INIT;
}
