#include "store/use.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "store/transient.h"
#include "util/fs.h"
#include "util/mem.h"

#define TICK_NS 20000000 /* more than a tick of the clock that stamps files */

/* flock(2) belongs to the open file, which all threads share. */
static pthread_mutex_t lock_mutex = PTHREAD_MUTEX_INITIALIZER;

int slip_time_compare(const struct timespec *a, const struct timespec *b)
{
    if (a->tv_sec != b->tv_sec)
        return a->tv_sec < b->tv_sec ? -1 : 1;
    return a->tv_nsec < b->tv_nsec ? -1 : a->tv_nsec > b->tv_nsec;
}

int slip_use_begin(struct slip_store *store, const struct timespec *since, struct slip_error *err)
{
    slip_cleanup(slip_error_release) struct slip_error why = SLIP_ERROR_INIT;
    struct stat st;

    store->alive = slip_transient_file(store->live, store->alive_name, &why);
    if (store->alive < 0) {
        clock_gettime(CLOCK_REALTIME_COARSE, &store->since);
        if (why.sys_errno == ENOSPC || why.sys_errno == EDQUOT || why.sys_errno == EROFS)
            return 0;
        slip_error_move(err, &why);
        return -1;
    }
    if (since) {
        const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, *since };
        (void)futimens(store->alive, times);
    }
    if (fstat(store->alive, &st) < 0)
        return slip_fail_errno(err, "cannot open store '%s'", store->path);
    store->since = st.st_mtim;
    return 0;
}

void slip_use_end(struct slip_store *store)
{
    if (store->alive < 0)
        return;
    (void)unlinkat(store->live, store->alive_name, 0);
    (void)close(SLIP_TAKE_FD(store->alive));
}

static int lock(struct slip_store *store, int how)
{
    pthread_mutex_lock(&lock_mutex);
    while (flock(store->lock, how) < 0)
        if (errno != EINTR) {
            pthread_mutex_unlock(&lock_mutex);
            return -1;
        }
    return 0;
}

int slip_use_lock(struct slip_store *store, struct slip_error *err)
{
    return lock(store, LOCK_EX) < 0 ? slip_fail_errno(err, "cannot lock store '%s'", store->path)
                                    : 0;
}

void slip_use_unlock(struct slip_store *store)
{
    int saved = errno;

    (void)flock(store->lock, LOCK_UN);
    pthread_mutex_unlock(&lock_mutex);
    errno = saved;
}

int slip_use(struct slip_store *store, int dirfd, const char *path)
{
    struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
    struct stat st;

    if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -1;
    if (slip_time_compare(&st.st_mtim, &store->since) >= 0)
        return 1;
    clock_gettime(CLOCK_REALTIME_COARSE, &times[1]);
    if (slip_time_compare(&times[1], &store->since) < 0) /* the clock was set back */
        times[1] = store->since;
    if (lock(store, LOCK_SH) < 0)
        return -1;
    int rc = utimensat(dirfd, path, times, AT_SYMLINK_NOFOLLOW);
    slip_use_unlock(store);
    if (rc == 0)
        return 1;
    return errno == ENOENT ? 0 : -1;
}

/* What another process began with, or now when it is gone. */
static void look_at(struct slip_store *store, const char *name, struct timespec *horizon)
{
    struct stat st;
    slip_cleanup(slip_closep) int fd =
        openat(store->live, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0 || strcmp(name, store->alive_name) == 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        (void)unlinkat(store->live, name, 0);
    else if (fstat(fd, &st) == 0 && slip_time_compare(&st.st_mtim, horizon) < 0)
        *horizon = st.st_mtim;
}

/* Whoever is not in live/ yet when we look begins after `now`, which is read before; and who ended
 * before had the tick of the clock in which everything of his was stamped. */
int slip_use_horizon(struct slip_store *store, struct timespec *ret, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    const struct timespec tick = { .tv_nsec = TICK_NS };

    (void)nanosleep(&tick, NULL);
    clock_gettime(CLOCK_REALTIME_COARSE, ret);
    if (slip_list_dir(store->live, ".", &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++)
        look_at(store, names.v[i], ret);
    return 0;
}
