#include "main.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "build/lockfile.h"
#include "util/fs.h"
#include "util/str.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEAD "# Which images the names in this project stand for. Written by 'slipway lock'.\n"

struct row {
    const char *name;
    const char *text;  /* of the file; NULL: there is none */
    const char *says;  /* what writing it again gives */
    const char *error; /* a part of the message, or NULL */
    size_t line, column;
};

static const struct row rows[] = {
    { "no file", NULL, HEAD, NULL, 0, 0 },
    { "an empty one", "", HEAD, NULL, 0, 0 },
    { "comments and blank lines", "# x\n\n   \n#y", HEAD, NULL, 0, 0 },
    { "names are written in full, sorted", "localhost:5000/x:1 " B "\ndebian:12\t " A "  \r\n",
      HEAD "docker.io/library/debian:12 " A "\nlocalhost:5000/x:1 " B "\n", NULL, 0, 0 },
    { "no newline at the end", "debian " A, HEAD "docker.io/library/debian:latest " A "\n", NULL, 0,
      0 },
    { "twice the same", "debian " A "\ndocker.io/library/debian:latest " A "\n", NULL,
      "pinned twice", 2, 1 },
    { "no digest", "debian:12\n", NULL, "followed by its digest", 1, 1 },
    { "half a digest", "# c\n  debian:12 sha256:abc\n", NULL, "digest", 2, 13 },
    { "two digests", "debian:12 " A " " B "\n", NULL, "digest", 1, 11 },
    { "no name", "Debian " A "\n", NULL, "", 1, 1 },
};

static void reads_and_writes(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_lockfile_release) struct slip_lockfile lock = SLIP_LOCKFILE_INIT;
    slip_cleanup(slip_arena_release) struct slip_arena arena = { 0 };
    slip_cleanup(slip_buf_release) struct slip_buf seen = SLIP_BUF_INIT;
    char path[] = "/tmp/slip-lock-XXXXXX";
    slip_cleanup(slip_closep) int fd = mkstemp(path);

    assert_true(fd >= 0);
    if (row->text)
        assert_int_equal(slip_write_all(fd, row->text, strlen(row->text)), 0);
    else
        assert_int_equal(unlink(path), 0);
    int rc = slip_lockfile_read(&lock, &arena, path, &err);
    if (row->error) {
        assert_int_equal(rc, -1);
        assert_non_null(strstr(err.msg, row->error));
        assert_int_equal(slip_span_line(err.at), row->line);
        assert_in_range(slip_span_column(err.at), row->column, row->column);
    } else {
        assert_int_equal(rc, row->text ? 1 : 0);
        assert_int_equal(slip_lockfile_write(&lock, &err), 0);
        assert_int_equal(slip_read_file(AT_FDCWD, path, 4096, &seen, &err), 0);
        assert_string_equal(slip_buf_str(&seen), row->says);
    }
    (void)unlink(path);
}

int main(void)
{
    return SLIP_RUN_ROWS("build/lockfile", rows, reads_and_writes);
}
