#include "archive/pack.h"

#include <errno.h>
#include <libdeflate.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <zstd.h>

#include "util/mem.h"

#define MAX_THREADS 32u

struct block {
    char *in, *out; /* owned */
    size_t in_len, out_len;
    bool packed;
};

/* A compressor belongs to one thread. */
struct engine {
    struct libdeflate_compressor *gzip;
    ZSTD_CCtx *zstd;
};

/* Block number i lives in ring[i % nring]. The producer fills number `filled`; the others follow
 * it, each at its own pace, and a place is free again when the hasher and the writer are past it.
 */
struct slip_packer {
    enum slip_compression compression;
    int level;
    size_t bound; /* of a packed block */
    slip_sink_fn *sink;
    void *user; /* borrowed */
    struct block *ring;
    size_t nring;
    struct engine engine; /* for work on the caller's thread */
    bool filling;         /* block `filled` is the caller's now */

    pthread_mutex_t lock; /* of all below, and of `packed` */
    pthread_cond_t changed;
    uint64_t filled, hashed, taken, written;
    bool closed, stop;
    struct slip_error err; /* why it stopped */

    struct slip_sha256 in_sha, out_sha; /* each used by one thread at a time */
    uint64_t in_size, out_size;
    pthread_t threads[MAX_THREADS + 2];
    unsigned nworkers, nthreads;
};

static unsigned cpus(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) < 0)
        return 1;
    int n = CPU_COUNT(&set);
    return n < 1 ? 1 : (unsigned)n;
}

struct slip_packer *slip_packer_open(enum slip_compression compression, int level, unsigned threads,
                                     slip_sink_fn *sink, void *user, struct slip_error *err)
{
    int highest = compression == SLIP_GZIP ? 12 : compression == SLIP_ZSTD ? 19 : level;

    if (level < 0 || level > highest) {
        slip_fail(err, SLIP_EUSAGE, "%s has no level %d",
                  compression == SLIP_GZIP ? "gzip" : "zstd", level);
        slip_error_hint(err, "levels are 1 to %d; 0 is the default", highest);
        return NULL;
    }
    struct slip_packer *p = slip_xcalloc(1, sizeof *p);
    p->compression = compression;
    p->level = level ? level : compression == SLIP_GZIP ? 2 : 3;
    p->sink = sink;
    p->user = user;
    p->nworkers = threads ? threads : cpus();
    if (p->nworkers > MAX_THREADS)
        p->nworkers = MAX_THREADS;
    p->nring = p->nworkers > 1 ? 2 * p->nworkers + 2 : 1;
    p->ring = slip_xcalloc(p->nring, sizeof *p->ring);
    p->bound = compression == SLIP_GZIP   ? libdeflate_gzip_compress_bound(NULL, SLIP_PACK_BLOCK)
               : compression == SLIP_ZSTD ? ZSTD_compressBound(SLIP_PACK_BLOCK)
                                          : 0;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    return p;
}

static void engine_release(struct engine *e)
{
    libdeflate_free_compressor(e->gzip);
    ZSTD_freeCCtx(e->zstd);
    *e = (struct engine){ 0 };
}

/* The packed form of a block that was filled. Both libraries write no time, name or system. */
static int pack(const struct slip_packer *p, struct engine *e, struct block *b)
{
    if (p->compression == SLIP_UNCOMPRESSED)
        return 0;
    if (!b->out)
        b->out = slip_xmalloc(p->bound);
    if (p->compression == SLIP_GZIP) {
        if (!e->gzip && !(e->gzip = libdeflate_alloc_compressor(p->level)))
            return -1;
        b->out_len = libdeflate_gzip_compress(e->gzip, b->in, b->in_len, b->out, p->bound);
        return b->out_len ? 0 : -1;
    }
    if (!e->zstd && !(e->zstd = ZSTD_createCCtx()))
        return -1;
    b->out_len = ZSTD_compressCCtx(e->zstd, b->out, p->bound, b->in, b->in_len, p->level);
    return ZSTD_isError(b->out_len) ? -1 : 0;
}

static void hash_in(struct slip_packer *p, const struct block *b)
{
    slip_sha256_update(&p->in_sha, b->in, b->in_len);
    p->in_size += b->in_len;
}

static int emit(struct slip_packer *p, const struct block *b, struct slip_error *err)
{
    bool plain = p->compression == SLIP_UNCOMPRESSED; /* then both digests are one */
    const char *at = plain ? b->in : b->out;
    size_t n = plain ? b->in_len : b->out_len;

    if (!plain)
        slip_sha256_update(&p->out_sha, at, n);
    p->out_size += n;
    return p->sink(p->user, at, n, err);
}

static int fail_pack(struct slip_error *err)
{
    return slip_fail(err, SLIP_ESYSTEM, "cannot compress a block");
}

/* Stops everybody, with the first reason. Called with the lock held. */
static void stop_for(struct slip_packer *p, struct slip_error *why)
{
    if (!p->stop)
        slip_error_move(&p->err, why);
    slip_error_release(why);
    p->stop = true;
    pthread_cond_broadcast(&p->changed);
}

static void *hasher(void *arg)
{
    struct slip_packer *p = arg;

    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        if (p->hashed < p->filled) {
            pthread_mutex_unlock(&p->lock);
            hash_in(p, &p->ring[p->hashed % p->nring]);
            pthread_mutex_lock(&p->lock);
            p->hashed++;
            pthread_cond_broadcast(&p->changed);
        } else if (p->closed) {
            break;
        } else {
            pthread_cond_wait(&p->changed, &p->lock);
        }
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static void *worker(void *arg)
{
    struct slip_packer *p = arg;
    slip_cleanup(engine_release) struct engine engine = { 0 };
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        if (p->taken < p->filled) {
            struct block *b = &p->ring[p->taken++ % p->nring];
            pthread_mutex_unlock(&p->lock);
            int rc = pack(p, &engine, b);
            pthread_mutex_lock(&p->lock);
            b->packed = true;
            pthread_cond_broadcast(&p->changed);
            if (rc < 0 && fail_pack(&err) < 0)
                stop_for(p, &err);
        } else if (p->closed) {
            break;
        } else {
            pthread_cond_wait(&p->changed, &p->lock);
        }
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static void *writer(void *arg)
{
    struct slip_packer *p = arg;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        struct block *b = &p->ring[p->written % p->nring];
        if (p->written < p->filled && b->packed) {
            pthread_mutex_unlock(&p->lock);
            int rc = emit(p, b, &err);
            pthread_mutex_lock(&p->lock);
            b->packed = false;
            p->written++;
            pthread_cond_broadcast(&p->changed);
            if (rc < 0)
                stop_for(p, &err);
        } else if (p->closed && p->written == p->filled) {
            break;
        } else {
            pthread_cond_wait(&p->changed, &p->lock);
        }
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* Signals stay with the threads that wait for them. */
static int start_threads(struct slip_packer *p, struct slip_error *err)
{
    unsigned workers = p->compression == SLIP_UNCOMPRESSED ? 0 : p->nworkers;
    sigset_t all, old;
    int rc = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    for (unsigned i = 0; i < workers + 2 && rc == 0; i++) {
        rc = pthread_create(&p->threads[i], NULL, i == 0 ? hasher : i == 1 ? writer : worker, p);
        if (rc == 0)
            p->nthreads++;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc == 0)
        return 0;
    errno = rc;
    return slip_fail_errno(err, "cannot start a thread");
}

static void join(struct slip_packer *p)
{
    for (unsigned i = 0; i < p->nthreads; i++)
        pthread_join(p->threads[i], NULL);
    p->nthreads = 0;
}

/* Hashes, packs and emits block `filled` - 1 on this thread. */
static int do_it_here(struct slip_packer *p, struct slip_error *err)
{
    struct block *b = &p->ring[(p->filled - 1) % p->nring];

    hash_in(p, b);
    if (pack(p, &p->engine, b) < 0)
        return fail_pack(err);
    p->hashed = p->taken = p->written = p->filled;
    return emit(p, b, err);
}

/* Hands the block that is being filled over. */
static int submit(struct slip_packer *p, struct slip_error *err)
{
    pthread_mutex_lock(&p->lock);
    p->ring[p->filled % p->nring].packed = p->compression == SLIP_UNCOMPRESSED;
    p->filled++;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    return p->nworkers == 1 ? do_it_here(p, err) : 0;
}

/* Waits until the place of block `filled` is free. */
static int wait_for_place(struct slip_packer *p, struct slip_error *err)
{
    if (p->nworkers > 1 && p->filled > 0 && p->nthreads == 0 && start_threads(p, err) < 0)
        return -1;
    pthread_mutex_lock(&p->lock);
    while (!p->stop && (p->filled - p->written >= p->nring || p->filled - p->hashed >= p->nring))
        pthread_cond_wait(&p->changed, &p->lock);
    if (p->stop)
        slip_error_move(err, &p->err);
    bool stopped = p->stop;
    pthread_mutex_unlock(&p->lock);
    return stopped ? -1 : 0;
}

char *slip_packer_room(struct slip_packer *p, size_t *ret_n, struct slip_error *err)
{
    struct block *b = &p->ring[p->filled % p->nring];

    if (p->filling && b->in_len == SLIP_PACK_BLOCK) {
        p->filling = false;
        if (submit(p, err) < 0)
            return NULL;
        b = &p->ring[p->filled % p->nring];
    }
    if (!p->filling) {
        if (wait_for_place(p, err) < 0)
            return NULL;
        if (!b->in)
            b->in = slip_xmalloc(SLIP_PACK_BLOCK);
        b->in_len = 0;
        p->filling = true;
    }
    *ret_n = SLIP_PACK_BLOCK - b->in_len;
    return b->in + b->in_len;
}

void slip_packer_used(struct slip_packer *p, size_t n)
{
    p->ring[p->filled % p->nring].in_len += n;
}

int slip_packer_write(void *packer, const void *from, size_t n, struct slip_error *err)
{
    struct slip_packer *p = packer;
    const char *at = from;

    while (n) {
        size_t room;
        char *to = slip_packer_room(p, &room, err);
        if (!to)
            return -1;
        if (room > n)
            room = n;
        memcpy(to, at, room);
        slip_packer_used(p, room);
        at += room;
        n -= room;
    }
    return 0;
}

int slip_packer_finish(struct slip_packer *p, struct slip_packed *ret, struct slip_error *err)
{
    size_t room;

    /* Nothing at all still makes one (empty) block, for there is no gzip of no member. */
    if (!p->filling && p->filled == 0 && !slip_packer_room(p, &room, err))
        return -1;
    if (p->filling && submit(p, err) < 0)
        return -1;
    p->filling = false;
    if (p->nthreads == 0 && p->written < p->filled && do_it_here(p, err) < 0)
        return -1;
    pthread_mutex_lock(&p->lock);
    p->closed = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    join(p);
    if (p->stop) {
        slip_error_move(err, &p->err);
        return -1;
    }
    slip_sha256_finish(&p->in_sha, &ret->in);
    if (p->compression == SLIP_UNCOMPRESSED)
        ret->out = ret->in;
    else
        slip_sha256_finish(&p->out_sha, &ret->out);
    ret->in_size = p->in_size;
    ret->out_size = p->out_size;
    return 0;
}

void slip_packer_free(struct slip_packer *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    join(p);
    for (size_t i = 0; i < p->nring; i++) {
        free(p->ring[i].in);
        free(p->ring[i].out);
    }
    free(p->ring);
    engine_release(&p->engine);
    slip_sha256_release(&p->in_sha);
    slip_sha256_release(&p->out_sha);
    slip_error_release(&p->err);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->changed);
    free(p);
}
