#include "archive/sniff.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "archive/expand.h"
#include "archive/gunzip.h"
#include "util/fs.h"
#include "util/mem.h"

#define HEADER 512u
#define CHECKSUM_AT 148u
#define CHECKSUM_LEN 8u

/* The sum of all bytes, those of the field itself taken as blanks; old writers summed signed ones.
 */
static bool is_header(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    long plain = 0, with_sign = 0, want = 0;
    size_t i = CHECKSUM_AT;

    for (size_t k = 0; k < HEADER; k++) {
        bool field = k >= CHECKSUM_AT && k < CHECKSUM_AT + CHECKSUM_LEN;
        plain += field ? ' ' : u[k];
        with_sign += field ? ' ' : (signed char)u[k];
    }
    while (i < CHECKSUM_AT + CHECKSUM_LEN && u[i] == ' ')
        i++;
    if (u[i] < '0' || u[i] > '7')
        return false;
    for (; i < CHECKSUM_AT + CHECKSUM_LEN && u[i] >= '0' && u[i] <= '7'; i++)
        want = want * 8 + (u[i] - '0');
    return want == plain || want == with_sign;
}

static bool is_gzip(const char *head, size_t n)
{
    return n >= 3 && memcmp(head, "\x1f\x8b\x08", 3) == 0;
}

static bool is_compressed_otherwise(const char *head, size_t n)
{
    static const struct {
        const char *bytes;
        size_t n;
    } magic[] = { { "BZh", 3 },
                  { "\xfd"
                    "7zXZ\0",
                    6 },
                  { "\x28\xb5\x2f\xfd", 4 } };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(magic); i++)
        if (n >= magic[i].n && memcmp(head, magic[i].bytes, magic[i].n) == 0)
            return true;
    return false;
}

/* Byte by byte as it were, so that an archive that was cut is one still. */
static bool gzip_holds_header(int fd)
{
    slip_cleanup(slip_error_release) struct slip_error damaged = SLIP_ERROR_INIT;
    struct slip_gunzip *gunzip = slip_gunzip_new();
    char in[4096], header[HEADER], *to = header;
    size_t room = HEADER;
    int step = 0;

    while (room && step >= 0) {
        ssize_t n = slip_read_full(fd, in, sizeof in);
        const char *from = in;
        size_t left = n > 0 ? (size_t)n : 0;
        if (!left)
            break;
        while (left && room && step >= 0)
            step = slip_gunzip_step(gunzip, &from, &left, &to, &room, &damaged);
    }
    slip_gunzip_free(gunzip);
    return !room && is_header(header);
}

/* Damaged data holds no archive. */
static bool holds_header(int fd)
{
    slip_cleanup(slip_error_release) struct slip_error damaged = SLIP_ERROR_INIT;
    slip_cleanup(slip_freep) char *chunk = slip_xmalloc(SLIP_EXPAND_CHUNK);
    struct slip_expand *expand = slip_expand_open(fd, UINT64_MAX, &damaged);
    char header[HEADER];
    size_t have = 0, n;

    while (expand && have < HEADER && slip_expand_next(expand, chunk, &n, &damaged) == 0 && n) {
        size_t take = n < HEADER - have ? n : HEADER - have;
        memcpy(header + have, chunk, take);
        have += take;
    }
    slip_expand_free(expand);
    return have == HEADER && is_header(header);
}

int slip_is_archive(int fd, struct slip_error *err)
{
    char head[HEADER];
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t n = at < 0 ? -1 : slip_read_full(fd, head, sizeof head);

    if (n < 0 || lseek(fd, at, SEEK_SET) < 0)
        return slip_fail_errno(err, "cannot read the beginning of a file");
    bool is = is_gzip(head, (size_t)n)                   ? gzip_holds_header(fd)
              : is_compressed_otherwise(head, (size_t)n) ? holds_header(fd)
                                                         : n == HEADER && is_header(head);
    if (lseek(fd, at, SEEK_SET) < 0)
        return slip_fail_errno(err, "cannot read a file twice");
    return is;
}
