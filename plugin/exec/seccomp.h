/* seccomp.h - the command's system call filters, compiled once per process with libseccomp.
 *
 * Two filters are stacked; of two answers the kernel takes the stricter one:
 *   known    allows what containers may call (seccomp_calls.h), EPERM for the dangerous, ENOSYS
 *            for the unknown, and kills a process that calls through a foreign architecture. Its
 *            answers depend on the call's number alone, which the kernel remembers: no cost.
 *   looked   EPERM for arguments that are not for containers (namespaces in clone, AF_ALG,
 * AF_VSOCK, faked terminal input), and in tier single hands to exec/emulate.h what it emulates.
 * Depends on: libseccomp, util/error.
 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>

#include "util/error.h"

struct slip_seccomp {
    struct sock_fprog known;
    struct sock_fprog looked;
    bool emulating; /* `looked` has notifications */
};

/* Thread-safe; *ret lives as long as the process. */
int slip_seccomp_get(bool emulating, const struct slip_seccomp **ret, struct slip_error *err);
/* Puts both on the calling thread. *ret_listener: the fd that gets the notifications, or -1. */
int slip_seccomp_load(const struct slip_seccomp *filters, int *ret_listener,
                      struct slip_error *err);
