/* call.h - one system call of a stopped process, and what it is answered; for exec/emulate*.c.
 *
 * The process is looked at through /proc/<tid> and process_vm_readv(2). Whatever cannot be worked
 * out here is left to the kernel ("go on"): it knows the right error.
 * Depends on: libc.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SLIP_CALL_PREFIX 64

struct slip_call {
    int listener;
    uint64_t id;
    pid_t tid;
    int nr;
    uint64_t args[6];

    /* the answer: go on with the call, or this */
    bool go_on;
    bool answered; /* already */
    int error;     /* errno, or 0 */
    int64_t value;

    /* set by slip_call_place() */
    char *path;  /* in `text`; as this process can use it */
    bool follow; /* a link at its end */
    int held;    /* owned: what `path` goes through, or -1 */
    char text[SLIP_CALL_PREFIX + PATH_MAX];
};

/* 0, or -1 when the process cannot be read or written there, or is gone. */
int slip_call_read(const struct slip_call *call, uint64_t at, void *to, size_t n);
int slip_call_write(const struct slip_call *call, uint64_t at, const void *from, size_t n);

/* Answers. */
void slip_call_fail(struct slip_call *call, int error);
void slip_call_return(struct slip_call *call, int64_t value);

/* What `call->path` is to be. */
enum slip_place { SLIP_PLACE_OBJECT, SLIP_PLACE_NEW };

/* Works out how this process names what the call's (dirfd, path) pair means. `flags`:
 * AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH. 0; or -1, then the call was answered or goes on. */
int slip_call_place(struct slip_call *call, int dirfd, uint64_t path, int flags,
                    enum slip_place what);
/* The same for an open file. */
void slip_call_place_fd(struct slip_call *call, int fd);
void slip_call_release(struct slip_call *call);

/* umask of the process; -1 when it cannot be told. */
int slip_call_umask(const struct slip_call *call);

/* A process of the sandbox changed its root: from now on every place is looked up in the caller's.
 */
void slip_call_expect_chroot(void);
/* Once, before the first call; and in every thread that serves. */
int slip_call_setup(void);
int slip_call_setup_thread(void);
