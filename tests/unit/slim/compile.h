/* compile.h - small programs made with the host's compiler, in a scratch directory that goes away.
 * A host without one is skipped (77) before the first test.
 */
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "main.h"
#include "util/buf.h"
#include "util/error.h"
#include "util/fs.h"
#include "util/proc.h"

static char scratch[] = "/tmp/slipway-unit-XXXXXX";
static int scratch_fd = -1;

static int scratch_setup(void **state)
{
    (void)state;
    if (!mkdtemp(scratch))
        return -1;
    scratch_fd = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return scratch_fd < 0 ? -1 : 0;
}

static int scratch_teardown(void **state)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    (void)state;
    (void)close(scratch_fd);
    return slip_remove_tree(AT_FDCWD, scratch, &err);
}

static void need_compiler(void)
{
    if (!slip_proc_have("cc")) {
        fputs("no C compiler on this host\n", stderr);
        exit(77);
    }
}

/* Beneath the scratch directory. Caller frees. */
static inline char *in_scratch(const char *path)
{
    return slip_xasprintf("%s/%s", scratch, path);
}

static inline void write_scratch(const char *path, const char *text, mode_t mode)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_freep) char *dir = slip_xstrndup(path, (size_t)(slip_path_base(path) - path));

    if (*dir)
        assert_int_equal(slip_mkdirs(scratch_fd, dir, 0755, &err), 0);
    assert_int_equal(slip_write_file(scratch_fd, path, text, strlen(text), mode, false, &err), 0);
}

/* Runs a command of blank-separated words, "@" at the start of a word being the scratch directory;
 * its exit status. */
__attribute__((format(printf, 2, 0))) static inline int run_words(struct slip_buf *capture,
                                                                  const char *fmt, va_list ap)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv argv = SLIP_STRV_INIT;
    slip_cleanup(slip_freep) char *text = slip_xvasprintf(fmt, ap);
    char *save = NULL;
    int status = -1;

    for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
        const char *at = strchr(w, '@');
        if (at)
            slip_strv_addf(&argv, "%.*s%s/%s", (int)(at - w), w, scratch, at + 1);
        else
            slip_strv_add(&argv, w);
    }
    if (slip_proc_run(argv.v, capture, &status, &err) < 0)
        fail_msg("%s", err.msg);
    return status;
}

__attribute__((format(printf, 2, 3))) static inline int run(struct slip_buf *capture,
                                                            const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int status = run_words(capture, fmt, ap);
    va_end(ap);
    return status;
}

/* As run(), and it must work. */
__attribute__((format(printf, 1, 2))) static inline void must(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int status = run_words(NULL, fmt, ap);
    va_end(ap);
    assert_int_equal(status, 0);
}
