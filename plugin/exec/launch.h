/* launch.h - what the launcher hands to the processes of a sandbox: it is forked with it.
 *
 *   launcher   the slipway process, in slip_sandbox_run()
 *   init       PID 1 of the sandbox: mounts, supervises, emulates (child.c)
 *   command    what the user wants to run (payload.c)
 *
 * Between launcher and init a process of a moment makes the namespaces: fork(2) of a program with
 * threads is only safe the way libc does it, and clone3(2) only in a process that has one thread.
 * Depends on: exec/mounts, exec/passwd, exec/sandbox, exec/seccomp.
 */
#pragma once

#include "exec/mounts.h"
#include "exec/passwd.h"
#include "exec/sandbox.h"
#include "exec/seccomp.h"

struct slip_launch {
    const struct slip_sandbox *spec;
    enum slip_tier tier;
    const struct slip_seccomp *filters;
    int root;                        /* detached tree */
    const struct slip_piece *pieces; /* what is mounted in it */
    size_t npieces;
    int report;   /* SOCK_SEQPACKET towards the launcher (exec/report.h) */
    int stdio[3]; /* the command's; -1: stdin is /dev/null, or all of them are a new terminal */
    bool terminal;
};

/* In a forked child: becomes init. Never returns. */
_Noreturn void slip_child_main(const struct slip_launch *launch);

/* In a child of init: becomes the command, or fails with *err. `terminal` is the master of a pty,
 * or -1; `listener` a socket on which to send the seccomp listener, or -1. */
int slip_payload_exec(const struct slip_launch *launch, const struct slip_identity *identity,
                      int cwd, int terminal, int listener, struct slip_error *err);
