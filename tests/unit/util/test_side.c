#include "main.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "util/side.h"

struct row {
    const char *name;
    size_t n, fails_at; /* fails_at >= n: none */
};

static const struct row rows[] = {
    { "nothing", 0, 1 },
    { "one", 1, 1 },
    { "fewer than threads", 3, 9 },
    { "many", 500, 500 },
    { "one that fails", 1, 0 },
    { "the first of many", 500, 0 },
    { "one in the middle", 500, 250 },
};

struct job {
    const struct row *row;
    atomic_uint done[500];
};

static int work(void *user, size_t i, struct slip_error *err)
{
    struct job *job = user;

    job->done[i]++;
    return i == job->row->fails_at ? slip_fail(err, SLIP_ESTEP, "number %zu", i) : 0;
}

static void each_is_done_once(void **state)
{
    struct job job = { .row = *state };
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    bool fails = job.row->fails_at < job.row->n;

    assert_int_equal(slip_side_by_side(job.row->n, work, &job, &err), fails ? -1 : 0);
    for (size_t i = 0; i < job.row->n; i++)
        if (!fails || i <= job.row->fails_at)
            assert_int_equal(job.done[i], 1);
        else
            assert_true(job.done[i] <= 1);
    if (fails)
        assert_non_null(strstr(err.msg, "number "));
}

int main(void)
{
    return SLIP_RUN_ROWS("util/side", rows, each_is_done_once);
}
