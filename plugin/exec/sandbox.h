/* sandbox.h - one command in namespaces of its own: a spec in, a status out.
 *
 * The command sees the given root and mounts, its own /proc, /dev (null zero full random urandom
 * tty, pts, shm, mqueue), masked kernel paths, the host's resolv.conf (an empty one, and /sys, with
 * no network), a fixed hostname and /etc/hosts; no device but those, no other process, no fd but 0,
 * 1, 2, no environment but the given one. PID 1 is ours and reaps; when the command ends,
 * everything it left behind is killed. When the caller dies, everything dies. Nothing of this
 * leaves a trace in the upper directory: mount points that the image lacks come from a stub layer
 * at the bottom.
 *
 * Capabilities: chown dac_override fsetid fowner setgid setuid setfcap setpcap net_bind_service
 * sys_chroot kill. seccomp: a list of what containers may call, ENOSYS for the unknown, EPERM for
 * the dangerous. no_new_privs in tier single. umask 0022, limits as containers have them.
 * Thread-safe after slip_tier_enter(): several threads may run sandboxes at once.
 * Depends on: util/, libseccomp, libcap. Used by: build/.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exec/rootfs.h"
#include "exec/tier.h"
#include "util/error.h"
#include "util/events.h"

enum slip_sandbox_mount_kind {
    SLIP_SANDBOX_BIND,    /* source (file or directory fd) at target */
    SLIP_SANDBOX_OVERLAY, /* source (directory fd) below, writes go to upper; work beside it */
    SLIP_SANDBOX_TMPFS,   /* empty; size bytes, 0 for half the memory; mode, 0 for that of the
                             directory it covers, 01777 when there was none */
    SLIP_SANDBOX_FILE,    /* text, in memory only and gone with the sandbox; mode, uid, gid */
};

struct slip_sandbox_mount {
    enum slip_sandbox_mount_kind kind;
    const char *target; /* absolute, resolved in the root without leaving it; made when missing */
    int source;         /* O_PATH or better fd; -1 for TMPFS and FILE */
    int upper, work;    /* OVERLAY: directory fds on one file system; work must be empty */
    bool readonly;
    uint64_t size;
    uint32_t mode;     /* TMPFS, FILE */
    uint32_t uid, gid; /* FILE */
    const char *text;  /* FILE: size bytes; borrowed */
};

enum slip_sandbox_net { SLIP_SANDBOX_NET_NONE, SLIP_SANDBOX_NET_HOST };

struct slip_sandbox {
    struct slip_rootfs rootfs;
    const struct slip_sandbox_mount *mounts;
    size_t nmounts;
    const char *const *argv; /* argv[0] is looked up in PATH of env, inside */
    const char *const *env;  /* "K=V"; HOME is set from passwd when it is missing */
    const char *cwd;         /* absolute; made (0755) when missing, if there is an upper */
    const char *user;        /* "", "name", "uid", "user:group": looked up in the root's passwd */
    const char *hostname;    /* NULL: "slipway" */
    enum slip_sandbox_net network;
    bool interactive; /* standard streams are the caller's own (slipway run, shell), through
                         a pty of its own when stdin is a terminal */
    int keep_fd;      /* one fd above 2 handed to the command with the same number (the
                         jobserver's pipe), or -1; keep_fd2 likewise */
    int keep_fd2;
    bool root_readonly;
    /* Not interactive: output arrives here, in pieces, from the calling thread. */
    void (*output)(void *user_data, int fd, const char *bytes, size_t n);
    void *user_data;
    const volatile sig_atomic_t *cancel; /* becomes non-zero: terminate, after 5 s kill; or NULL */
    const volatile sig_atomic_t *stop;   /* the same for another reason; or NULL */
};

#define SLIP_SANDBOX_INIT \
    ((struct slip_sandbox){ .rootfs = SLIP_ROOTFS_INIT, .keep_fd = -1, .keep_fd2 = -1 })

struct slip_exit {
    int wait_status; /* as waitpid(2) gives it */
    bool cancelled;
    uint64_t max_rss; /* bytes, of the largest process */
};

/* 0 when the command was started and ended (however it ended); -1 when it could not be started:
 * `exec: "nosuch": not found in PATH`, a mount that failed, a namespace refused. */
int slip_sandbox_run(const struct slip_sandbox *spec, struct slip_exit *ret,
                     struct slip_error *err);
