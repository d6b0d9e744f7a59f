#include "commands/pem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>

#include "util/fs.h"
#include "util/mem.h"

#define PASSPHRASE_LIMIT 1024u

/* A line that is not shown while it is written. Asked is only when nothing is shown any more: what
 * was typed before is thrown away. */
static int read_hidden(int tty, const char *prompt, struct slip_buf *ret, struct slip_error *err)
{
    struct termios as_it_was, hidden;
    ssize_t n = 1;
    char c = 0;

    if (tcgetattr(tty, &as_it_was) < 0)
        return slip_fail_errno(err, "cannot ask for the passphrase");
    hidden = as_it_was;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    (void)tcsetattr(tty, TCSAFLUSH, &hidden);
    (void)slip_write_all(tty, prompt, strlen(prompt));
    while (ret->len < PASSPHRASE_LIMIT && (n = read(tty, &c, 1)) == 1 && c != '\n')
        slip_buf_putc(ret, c);
    int why = errno;
    (void)tcsetattr(tty, TCSAFLUSH, &as_it_was);
    (void)slip_write_all(tty, "\n", 1);
    if (n == 1 && c == '\n')
        return 0;
    return slip_fail(err, n < 0 && why == EINTR ? SLIP_ECANCELLED : SLIP_EUSAGE,
                     "no passphrase was given");
}

static int ask(void *user, struct slip_buf *ret, struct slip_error *err)
{
    const char *given = getenv("SLIPWAY_KEY_PASSWORD"), *path = user;

    if (given) {
        slip_buf_puts(ret, given);
        return 0;
    }
    slip_cleanup(slip_closep) int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (tty < 0) {
        slip_fail(err, SLIP_EUSAGE, "the key is encrypted, and there is nobody to ask");
        return slip_error_hint(err, "give the passphrase in SLIPWAY_KEY_PASSWORD");
    }
    slip_cleanup(slip_freep) char *prompt = slip_xasprintf("passphrase of '%s': ", path);
    return read_hidden(tty, prompt, ret, err);
}

int slip_pem_file_private(struct slip_pem *key, const char *path, struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf pem = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *name = slip_xstrdup(path);

    if (slip_read_file(AT_FDCWD, path, SLIP_PEM_LIMIT, &pem, err) < 0)
        return -1;
    int rc = slip_pem_private(key, &pem, path, ask, name, err);
    explicit_bzero(pem.data, pem.cap);
    return rc;
}

int slip_pem_file_public(struct slip_pem *key, const char *path, struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf pem = SLIP_BUF_INIT;

    if (slip_read_file(AT_FDCWD, path, SLIP_PEM_LIMIT, &pem, err) < 0)
        return -1;
    return slip_pem_public(key, &pem, path, err);
}
