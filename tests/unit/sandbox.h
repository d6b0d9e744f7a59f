/* sandbox.h - a directory of the test's own, removed afterwards, and helpers to look around. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "main.h"
#include "util/fs.h"
#include "util/proc.h"

struct sandbox {
    char path[64];
    int dir; /* owned */
    struct slip_error err;
};

static int sandbox_begin(void **state)
{
    struct sandbox *s = *state = slip_xcalloc(1, sizeof *s);
    const char *tmp = getenv("TMPDIR");

    snprintf(s->path, sizeof s->path, "%s/slipway.XXXXXX", tmp && strlen(tmp) < 40 ? tmp : "/tmp");
    if (!mkdtemp(s->path) || (s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return -1;
    umask(022);
    return 0;
}

static int sandbox_end(void **state)
{
    struct sandbox *s = *state;

    slip_error_release(&s->err);
    close(s->dir);
    slip_remove_tree(AT_FDCWD, s->path, &s->err);
    slip_error_release(&s->err);
    free(s);
    return 0;
}

/* Fails the test with the error's text. */
#define ASSERT_OK(s, call)                                                              \
    do {                                                                                \
        if ((call) < 0)                                                                 \
            fail_msg("%s: %s (%s)", #call, (s)->err.msg, strerror((s)->err.sys_errno)); \
    } while (0)

/* A subdirectory, made when needed. fd. */
SLIP_UNUSED static int sandbox_dir(struct sandbox *s, const char *name)
{
    ASSERT_OK(s, slip_mkdirs(s->dir, name, 0755, &s->err));
    int fd = openat(s->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

SLIP_UNUSED static void put_file(int dir, const char *name, const char *text, mode_t mode)
{
    slip_cleanup(slip_closep) int fd =
        openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(slip_write_all(fd, text, strlen(text)), 0);
    assert_int_equal(fchmod(fd, mode), 0);
}

/* An unlinked file with these bytes, at its start. */
SLIP_UNUSED static int file_of(struct sandbox *s, const void *p, size_t n)
{
    int fd = openat(s->dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(slip_write_all(fd, p, n), 0);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* A slip_sink_fn that collects. */
SLIP_UNUSED static int collect(void *user, const void *p, size_t n, struct slip_error *err)
{
    (void)err;
    slip_buf_put(user, p, n);
    return 0;
}

#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Runs a program that is here and must succeed, and adds what it says. */
SLIP_UNUSED static void run(const char *const argv[], struct slip_buf *said)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    char *words[32] = { NULL };
    int status;

    for (size_t i = 0; argv[i]; i++)
        memcpy(&words[i], &argv[i], sizeof words[i]);
    assert_int_equal(slip_proc_run(words, said, &status, &err), 0);
    if (status)
        fail_msg("%s failed with status %d: %s", argv[0], status, slip_buf_str(said));
}

/* What a program says, or NULL when it is not here. It must succeed. */
SLIP_UNUSED static char *output_of(const char *const argv[])
{
    slip_cleanup(slip_buf_release) struct slip_buf said = SLIP_BUF_INIT;

    if (!slip_proc_have(argv[0])) {
        fprintf(stderr, "%s is not installed; it is not asked\n", argv[0]);
        return NULL;
    }
    run(argv, &said);
    return slip_buf_take(&said);
}
