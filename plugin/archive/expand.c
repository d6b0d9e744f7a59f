#include "archive/expand.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <zstd.h>

#include "archive/filter.h"
#include "archive/gunzip.h"
#include "util/mem.h"

#define CHUNK SLIP_EXPAND_CHUNK
#define PIECE (CHUNK / 4) /* of what has no natural size: stays in the processor's cache */
#define WINDOW (2 * CHUNK)
#define PIPE_SIZE (1 << 20)

/* Nothing honest is packed this well; deflate itself cannot do more than 1032. */
#define BOMB_RATIO 200u
#define BOMB_BYTES ((uint64_t)1 << 30)
#define ZSTD_WINDOW 27 /* 128 MiB, what zstd --long needs */

/* Where the bytes go, and how many there are. */
struct chunk {
    char *data; /* borrowed, CHUNK bytes */
    size_t len;
};

/* Gzip members that fit into a chunk go through libdeflate, which is fast but wants them whole;
 * from the first that does not fit, gunzip.h does the rest (members are independent, so any
 * boundary will do). Both check the checksums. filter.h is for what is rare. */
enum way { UNDECIDED, MEMBERS, STREAM, ZSTD, PLAIN, FILTER, OVER };

struct slip_expand {
    int fd;         /* borrowed */
    bool is_pipe;   /* read to its end, so that the writer is not cut off */
    uint64_t limit; /* what may still come out */
    uint64_t in, out;
    char *window; /* owned: compressed bytes, [at, len) not used yet */
    size_t at, len;
    bool at_end; /* nothing after the window */
    enum way way;
    struct libdeflate_decompressor *members; /* owned */
    struct slip_gunzip *stream;              /* owned */
    ZSTD_DCtx *zstd;                         /* owned */
    bool in_frame;                           /* of zstd */
    struct slip_filter *filter;              /* owned */
};

struct slip_expand *slip_expand_open(int fd, uint64_t limit, struct slip_error *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0) {
        slip_fail_errno(err, "cannot read the archive");
        return NULL;
    }
    struct slip_expand *f = slip_xcalloc(1, sizeof *f);
    f->fd = fd;
    f->limit = limit;
    f->is_pipe = S_ISFIFO(st.st_mode);
    if (f->is_pipe) /* a larger one only saves switches: not getting it is no error */
        (void)fcntl(fd, F_SETPIPE_SZ, PIPE_SIZE);
    f->window = slip_xmalloc(WINDOW);
    return f;
}

/* Moves what is left to the front and reads until there are `want` bytes, or all. */
static int refill(struct slip_expand *f, size_t want, struct slip_error *err)
{
    memmove(f->window, f->window + f->at, f->len - f->at);
    f->len -= SLIP_TAKE(f->at, 0);
    while (f->len < want && !f->at_end) {
        ssize_t n = read(f->fd, f->window + f->len, WINDOW - f->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return slip_fail_errno(err, "cannot read the archive");
        f->at_end = n == 0;
        f->len += (size_t)n;
        f->in += (size_t)n;
    }
    return 0;
}

static int fail_cut_off(struct slip_error *err)
{
    return slip_fail(err, SLIP_EINPUT, "the compressed data is damaged: it is cut off");
}

static bool at_gzip(const struct slip_expand *f)
{
    return f->len - f->at >= 2 && (unsigned char)f->window[f->at] == 0x1f &&
           (unsigned char)f->window[f->at + 1] == 0x8b;
}

/* For the filter: the window first, then the file. */
static int feed(void *user, const void **ret, size_t *ret_n)
{
    struct slip_expand *f = user;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    if (f->at == f->len && !f->at_end && refill(f, 1, &err) < 0) {
        errno = err.sys_errno;
        return -1;
    }
    *ret = f->window + f->at;
    *ret_n = f->len - f->at;
    f->at = f->len;
    return 0;
}

static int begin_filter(struct slip_expand *f, struct slip_error *err)
{
    f->way = FILTER;
    f->filter = slip_filter_new(feed, f, err);
    return f->filter ? 0 : -1;
}

static int read_filter(struct slip_expand *f, struct chunk *c, struct slip_error *err)
{
    while (c->len < CHUNK) {
        ssize_t n = slip_filter_read(f->filter, c->data + c->len, CHUNK - c->len, err);
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        c->len += (size_t)n;
    }
    return 0;
}

static int begin_stream(struct slip_expand *f)
{
    f->stream = slip_gunzip_new();
    f->way = STREAM;
    return 0;
}

static int read_stream(struct slip_expand *f, struct chunk *c, struct slip_error *err)
{
    char *to = c->data;
    size_t room = PIECE;

    while (room && f->way == STREAM) {
        if (f->at == f->len && !f->at_end && refill(f, 1, err) < 0)
            return -1;
        const char *from = f->window + f->at;
        size_t n = f->len - f->at, had = n, had_room = room;
        int over = slip_gunzip_step(f->stream, &from, &n, &to, &room, err);
        if (over < 0)
            return -1;
        f->at = f->len - n;
        if (over) {
            if (n < 2 && refill(f, 2, err) < 0)
                return -1;
            f->way = at_gzip(f) ? STREAM : OVER;
        } else if (n == had && room == had_room && f->at == f->len && f->at_end) {
            return fail_cut_off(err);
        }
    }
    c->len = PIECE - room;
    return 0;
}

/* Members until one has something in it, or is too large for this way. */
static int read_members(struct slip_expand *f, struct chunk *c, struct slip_error *err)
{
    size_t used, made;

    while (c->len == 0) {
        if (f->len - f->at < CHUNK + CHUNK / 2 && refill(f, CHUNK + CHUNK / 2, err) < 0)
            return -1;
        if (!at_gzip(f)) {
            f->way = OVER;
            return 0;
        }
        if (libdeflate_gzip_decompress_ex(f->members, f->window + f->at, f->len - f->at, c->data,
                                          CHUNK, &used, &made) != LIBDEFLATE_SUCCESS)
            return begin_stream(f);
        f->at += used;
        c->len = made;
    }
    return 0;
}

/* The magic numbers of a frame, and of one to be skipped (RFC 8878, section 3.1). */
static bool at_zstd(const struct slip_expand *f)
{
    const unsigned char *p = (const unsigned char *)f->window + f->at;

    return f->len - f->at >= 4 &&
           (memcmp(p, "\x28\xb5\x2f\xfd", 4) == 0 ||
            ((p[0] & 0xf0) == 0x50 && memcmp(p + 1, "\x2a\x4d\x18", 3) == 0));
}

static int begin_zstd(struct slip_expand *f, struct slip_error *err)
{
    f->zstd = ZSTD_createDCtx();
    if (!f->zstd || ZSTD_isError(ZSTD_DCtx_setParameter(f->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW)))
        return slip_fail(err, SLIP_ESYSTEM, "cannot set up zstd");
    f->way = ZSTD;
    return 0;
}

static int read_zstd(struct slip_expand *f, struct chunk *c, struct slip_error *err)
{
    ZSTD_outBuffer out = { c->data, PIECE, 0 };

    while (out.pos < out.size) {
        if (f->at == f->len && refill(f, 1, err) < 0)
            return -1;
        ZSTD_inBuffer in = { f->window + f->at, f->len - f->at, 0 };
        size_t before = out.pos, rc = ZSTD_decompressStream(f->zstd, &out, &in);
        if (ZSTD_isError(rc))
            return slip_fail(err, SLIP_EINPUT, "the compressed data is damaged: %s",
                             ZSTD_getErrorName(rc));
        f->at += in.pos;
        if (in.size == 0 && out.pos == before) { /* the end; between frames, it should be */
            if (f->in_frame)
                return fail_cut_off(err);
            f->way = OVER;
            break;
        }
        f->in_frame = rc != 0;
    }
    c->len = out.pos;
    return 0;
}

/* A tar as it is. */
static int read_plain(struct slip_expand *f, struct chunk *c, struct slip_error *err)
{
    if (f->at == f->len && refill(f, 1, err) < 0)
        return -1;
    c->len = f->len - f->at < PIECE ? f->len - f->at : PIECE;
    memcpy(c->data, f->window + f->at, c->len);
    f->at += c->len;
    return 0;
}

static int decide(struct slip_expand *f, struct slip_error *err)
{
    if (refill(f, 512, err) < 0)
        return -1;
    if (at_zstd(f))
        return begin_zstd(f, err);
    if (f->len >= 512 && memcmp(f->window + 257, "ustar", 5) == 0) {
        f->way = PLAIN;
        return 0;
    }
    if (!at_gzip(f))
        return begin_filter(f, err);
    f->members = libdeflate_alloc_decompressor();
    if (!f->members)
        return begin_stream(f);
    f->way = MEMBERS;
    return 0;
}

static int drain(struct slip_expand *f, struct slip_error *err)
{
    while (!f->at_end) {
        f->at = f->len;
        if (refill(f, 1, err) < 0)
            return -1;
    }
    return 0;
}

int slip_expand_check(const struct slip_expand *f, uint64_t bytes, struct slip_error *err)
{
    if (bytes <= BOMB_BYTES || bytes / BOMB_RATIO <= f->in)
        return 0;
    return slip_fail(err, SLIP_EINPUT,
                     "the archive unpacks to more than %u times its size, as nothing but a bomb "
                     "does",
                     BOMB_RATIO);
}

static int check_size(struct slip_expand *f, size_t n, struct slip_error *err)
{
    if (n > f->limit)
        return slip_fail(err, SLIP_EINPUT, "the archive is larger than its limit when unpacked");
    f->limit -= n;
    f->out += n;
    return slip_expand_check(f, f->out, err);
}

int slip_expand_next(struct slip_expand *f, char *to, size_t *ret_n, struct slip_error *err)
{
    struct chunk c = { to, 0 };

    if ((f->way == UNDECIDED && decide(f, err) < 0) ||
        (f->way == MEMBERS && read_members(f, &c, err) < 0) ||
        (f->way == STREAM && c.len == 0 && read_stream(f, &c, err) < 0) ||
        (f->way == ZSTD && read_zstd(f, &c, err) < 0) ||
        (f->way == PLAIN && read_plain(f, &c, err) < 0) ||
        (f->way == FILTER && read_filter(f, &c, err) < 0) ||
        (c.len == 0 && f->is_pipe && drain(f, err) < 0) || check_size(f, c.len, err) < 0)
        return -1;
    *ret_n = c.len;
    return 0;
}

void slip_expand_free(struct slip_expand *f)
{
    if (!f)
        return;
    slip_filter_free(f->filter);
    slip_gunzip_free(f->stream);
    ZSTD_freeDCtx(f->zstd);
    libdeflate_free_decompressor(f->members);
    free(f->window);
    free(f);
}
