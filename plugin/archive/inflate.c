#include "archive/inflate.h"

#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>

#include "archive/expand.h"
#include "util/mem.h"

#define RING 5u
#define WORTH_A_THREAD (2 * (off_t)SLIP_EXPAND_CHUNK) /* a file of this size */

struct chunk {
    char *data; /* owned, SLIP_EXPAND_CHUNK bytes */
    size_t len;
};

/* Chunk number i lives in ring[i % RING]. One thread makes them, one hashes them, the caller reads
 * them, each at its own pace; without threads the caller does it all in ring[0]. */
struct slip_inflate {
    struct slip_expand *from; /* owned; the inflater's until it is joined */
    struct slip_sha256 sha;   /* the hasher's until it is joined */
    bool hashing, threaded;
    pthread_t inflater, hasher;
    struct chunk ring[RING];
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    uint64_t made, used, hashed; /* chunks; the reader holds number used - 1 until its next call */
    bool done, stop;
    struct slip_error err; /* of the inflater */
};

static int make(struct slip_inflate *f, struct chunk *c, struct slip_error *err)
{
    if (!c->data)
        c->data = slip_xmalloc(SLIP_EXPAND_CHUNK);
    c->len = 0;
    return slip_expand_next(f->from, c->data, &c->len, err);
}

/* The oldest chunk that somebody still looks at. */
static uint64_t oldest(const struct slip_inflate *f)
{
    uint64_t held = f->used ? f->used - 1 : 0;

    return f->hashing && f->hashed < held ? f->hashed : held;
}

static void *inflate_all(void *arg)
{
    struct slip_inflate *f = arg;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    pthread_mutex_lock(&f->lock);
    while (!f->stop && !f->done) {
        if (f->made - oldest(f) >= RING) {
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
        pthread_cond_broadcast(&f->changed);
    }
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

static void *hash_all(void *arg)
{
    struct slip_inflate *f = arg;

    pthread_mutex_lock(&f->lock);
    while (!f->stop && !(f->done && f->hashed == f->made)) {
        if (f->hashed == f->made) {
            pthread_cond_wait(&f->changed, &f->lock);
            continue;
        }
        const struct chunk *c = &f->ring[f->hashed % RING];
        pthread_mutex_unlock(&f->lock);
        slip_sha256_update(&f->sha, c->data, c->len);
        pthread_mutex_lock(&f->lock);
        f->hashed++;
        pthread_cond_broadcast(&f->changed);
    }
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

/* Signals stay with the threads that wait for them. False: it has to be done here. */
static bool start(pthread_t *thread, void *(*run)(void *), struct slip_inflate *f)
{
    sigset_t all, old;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    bool started = pthread_create(thread, NULL, run, f) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return started;
}

static void stop_threads(struct slip_inflate *f)
{
    pthread_mutex_lock(&f->lock);
    f->stop = true;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
}

/* All that are needed, or none. */
static void start_threads(struct slip_inflate *f)
{
    if (f->hashing && !start(&f->hasher, hash_all, f))
        return;
    f->threaded = start(&f->inflater, inflate_all, f);
    if (!f->threaded && f->hashing) { /* nobody will ask for the threads again */
        stop_threads(f);
        pthread_join(f->hasher, NULL);
    }
}

static void join(struct slip_inflate *f)
{
    if (!SLIP_TAKE(f->threaded, false))
        return;
    pthread_join(f->inflater, NULL);
    if (f->hashing)
        pthread_join(f->hasher, NULL);
}

struct slip_inflate *slip_inflate_open(int fd, uint64_t limit, bool hash, struct slip_error *err)
{
    struct slip_expand *from = slip_expand_open(fd, limit, err);
    struct stat st;

    if (!from)
        return NULL;
    struct slip_inflate *f = slip_xcalloc(1, sizeof *f);
    f->from = from;
    f->hashing = hash;
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    if (fstat(fd, &st) == 0 && (!S_ISREG(st.st_mode) || st.st_size >= WORTH_A_THREAD))
        start_threads(f);
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
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
    return rc;
}

static int next_here(struct slip_inflate *f, const struct chunk **ret, struct slip_error *err)
{
    if (make(f, &f->ring[0], err) < 0)
        return -1;
    *ret = f->ring[0].len ? &f->ring[0] : NULL;
    if (*ret && f->hashing)
        slip_sha256_update(&f->sha, (*ret)->data, (*ret)->len);
    return 0;
}

int slip_inflate_next(struct slip_inflate *f, const char **ret_p, size_t *ret_n,
                      struct slip_error *err)
{
    const struct chunk *c;

    if ((f->threaded ? next_from_thread(f, &c, err) : next_here(f, &c, err)) < 0)
        return -1;
    if (!c)
        return 0;
    *ret_p = c->data;
    *ret_n = c->len;
    return 1;
}

void slip_inflate_finish(struct slip_inflate *f, struct slip_digest *ret)
{
    join(f);
    slip_sha256_finish(&f->sha, ret);
}

int slip_inflate_check(const struct slip_inflate *f, uint64_t bytes, struct slip_error *err)
{
    return slip_expand_check(f->from, bytes, err);
}

void slip_inflate_free(struct slip_inflate *f)
{
    if (!f)
        return;
    stop_threads(f);
    join(f);
    for (size_t i = 0; i < RING; i++)
        free(f->ring[i].data);
    slip_sha256_release(&f->sha);
    slip_error_release(&f->err);
    pthread_mutex_destroy(&f->lock);
    pthread_cond_destroy(&f->changed);
    slip_expand_free(f->from);
    free(f);
}

int slip_inflate_digest(int fd, uint64_t limit, struct slip_digest *ret, struct slip_error *err)
{
    slip_cleanup(slip_inflate_freep) struct slip_inflate *f =
        slip_inflate_open(fd, limit, true, err);
    const char *p;
    size_t n;
    int rc = f ? 1 : -1;

    while (rc > 0)
        rc = slip_inflate_next(f, &p, &n, err);
    if (rc == 0)
        slip_inflate_finish(f, ret);
    return rc;
}
