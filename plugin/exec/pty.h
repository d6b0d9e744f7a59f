/* pty.h - the user's terminal, lent to a command through a pseudo-terminal of the sandbox.
 *
 * The user's own terminal never gets into the sandbox, where TIOCSTI could type into it. While a
 * command runs, the user's terminal is raw; release gives it back as it was. Changes of its size
 * are looked for whenever the caller polls: a library should not take SIGWINCH.
 * Depends on: util/.
 */
#pragma once

#include <stdbool.h>
#include <sys/ioctl.h>
#include <termios.h>

struct slip_pty {
    int master; /* owned; -1 until the sandbox has sent it */
    bool raw;   /* `saved` has to be restored */
    struct termios saved;
    struct winsize size;
};

#define SLIP_PTY_INIT ((struct slip_pty){ .master = -1 })

/* Takes the master over and makes the terminal on standard input raw. */
void slip_pty_start(struct slip_pty *pty, int master);
/* Hands a new size of the terminal on. */
void slip_pty_follow_size(struct slip_pty *pty);
/* What can be read from `from` goes to `to`. 0: there will be no more. 1: there may be. */
int slip_pty_copy(int from, int to);
void slip_pty_release(struct slip_pty *pty);
