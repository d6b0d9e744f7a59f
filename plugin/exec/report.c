#include "exec/report.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "util/mem.h"

#define TEXT_LIMIT 2048

/* On the wire; both ends are the same program. */
struct packet {
    enum slip_report_kind kind;
    int value;
    uint64_t rss;
    enum slip_errc code;
    int sys_errno;
    char msg[TEXT_LIMIT];
    char hint[TEXT_LIMIT];
};

static int send_packet(int sock, const struct packet *packet, int fd)
{
    struct iovec part = { .iov_base = (void *)(uintptr_t)packet, .iov_len = sizeof *packet };
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = { .bytes = { 0 } };
    struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };

    if (fd >= 0) {
        msg.msg_control = control.bytes;
        msg.msg_controllen = sizeof control.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    ssize_t n;
    do
        n = sendmsg(sock, &msg, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -1 : 0;
}

int slip_report_send(int sock, enum slip_report_kind kind, int value, uint64_t rss)
{
    const struct packet packet = { .kind = kind, .value = value, .rss = rss };

    return send_packet(sock, &packet, -1);
}

int slip_report_send_fd(int sock, int fd)
{
    const struct packet packet = { .kind = SLIP_REPORT_FD };

    return send_packet(sock, &packet, fd);
}

static void put(char *to, const char *text)
{
    size_t n = text ? strnlen(text, TEXT_LIMIT - 1) : 0;

    if (n)
        memcpy(to, text, n);
}

int slip_report_failure(int sock, const struct slip_error *err)
{
    struct packet packet = {
        .kind = SLIP_REPORT_FAILED,
        .code = err->code,
        .sys_errno = err->sys_errno,
    };

    put(packet.msg, err->msg);
    put(packet.hint, err->hint);
    return send_packet(sock, &packet, -1);
}

static void take_fd(struct msghdr *msg, struct slip_report *ret)
{
    struct cmsghdr *c = CMSG_FIRSTHDR(msg);

    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
        c->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(&ret->fd, CMSG_DATA(c), sizeof ret->fd);
}

int slip_report_receive(int sock, struct slip_report *ret)
{
    struct packet packet;
    struct iovec part = { .iov_base = &packet, .iov_len = sizeof packet };
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr msg = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };

    ssize_t n;
    do
        n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == ECONNRESET)
        return 0; /* it went away without reading our last record */
    if (n <= 0)
        return (int)n;
    *ret = SLIP_REPORT_INIT;
    take_fd(&msg, ret);
    if (n != sizeof packet) {
        errno = EPROTO;
        return -1;
    }
    ret->kind = packet.kind;
    ret->value = packet.value;
    ret->rss = packet.rss;
    if (packet.kind == SLIP_REPORT_FAILED) {
        ret->error.code = packet.code;
        ret->error.sys_errno = packet.sys_errno;
        ret->error.msg = slip_xstrndup(packet.msg, TEXT_LIMIT - 1);
        ret->error.hint = packet.hint[0] ? slip_xstrndup(packet.hint, TEXT_LIMIT - 1) : NULL;
    }
    return 1;
}

void slip_report_release(struct slip_report *report)
{
    slip_closep(&report->fd);
    slip_error_release(&report->error);
    *report = SLIP_REPORT_INIT;
}
