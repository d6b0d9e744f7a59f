/* report.h - what the processes of one sandbox tell each other: records on a SOCK_SEQPACKET pair.
 *
 * Upwards: the pid of its init, the terminal, why it could not start, how it ended. Downwards:
 * terminate. The end of the stream means that the other side is gone.
 * Depends on: util/error.
 */
#pragma once

#include <stdint.h>

#include "util/error.h"

enum slip_report_kind {
    SLIP_REPORT_PID = 1,   /* value: PID 1 of the sandbox, as its starter sees it */
    SLIP_REPORT_FD,        /* fd: the pty's master; the seccomp listener */
    SLIP_REPORT_FAILED,    /* error: why the command could not be started */
    SLIP_REPORT_EXITED,    /* value: wait status; rss in bytes */
    SLIP_REPORT_TERMINATE, /* to init: end the command gently */
};

struct slip_report {
    enum slip_report_kind kind;
    int value;
    uint64_t rss;
    int fd;                  /* owned; -1 for none */
    struct slip_error error; /* owned; of FAILED */
};

#define SLIP_REPORT_INIT ((struct slip_report){ .fd = -1 })

/* All return 0, or -1 with errno; a broken stream raises no signal. */
int slip_report_send(int sock, enum slip_report_kind kind, int value, uint64_t rss);
int slip_report_send_fd(int sock, int fd);
int slip_report_failure(int sock, const struct slip_error *err);

/* 1: *ret was filled. 0: the other side is gone. -1: errno. */
int slip_report_receive(int sock, struct slip_report *ret);
void slip_report_release(struct slip_report *report);
