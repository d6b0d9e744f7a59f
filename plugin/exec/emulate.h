/* emulate.h - many ids where there is only one: root emulation for tier single.
 *
 * With a single mapped id, chown(2), setuid(2) and mknod(2) of devices cannot work. The command's
 * seccomp filter (exec/seccomp.c) stops at those calls, and at the ones that show what they did,
 * and PID 1 of the sandbox answers: consistently, so that apt's, su's and tar's own checks hold.
 *
 *   files       chown sets exec/owner.h's attribute, and chowns to 0:0 so that the kernel clears
 * the set-id bits; stat shows it, everything else is 0:0 (files of the host, whose owner is not
 * mapped, too); what is made by an emulated user, or in a set-group-ID directory of an emulated
 * group, gets the attribute at birth. listxattr hides it. processes   an emulated identity is an
 * entry of a table, and a process's entry is the distance of its soft RLIMIT_LOCKS from the hard
 * one: a limit without effect since Linux 2.4, which the kernel inherits to children, atomically,
 * and keeps over exec. devices     mknod of a device makes an empty file with an attribute that
 * says so.
 *
 * Permissions are not emulated: everybody can do what the one real id can. Set-user-ID programs do
 * not change ids (no_new_privs). The service runs inside the sandbox, with the privileges of the
 * command and those that let it look at the command's memory and files, so that a race
 * against it gains nothing. Several threads serve. Depends on: exec/passwd, exec/owner, util/.
 */
#pragma once

#include "exec/passwd.h"
#include "util/error.h"

/* In PID 1: remembers who the command is to be; then, in the command before exec: be that. */
void slip_emulate_identity(const struct slip_identity *identity);
int slip_emulate_assume(void);

/* Serves notifications of `listener` on threads of their own until the process ends. The calling
 * process must have blocked its signals. */
int slip_emulate_start(int listener, struct slip_error *err);
