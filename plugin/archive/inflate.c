#include "archive/inflate.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <libdeflate.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "util/fs.h"
#include "util/mem.h"

#define CHUNK ((size_t)1 << 20)
#define RING 4u
#define WORTH_A_THREAD (2 * (off_t)CHUNK) /* a file of this size */

struct chunk {
    char *data; /* owned, CHUNK bytes */
    size_t len;
};

/* Three ways to inflate. Gzip members that fit into a chunk go through libdeflate, which is twice
 * as fast but wants them whole; from the first that does not fit, zlib does the rest (members are
 * independent, so any boundary will do). Both check the checksums, which libarchive does not;
 * everything else goes through libarchive's filters. */
enum way { UNDECIDED, MEMBERS, STREAM, FILTER, OVER };

struct slip_inflate {
    int fd;         /* borrowed */
    uint64_t limit; /* what may still come out */
    char *window;   /* owned: compressed bytes, [at, len) not used yet */
    size_t at, len;
    bool at_end; /* nothing after the window */
    enum way way;
    struct libdeflate_decompressor *members; /* owned */
    z_stream stream;
    struct archive *filter; /* owned */

    struct chunk ring[RING];
    pthread_t thread;
    bool threaded;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    uint64_t made, used; /* chunks; the reader holds number used - 1 until its next call */
    bool done, stop;
    struct slip_error err; /* of the thread */
};

/* Moves what is left to the front and reads on. */
static int refill(struct slip_inflate *f, struct slip_error *err)
{
    memmove(f->window, f->window + f->at, f->len - f->at);
    f->len -= SLIP_TAKE(f->at, 0);
    ssize_t n = slip_read_full(f->fd, f->window + f->len, 2 * CHUNK - f->len);
    if (n < 0)
        return slip_fail_errno(err, "cannot read the archive");
    f->len += (size_t)n;
    f->at_end = f->len < 2 * CHUNK;
    return 0;
}

static bool at_gzip(const struct slip_inflate *f)
{
    return f->len - f->at >= 2 && (unsigned char)f->window[f->at] == 0x1f &&
           (unsigned char)f->window[f->at + 1] == 0x8b;
}

/* libarchive's read callback: the window first, then the file. */
static la_ssize_t feed(struct archive *a, void *user, const void **ret)
{
    struct slip_inflate *f = user;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    if (f->at == f->len && !f->at_end && refill(f, &err) < 0) {
        archive_set_error(a, errno, "cannot read");
        return -1;
    }
    size_t n = f->len - f->at;
    *ret = f->window + f->at;
    f->at = f->len;
    return (la_ssize_t)n;
}

static int fail_filter(struct slip_inflate *f, struct slip_error *err)
{
    const char *why = archive_error_string(f->filter);

    return slip_fail(err, SLIP_EINPUT, "the compressed data is damaged: %s",
                     why ? why : "no reason given");
}

static int begin_filter(struct slip_inflate *f, struct slip_error *err)
{
    struct archive_entry *entry;
    struct archive *a = f->filter = archive_read_new();

    if (!a || archive_read_support_filter_zstd(a) < ARCHIVE_WARN ||
        archive_read_support_filter_xz(a) < ARCHIVE_WARN ||
        archive_read_support_filter_lzma(a) < ARCHIVE_WARN ||
        archive_read_support_filter_bzip2(a) < ARCHIVE_WARN ||
        archive_read_support_filter_lz4(a) < ARCHIVE_WARN ||
        archive_read_support_filter_compress(a) < ARCHIVE_WARN ||
        archive_read_support_format_raw(a) < ARCHIVE_WARN ||
        archive_read_support_format_empty(a) < ARCHIVE_WARN)
        return slip_fail(err, SLIP_ESYSTEM, "cannot set up libarchive");
    if (archive_read_open(a, f, NULL, feed, NULL) != ARCHIVE_OK)
        return fail_filter(f, err);
    int rc = archive_read_next_header(a, &entry);
    f->way = rc == ARCHIVE_EOF ? OVER : FILTER; /* the end: an empty file */
    return rc == ARCHIVE_OK || rc == ARCHIVE_EOF ? 0 : fail_filter(f, err);
}

static int read_filter(struct slip_inflate *f, struct chunk *c, struct slip_error *err)
{
    while (c->len < CHUNK) {
        la_ssize_t n = archive_read_data(f->filter, c->data + c->len, CHUNK - c->len);
        if (n == ARCHIVE_RETRY)
            continue;
        if (n < 0)
            return fail_filter(f, err);
        if (n == 0)
            break;
        c->len += (size_t)n;
    }
    return 0;
}

static int begin_stream(struct slip_inflate *f, struct slip_error *err)
{
    if (inflateInit2(&f->stream, 15 + 16) != Z_OK) /* gzip, and nothing else */
        return slip_fail(err, SLIP_ESYSTEM, "cannot set up zlib");
    f->way = STREAM;
    return 0;
}

static int read_stream(struct slip_inflate *f, struct chunk *c, struct slip_error *err)
{
    z_stream *z = &f->stream;

    while (c->len < CHUNK && f->way == STREAM) {
        if (f->at == f->len && !f->at_end && refill(f, err) < 0)
            return -1;
        if (f->at == f->len)
            return slip_fail(err, SLIP_EINPUT, "the compressed data is damaged: it is cut off");
        z->next_in = (unsigned char *)f->window + f->at;
        z->avail_in = (unsigned)(f->len - f->at);
        z->next_out = (unsigned char *)c->data + c->len;
        z->avail_out = (unsigned)(CHUNK - c->len);
        int rc = inflate(z, Z_NO_FLUSH);
        f->at = f->len - z->avail_in;
        c->len = CHUNK - z->avail_out;
        if (rc == Z_STREAM_END) {
            if (f->len - f->at < 2 && !f->at_end && refill(f, err) < 0)
                return -1;
            f->way = at_gzip(f) && inflateReset(z) == Z_OK ? STREAM : OVER;
        } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
            return slip_fail(err, SLIP_EINPUT, "the compressed data is damaged: %s",
                             z->msg ? z->msg : "it is no gzip");
        }
    }
    return 0;
}

/* Members until one has something in it, or is too large for this way. */
static int read_members(struct slip_inflate *f, struct chunk *c, struct slip_error *err)
{
    size_t used, made;

    while (c->len == 0) {
        if (f->len - f->at < CHUNK + CHUNK / 2 && !f->at_end && refill(f, err) < 0)
            return -1;
        if (!at_gzip(f)) {
            f->way = OVER;
            return 0;
        }
        if (libdeflate_gzip_decompress_ex(f->members, f->window + f->at, f->len - f->at, c->data,
                                          CHUNK, &used, &made) != LIBDEFLATE_SUCCESS)
            return begin_stream(f, err);
        f->at += used;
        c->len = made;
    }
    return 0;
}

static int decide(struct slip_inflate *f, struct slip_error *err)
{
    if (refill(f, err) < 0)
        return -1;
    if (!at_gzip(f))
        return begin_filter(f, err);
    f->members = libdeflate_alloc_decompressor();
    if (!f->members)
        return begin_stream(f, err);
    f->way = MEMBERS;
    return 0;
}

/* The next chunk; len 0 at the end. */
static int make(struct slip_inflate *f, struct chunk *c, struct slip_error *err)
{
    if (!c->data)
        c->data = slip_xmalloc(CHUNK);
    c->len = 0;
    if ((f->way == UNDECIDED && decide(f, err) < 0) ||
        (f->way == MEMBERS && read_members(f, c, err) < 0) ||
        (f->way == STREAM && c->len == 0 && read_stream(f, c, err) < 0) ||
        (f->way == FILTER && read_filter(f, c, err) < 0))
        return -1;
    if (c->len > f->limit)
        return slip_fail(err, SLIP_EINPUT, "the archive is larger than its limit when unpacked");
    f->limit -= c->len;
    return 0;
}

static void *inflater(void *arg)
{
    struct slip_inflate *f = arg;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    pthread_mutex_lock(&f->lock);
    while (!f->stop && !f->done) {
        if (f->made - f->used >= RING - 1) { /* the reader still holds one */
            pthread_cond_wait(&f->changed, &f->lock);
            continue;
        }
        struct chunk *c = &f->ring[f->made % RING];
        pthread_mutex_unlock(&f->lock);
        int rc = make(f, c, &err);
        pthread_mutex_lock(&f->lock);
        if (rc < 0)
            slip_error_move(&f->err, &err);
        if (rc < 0 || c->len == 0)
            f->done = true;
        else
            f->made++;
        pthread_cond_signal(&f->changed);
    }
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

struct slip_inflate *slip_inflate_open(int fd, uint64_t limit, struct slip_error *err)
{
    struct stat st;
    sigset_t all, old;

    if (fstat(fd, &st) < 0) {
        slip_fail_errno(err, "cannot read the archive");
        return NULL;
    }
    struct slip_inflate *f = slip_xcalloc(1, sizeof *f);
    f->fd = fd;
    f->limit = limit;
    f->window = slip_xmalloc(2 * CHUNK);
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    if (!S_ISREG(st.st_mode) || st.st_size >= WORTH_A_THREAD) {
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &old);
        f->threaded = pthread_create(&f->thread, NULL, inflater, f) == 0;
        pthread_sigmask(SIG_SETMASK, &old, NULL);
    }
    return f;
}

static int next_from_thread(struct slip_inflate *f, const struct chunk **ret,
                            struct slip_error *err)
{
    pthread_mutex_lock(&f->lock);
    while (f->used == f->made && !f->done)
        pthread_cond_wait(&f->changed, &f->lock);
    int rc = 0;
    if (f->used < f->made)
        *ret = &f->ring[f->used++ % RING];
    else if (f->err.code)
        slip_error_move(err, &f->err), rc = -1;
    else
        *ret = NULL;
    pthread_cond_signal(&f->changed);
    pthread_mutex_unlock(&f->lock);
    return rc;
}

int slip_inflate_next(struct slip_inflate *f, const char **ret_p, size_t *ret_n,
                      struct slip_error *err)
{
    const struct chunk *c = &f->ring[0];

    if (f->threaded ? next_from_thread(f, &c, err) < 0 : make(f, &f->ring[0], err) < 0)
        return -1;
    if (!c || c->len == 0)
        return 0;
    *ret_p = c->data;
    *ret_n = c->len;
    return 1;
}

void slip_inflate_free(struct slip_inflate *f)
{
    if (!f)
        return;
    if (f->threaded) {
        pthread_mutex_lock(&f->lock);
        f->stop = true;
        pthread_cond_signal(&f->changed);
        pthread_mutex_unlock(&f->lock);
        pthread_join(f->thread, NULL);
    }
    for (size_t i = 0; i < RING; i++)
        free(f->ring[i].data);
    archive_read_free(f->filter);
    inflateEnd(&f->stream);
    libdeflate_free_decompressor(f->members);
    slip_error_release(&f->err);
    pthread_mutex_destroy(&f->lock);
    pthread_cond_destroy(&f->changed);
    free(f->window);
    free(f);
}

int slip_inflate_digest(int fd, uint64_t limit, struct slip_digest *ret, struct slip_error *err)
{
    slip_cleanup(slip_inflate_freep) struct slip_inflate *f = slip_inflate_open(fd, limit, err);
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;
    const char *p;
    size_t n;
    int rc = f ? 1 : -1;

    while (rc > 0 && (rc = slip_inflate_next(f, &p, &n, err)) > 0)
        slip_sha256_update(&sha, p, n);
    if (rc == 0)
        slip_sha256_finish(&sha, ret);
    return rc;
}
