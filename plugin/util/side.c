#include "util/side.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include "util/mem.h"

struct side {
    size_t n, next; /* behind mutex, as are failed and err */
    int (*work)(void *user, size_t i, struct slip_error *err);
    void *user;
    pthread_mutex_t mutex;
    bool failed;
    struct slip_error *err;
};

static void *run(void *arg)
{
    struct side *s = arg;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    for (;;) {
        pthread_mutex_lock(&s->mutex);
        size_t i = s->failed ? s->n : s->next;
        s->next += i < s->n;
        pthread_mutex_unlock(&s->mutex);
        if (i >= s->n)
            return NULL;
        if (s->work(s->user, i, &err) == 0)
            continue;
        pthread_mutex_lock(&s->mutex);
        if (!s->failed)
            slip_error_move(s->err, &err);
        s->failed = true;
        pthread_mutex_unlock(&s->mutex);
        return NULL;
    }
}

int slip_side_by_side(size_t n, int (*work)(void *user, size_t i, struct slip_error *err),
                      void *user, struct slip_error *err)
{
    struct side s = {
        .n = n, .work = work, .user = user, .mutex = PTHREAD_MUTEX_INITIALIZER, .err = err
    };
    pthread_t threads[SLIP_SIDE_BY_SIDE];
    size_t started = 0;
    sigset_t all, old;

    sigfillset(&all); /* signals are for the main thread */
    pthread_sigmask(SIG_SETMASK, &all, &old);
    while (started + 1 < n && started < SLIP_SIDE_BY_SIDE - 1 &&
           pthread_create(&threads[started], NULL, run, &s) == 0)
        started++;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    run(&s); /* this thread is one of them, and all when none could be started */
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&s.mutex);
    return s.failed ? -1 : 0;
}
