#include "util/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/syscall.h>

#include "util/mem.h"

#define COPY_CHUNK ((size_t)128 << 10)

static int open_how(int root, const char *path, int flags, mode_t mode, uint64_t resolve)
{
    struct open_how how = {
        .flags = (uint64_t)(flags | O_CLOEXEC),
        .mode = flags & (O_CREAT | __O_TMPFILE) ? mode : 0,
        .resolve = resolve,
    };

    while (*path == '/')
        path++;
    if (!*path)
        path = ".";
    for (int tries = 0;; tries++) {
        int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof how);
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR) || tries > 1000)
            return fd; /* EAGAIN: something was renamed while the kernel walked */
    }
}

int slip_open_in_root(int root, const char *path, int flags, mode_t mode)
{
    return open_how(root, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int slip_open_beneath(int root, const char *path, int flags, mode_t mode)
{
    return open_how(root, path, flags, mode, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

int slip_open_parent(int root, const char *path, const char **ret_name)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        errno = EINVAL;
        return -1;
    }
    slip_cleanup(slip_freep) char *parent = slip_xstrndup(path, (size_t)(name - path));
    int fd = slip_open_in_root(root, parent, O_PATH | O_DIRECTORY, 0);
    if (fd >= 0)
        *ret_name = name;
    return fd;
}

int slip_lstat_in_root(int root, const char *path, struct stat *ret)
{
    slip_cleanup(slip_closep) int fd = slip_open_in_root(root, path, O_PATH | O_NOFOLLOW, 0);

    return fd < 0 ? -1 : fstat(fd, ret);
}

int slip_read_file(int dirfd, const char *path, size_t limit, struct slip_buf *ret,
                   struct slip_error *err)
{
    slip_cleanup(slip_closep) int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return slip_fail_errno(err, "cannot read '%s'", path);
    if (!S_ISREG(st.st_mode))
        return slip_fail(err, SLIP_EINPUT, "'%s' is not a regular file", path);
    for (;;) {
        char *at = slip_buf_reserve(ret, COPY_CHUNK);
        ssize_t n = read(fd, at, COPY_CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return slip_fail_errno(err, "cannot read '%s'", path);
        if ((size_t)n > limit || ret->len > limit - (size_t)n)
            return slip_fail(err, SLIP_EINPUT, "'%s' is larger than %zu bytes", path, limit);
        ret->len += (size_t)n;
        ret->data[ret->len] = '\0';
        if (n == 0)
            return 0;
    }
}

int slip_write_all(int fd, const void *p, size_t n)
{
    const char *at = p;

    while (n) {
        ssize_t put = write(fd, at, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        at += put;
        n -= (size_t)put;
    }
    return 0;
}

ssize_t slip_read_full(int fd, void *p, size_t n)
{
    size_t got = 0;

    while (got < n) {
        ssize_t k = read(fd, (char *)p + got, n - got);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return -1;
        if (k == 0)
            break;
        got += (size_t)k;
    }
    return (ssize_t)got;
}

int slip_write_file(int dirfd, const char *path, const void *p, size_t n, mode_t mode, bool sync,
                    struct slip_error *err)
{
    uint64_t salt = 0;

    (void)!getrandom(&salt, sizeof salt, 0);
    slip_cleanup(slip_freep) char *aside =
        slip_xasprintf("%s.%016llx~", path, (unsigned long long)salt);
    slip_cleanup(slip_closep) int fd =
        openat(dirfd, aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return slip_fail_errno(err, "cannot write '%s'", path);
    if (slip_write_all(fd, p, n) < 0 || fchmod(fd, mode) < 0 || (sync && fsync(fd) < 0) ||
        renameat(dirfd, aside, dirfd, path) < 0) {
        slip_fail_errno(err, "cannot write '%s'", path);
        (void)unlinkat(dirfd, aside, 0);
        return -1;
    }
    if (sync) {
        const char *base = slip_path_base(path);
        slip_cleanup(slip_freep) char *parent = slip_xstrndup(path, (size_t)(base - path));
        slip_cleanup(slip_closep) int dir =
            openat(dirfd, *parent ? parent : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0 || fsync(dir) < 0)
            return slip_fail_errno(err, "cannot write '%s'", path);
    }
    return 0;
}

int slip_write_file_if_changed(int dirfd, const char *path, const void *p, size_t n, mode_t mode,
                               struct slip_error *err)
{
    slip_cleanup(slip_closep) int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size == n) {
        slip_cleanup(slip_freep) char *old = slip_xmalloc(n);
        if (slip_read_full(fd, old, n) == (ssize_t)n && memcmp(old, p, n) == 0)
            return 0;
    }
    return slip_write_file(dirfd, path, p, n, mode, false, err) < 0 ? -1 : 1;
}

int slip_copy_fd(int from, int to, struct slip_error *err)
{
    if (ioctl(to, FICLONE, from) == 0)
        return 0;
    for (bool kernel = true;;) {
        ssize_t n;
        if (kernel) {
            n = copy_file_range(from, NULL, to, NULL, (size_t)1 << 30, 0);
            if (n < 0 && errno != EINTR) {
                kernel = false; /* another file system, or a pipe: by hand from here on */
                continue;
            }
        } else {
            char chunk[32 << 10];
            n = read(from, chunk, sizeof chunk);
            if (n > 0 && slip_write_all(to, chunk, (size_t)n) < 0)
                return slip_fail_errno(err, "cannot copy");
        }
        if (n < 0 && errno != EINTR)
            return slip_fail_errno(err, "cannot copy");
        if (n == 0 && !kernel)
            return 0;
        if (n == 0)
            kernel = false; /* some file systems report 0 too early; a read settles it */
    }
}

int slip_mkdirs(int dirfd, const char *path, mode_t mode, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *copy = slip_xstrdup(path);

    for (char *p = copy + 1; *copy; p++) {
        if (*p != '/' && *p)
            continue;
        char had = *p;
        *p = '\0';
        if (mkdirat(dirfd, copy, mode) < 0 && errno != EEXIST)
            return slip_fail_errno(err, "cannot create directory '%s'", copy);
        if (!had)
            break;
        *p = had;
    }
    struct stat st;
    if (fstatat(dirfd, path, &st, 0) < 0 || !S_ISDIR(st.st_mode)) {
        errno = ENOTDIR;
        return slip_fail_errno(err, "cannot create directory '%s'", path);
    }
    return 0;
}

#define REMOVE_DEPTH 100 /* directories open at a time */

/* The tree that is being removed. What lies too deep for the file descriptors we have is lifted
 * to its top, and removed from there in another round. */
struct removal {
    int top;
    bool lifted;
};

/* Opens a directory and sees to it that what is in it can go. */
static int open_to_empty(int parent, const char *name)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(parent, name, flags);
    struct stat st;

    if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0)
        fd = openat(parent, name, flags);
    if (fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0700) != 0700)
        (void)fchmod(fd, 0700);
    return fd;
}

static int lift(struct removal *removal, int parent, const char *name)
{
    char lifted[32];
    uint64_t salt = 0;

    (void)!getrandom(&salt, sizeof salt, 0);
    snprintf(lifted, sizeof lifted, "~%016llx", (unsigned long long)salt);
    removal->lifted = true;
    if (renameat(parent, name, removal->top, lifted) == 0)
        return 0;
    if (errno != EACCES || fchmodat(parent, name, 0700, 0) < 0)
        return -1;
    return renameat(parent, name, removal->top, lifted);
}

static int empty_dir(struct removal *removal, int fd, int depth);

static int remove_entry(struct removal *removal, int dir, const char *name, bool is_dir, int depth)
{
    if (!is_dir && unlinkat(dir, name, 0) == 0)
        return 0;
    if (!is_dir && errno != EISDIR && errno != EPERM)
        return errno == ENOENT ? 0 : -1;
    int why = is_dir ? 0 : errno; /* EPERM: a directory, or a file that may not go */
    if (depth >= REMOVE_DEPTH)
        return lift(removal, dir, name);
    int fd = open_to_empty(dir, name);
    if (fd < 0) {
        errno = errno == ENOTDIR && why ? why : errno;
        return errno == ENOENT ? 0 : -1;
    }
    return empty_dir(removal, fd, depth + 1) < 0 ? -1 : unlinkat(dir, name, AT_REMOVEDIR);
}

/* Takes over fd. */
static int empty_dir(struct removal *removal, int fd, int depth)
{
    DIR *dir = fdopendir(fd);
    int rc = 0;

    if (!dir) {
        (void)close(fd);
        return -1;
    }
    for (struct dirent *e; rc == 0 && (e = readdir(dir));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            rc = remove_entry(removal, fd, e->d_name, e->d_type == DT_DIR, depth);
    int saved = errno;
    closedir(dir);
    errno = saved;
    return rc;
}

int slip_remove_tree(int dirfd, const char *name, struct slip_error *err)
{
    if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
        return 0;
    slip_cleanup(slip_closep) int top = open_to_empty(dirfd, name);
    struct removal removal = { .top = top, .lifted = top >= 0 };
    int rc = top < 0 ? -1 : 0;
    while (rc == 0 && removal.lifted) {
        removal.lifted = false;
        int fd = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        rc = fd < 0 ? -1 : empty_dir(&removal, fd, 0);
    }
    if (rc == 0)
        rc = unlinkat(dirfd, name, AT_REMOVEDIR);
    if (rc < 0 && errno != ENOENT)
        return slip_fail_errno(err, "cannot remove '%s'", name);
    return 0;
}

int slip_list_dir(int dirfd, const char *path, struct slip_strv *ret, struct slip_error *err)
{
    int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (!dir)
        return slip_fail_errno(err, "cannot list '%s'", path);
    errno = 0;
    for (struct dirent *e; (e = readdir(dir));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            slip_strv_add(ret, e->d_name);
    int failed = errno;
    closedir(dir);
    errno = failed;
    if (failed)
        return slip_fail_errno(err, "cannot list '%s'", path);
    slip_strv_sort(ret);
    return 0;
}

char *slip_path_clean(const char *path)
{
    bool absolute = path[0] == '/';
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    size_t floor = 0; /* what ".." may not take away: "/" or leading "../" parts */

    if (absolute)
        slip_buf_putc(&out, '/');
    floor = out.len;
    for (const char *p = path; *p;) {
        while (*p == '/')
            p++;
        size_t n = strcspn(p, "/");
        if (n == 0 || (n == 1 && p[0] == '.')) {
            p += n;
            continue;
        }
        bool up = n == 2 && p[0] == '.' && p[1] == '.';
        if (up && out.len > floor) {
            while (out.len > floor && out.data[out.len - 1] != '/')
                out.len--;
            if (out.len > floor)
                out.len--;
            out.data[out.len] = '\0';
        } else if (!up || !absolute) {
            if (out.len && out.data[out.len - 1] != '/')
                slip_buf_putc(&out, '/');
            slip_buf_put(&out, p, n);
            if (up)
                floor = out.len;
        }
        p += n;
    }
    if (out.len == 0)
        slip_buf_putc(&out, '.');
    return slip_buf_take(&out);
}

char *slip_path_join(const char *a, const char *b)
{
    if (b[0] == '/' || !a[0])
        return slip_xstrdup(b);
    return slip_xasprintf(slip_path_base(a)[0] ? "%s/%s" : "%s%s", a, b);
}

char *slip_path_absolute(const char *path)
{
    slip_cleanup(slip_freep) char *cwd = getcwd(NULL, 0);
    slip_cleanup(slip_freep) char *joined = slip_path_join(cwd ? cwd : "/", path);

    return slip_path_clean(joined);
}

const char *slip_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

const char *slip_fd_path(int fd, char out[32])
{
    snprintf(out, 32, "/proc/self/fd/%d", fd);
    return out;
}
