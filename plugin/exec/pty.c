#include "exec/pty.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "util/fs.h"
#include "util/mem.h"

void slip_pty_start(struct slip_pty *pty, int master)
{
    struct termios raw;

    pty->master = master;
    if (tcgetattr(STDIN_FILENO, &pty->saved) == 0) {
        raw = pty->saved;
        cfmakeraw(&raw);
        pty->raw = tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) == 0;
    }
    slip_pty_follow_size(pty);
}

void slip_pty_follow_size(struct slip_pty *pty)
{
    struct winsize now;

    if (pty->master < 0 || ioctl(STDIN_FILENO, TIOCGWINSZ, &now) < 0 ||
        memcmp(&now, &pty->size, sizeof now) == 0)
        return;
    pty->size = now;
    (void)ioctl(pty->master, TIOCSWINSZ, &now);
}

int slip_pty_copy(int from, int to)
{
    char chunk[8192];
    ssize_t n = read(from, chunk, sizeof chunk);

    if (n < 0)
        return errno == EINTR ||
               errno == EAGAIN; /* EIO: the last holder of the other end is gone */
    return n > 0 && slip_write_all(to, chunk, (size_t)n) == 0;
}

void slip_pty_release(struct slip_pty *pty)
{
    if (pty->raw)
        (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &pty->saved);
    pty->raw = false;
    slip_closep(&pty->master);
    pty->master = -1;
}
