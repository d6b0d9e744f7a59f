/* scratch.h - a store in a directory of its own for each test. */
#pragma once

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "main.h"
#include "store/store.h"
#include "util/fs.h"

struct scratch {
    char dir[32];
    char path[48]; /* of the store, below dir */
    struct slip_store store;
    struct slip_error err;
};

static inline int scratch_setup(void **state)
{
    struct scratch *scratch = slip_xcalloc(1, sizeof *scratch);

    snprintf(scratch->dir, sizeof scratch->dir, "/tmp/slip-store-XXXXXX");
    assert_non_null(mkdtemp(scratch->dir));
    snprintf(scratch->path, sizeof scratch->path, "%s/a/b/store", scratch->dir);
    assert_int_equal(slip_store_open(&scratch->store, scratch->path, &scratch->err), 0);
    *state = scratch;
    return 0;
}

static inline int scratch_teardown(void **state)
{
    struct scratch *scratch = *state;

    slip_store_close(&scratch->store);
    slip_error_release(&scratch->err);
    struct slip_error err = SLIP_ERROR_INIT;
    assert_int_equal(slip_remove_tree(AT_FDCWD, scratch->dir, &err), 0);
    free(scratch);
    return 0;
}

static inline size_t scratch_count(int dirfd, const char *path)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    struct slip_error err = SLIP_ERROR_INIT;

    assert_int_equal(slip_list_dir(dirfd, path, &names, &err), 0);
    return names.n;
}

static inline void scratch_write(int dirfd, const char *path, const char *text)
{
    int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(slip_write_all(fd, text, strlen(text)), 0);
    close(fd);
}

/* Puts what slip_store_verify() finds into `user`, a struct slip_strv. */
static inline void scratch_collect(void *user, const char *what)
{
    slip_strv_add(user, what);
}

static inline int scratch_verify(struct scratch *scratch, struct slip_strv *found)
{
    return slip_store_verify(&scratch->store, scratch_collect, found, &scratch->err);
}

#define SCRATCH_TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)
