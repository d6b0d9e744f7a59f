#include "util/root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "util/mem.h"

#define LINK_LIMIT 255 /* as Go's EvalSymlinks, and so what others take */

static int make_dir(int dir, const char *name, const struct slip_new_dir *how)
{
    const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = how->mtime } };

    if (mkdirat(dir, name, 0755) < 0)
        return errno == EEXIST ? 0 : -1;
    slip_cleanup(slip_closep) int made =
        openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (made < 0 || fchmod(made, 0755) < 0 ||
        (how->own ? how->own : fchown)(made, how->uid, how->gid) < 0 ||
        (how->mtime >= 0 && futimens(made, times) < 0))
        return -1;
    return 0;
}

/* One component: the directory `name` in `dir` (links followed in `root`), made when missing. */
static int enter_or_make(int root, int dir, const char *sofar, const char *name,
                         const struct slip_new_dir *how)
{
    int fd = slip_open_in_root(root, sofar, O_PATH | O_DIRECTORY, 0);

    if (fd >= 0 || errno != ENOENT)
        return fd;
    if (make_dir(dir, name, how) < 0)
        return -1;
    return slip_open_in_root(root, sofar, O_PATH | O_DIRECTORY, 0);
}

int slip_mkdirs_in_root(int root, const char *path, const struct slip_new_dir *how,
                        struct slip_error *err)
{
    static const struct slip_new_dir roots_own = { .mtime = -1 };
    slip_cleanup(slip_freep) char *clean = slip_path_clean(path);
    int dir = slip_open_in_root(root, "/", O_PATH | O_DIRECTORY, 0);

    for (char *p = clean; dir >= 0 && *p;) {
        while (*p == '/')
            p++;
        char *end = strchrnul(p, '/'), had = *end;
        if (end == p || strcmp(p, ".") == 0)
            break;
        *end = '\0';
        int next = enter_or_make(root, dir, clean, p, how ? how : &roots_own);
        int saved = errno;
        (void)close(dir);
        errno = saved;
        dir = next;
        *end = had;
        p = end;
    }
    if (dir < 0)
        return slip_fail_errno(err, "cannot create directory '%s'", path);
    return dir;
}

/* Puts the target of the link at `sofar` in front of what is still to go. 1: it was a link. */
static int read_link(int root, const char *sofar, const char *rest, char **ret_path)
{
    char target[PATH_MAX];
    slip_cleanup(slip_closep) int fd = slip_open_in_root(root, sofar, O_PATH | O_NOFOLLOW, 0);
    ssize_t n = fd < 0 ? -1 : readlinkat(fd, "", target, sizeof target - 1);

    if (n < 0)
        return 0;
    target[n] = '\0';
    const char *slash = strrchr(sofar, '/');
    slip_cleanup(slip_freep) char *parent =
        slip_xstrndup(sofar, target[0] == '/' ? 0 : (size_t)(slash - sofar));
    slip_cleanup(slip_freep) char *path = slip_xasprintf("/%s/%s/%s", parent, target, rest);
    *ret_path = slip_path_clean(path);
    return 1;
}

char *slip_follow_in_root(int root, const char *path)
{
    slip_cleanup(slip_freep) char *rooted = slip_xasprintf("/%s", path);
    char *at = slip_path_clean(rooted);
    size_t done = 0; /* at[0..done) holds no link */

    for (int links = 0; at[done];) {
        size_t end = done + 1 + strcspn(at + done + 1, "/");
        char *further = NULL, had = at[end];
        at[end] = '\0';
        int linked = read_link(root, at, had ? at + end + 1 : "", &further);
        at[end] = had;
        if (!linked) {
            done = end;
            continue;
        }
        free(at);
        at = further;
        done = 0;
        if (++links > LINK_LIMIT) {
            free(at);
            errno = ELOOP;
            return NULL;
        }
    }
    return at;
}
