/* emulator.h - programs of another machine, by way of QEMU's emulation of user mode.
 *
 * Where the kernel has been told of it (binfmt_misc, with flag F), nothing is needed: that is what
 * the packages of distributions set up, and what docker relies upon. Elsewhere, also where nobody
 * may set up anything, the statically linked emulator of this machine is put into the sandbox, and
 * runs the one program; what that starts in turn is up to the kernel again.
 *
 * Life: find, then argv; release. Depends on: exec/sandbox, slim/elf, util/.
 */
#pragma once

#include "exec/sandbox.h"
#include "util/buf.h"
#include "util/error.h"

struct slip_emulator {
    int fd; /* owned: its program; -1 when none is needed */
    char target[48];
};

#define SLIP_EMULATOR_INIT ((struct slip_emulator){ .fd = -1 })

/* For images of that architecture ("arm64"; NULL: this machine's). SLIP_EHOST when there is none;
 * the hint names a package. */
int slip_emulator_find(const char *arch, struct slip_emulator *ret, struct slip_error *err);
/* Puts it in front of argv, whose program is looked up in `root` as the sandbox would do it; a
 * script's interpreter is what it then runs. A program that is not there is left to the sandbox. */
void slip_emulator_argv(const struct slip_emulator *emulator, int root, const char *cwd,
                        const struct slip_strv *env, struct slip_strv *argv);
struct slip_sandbox_mount slip_emulator_mount(const struct slip_emulator *emulator);
void slip_emulator_release(struct slip_emulator *emulator);
