#include "store/transient.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "util/fs.h"
#include "util/mem.h"

#define TRIES 1000 /* each lost to a sweep that came by in the same microseconds */

void slip_transient_name(char ret_name[SLIP_TRANSIENT_NAME])
{
    uint64_t salt = 0;

    while (getrandom(&salt, sizeof salt, 0) < 0 && errno == EINTR)
        ;
    snprintf(ret_name, SLIP_TRANSIENT_NAME, "%016llx", (unsigned long long)salt);
}

/* A lock on something that a sweep has already taken away is worth nothing. */
static bool still_there(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && st.st_nlink > 0;
}

static int make_one(int dirfd, const char *name, bool is_dir)
{
    int fd;

    if (is_dir) {
        if (mkdirat(dirfd, name, 0700) < 0)
            return -1;
        fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    } else {
        fd = openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    }
    if (fd < 0)
        return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && still_there(fd))
        return fd;
    int saved = errno;
    (void)close(fd);
    errno = saved == EWOULDBLOCK || saved == 0 ? ENOENT : saved;
    return -1;
}

static int make(int dirfd, char ret_name[SLIP_TRANSIENT_NAME], bool is_dir, struct slip_error *err)
{
    for (int tries = 0; tries < TRIES; tries++) {
        slip_transient_name(ret_name);
        errno = 0;
        int fd = make_one(dirfd, ret_name, is_dir);
        if (fd >= 0)
            return fd;
        if (errno != EEXIST && errno != ENOENT)
            break;
    }
    return slip_fail_errno(err, "cannot create a %s in the store", is_dir ? "directory" : "file");
}

int slip_transient_file(int dirfd, char ret_name[SLIP_TRANSIENT_NAME], struct slip_error *err)
{
    return make(dirfd, ret_name, false, err);
}

int slip_transient_dir(int dirfd, char ret_name[SLIP_TRANSIENT_NAME], struct slip_error *err)
{
    return make(dirfd, ret_name, true, err);
}

/* 1 and *ret_fd. 0: somebody has it, and the operation says not to wait. */
static int lock(int dirfd, const char *name, int operation, int *ret_fd, struct slip_error *err)
{
    for (;;) {
        slip_cleanup(slip_closep) int fd =
            openat(dirfd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
            return slip_fail_errno(err, "cannot open lock '%s' of the store", name);
        int rc;
        while ((rc = flock(fd, operation)) < 0 && errno == EINTR)
            ;
        if (rc < 0 && errno == EWOULDBLOCK)
            return 0;
        if (rc < 0)
            return slip_fail_errno(err, "cannot take lock '%s' of the store", name);
        if (still_there(fd)) {
            *ret_fd = SLIP_TAKE_FD(fd);
            return 1;
        }
    }
}

int slip_transient_lock(int dirfd, const char *name, struct slip_error *err)
{
    int fd = -1;

    return lock(dirfd, name, LOCK_EX, &fd, err) < 0 ? -1 : fd;
}

int slip_transient_try(int dirfd, const char *name, bool shared, int *ret_fd,
                       struct slip_error *err)
{
    return lock(dirfd, name, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB, ret_fd, err);
}

void slip_transient_sweep(int dirfd)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;

    if (slip_list_dir(dirfd, ".", &names, &ignored) < 0)
        return;
    for (size_t i = 0; i < names.n; i++) {
        slip_cleanup(slip_closep) int fd =
            openat(dirfd, names.v[i], O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
            (void)slip_remove_tree(dirfd, names.v[i], &ignored);
    }
}
