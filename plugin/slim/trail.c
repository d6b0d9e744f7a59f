#include "slim/trail.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdbool.h>

#include "util/fs.h"
#include "util/mem.h"

#define MAX_LINKS 40 /* as the kernel */
#define MAX_MATCHES 65536

/* Looks at one path whose parents are free of links. 0, or -1 with errno. */
static int look(int root, const char *path, struct stat *st, char *target, size_t room)
{
    slip_cleanup(slip_closep) int fd = slip_open_in_root(root, path, O_PATH | O_NOFOLLOW, 0);

    if (fd < 0 || fstat(fd, st) < 0)
        return -1;
    if (!S_ISLNK(st->st_mode))
        return 0;
    ssize_t n = readlinkat(fd, "", target, room - 1);
    if (n < 0)
        return -1;
    target[n] = '\0';
    return 0;
}

static void add_link(struct slip_trail *trail, const char *path, const char *target)
{
    trail->links = slip_xgrow(trail->links, trail->n, &trail->cap, sizeof *trail->links);
    trail->links[trail->n++] = (struct slip_trail_link){ slip_xstrdup(path), slip_xstrdup(target) };
}

/* "/a/b" + "c": the last part of `here` goes for "..", nothing changes for ".". */
static void step(struct slip_buf *here, const char *name, size_t n)
{
    if (n == 1 && name[0] == '.')
        return;
    if (n == 2 && name[0] == '.' && name[1] == '.') {
        while (here->len && here->data[here->len - 1] != '/')
            here->len--;
        if (here->len)
            here->len--;
        if (here->data)
            here->data[here->len] = '\0';
        return;
    }
    slip_buf_putc(here, '/');
    slip_buf_put(here, name, n);
}

int slip_trail_walk(int root, const char *path, struct slip_trail *ret)
{
    slip_cleanup(slip_trail_release) struct slip_trail trail = SLIP_TRAIL_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf here = SLIP_BUF_INIT; /* "" is the root */
    slip_cleanup(slip_freep) char *left = slip_xstrdup(path);
    char target[PATH_MAX];
    struct stat st = { .st_mode = S_IFDIR };

    for (char *p = left;;) {
        while (*p == '/')
            p++;
        size_t n = strcspn(p, "/");
        if (n == 0)
            break;
        size_t before = here.len;
        step(&here, p, n);
        p += n;
        if (look(root, slip_buf_str(&here), &st, target, sizeof target) < 0)
            return errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENAMETOOLONG
                       ? 0
                       : -1;
        if (!S_ISLNK(st.st_mode))
            continue;
        if (trail.n == MAX_LINKS)
            return 0;
        add_link(&trail, here.data, target);
        here.len = target[0] == '/' ? 0 : before;
        here.data[here.len] = '\0';
        char *rest = slip_xasprintf("%s/%s", target, p);
        free(left);
        p = left = rest;
    }
    trail.real = here.len ? slip_buf_take(&here) : slip_xstrdup("/");
    trail.mode = st.st_mode;
    *ret = trail;
    trail = SLIP_TRAIL_INIT;
    return 1;
}

void slip_trail_release(struct slip_trail *trail)
{
    for (size_t i = 0; i < trail->n; i++) {
        free(trail->links[i].path);
        free(trail->links[i].target);
    }
    free(trail->links);
    free(trail->real);
    *trail = SLIP_TRAIL_INIT;
}

static bool has_magic(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strchr("*?[\\", s[i]))
            return true;
    return false;
}

static void glob_from(int root, const char *base, const char *pattern, struct slip_strv *ret)
{
    while (*pattern == '/')
        pattern++;
    size_t n = strcspn(pattern, "/");
    struct stat st;
    if (n == 0) {
        if (ret->n < MAX_MATCHES && slip_lstat_in_root(root, base, &st) == 0)
            slip_strv_add(ret, base);
        return;
    }
    slip_cleanup(slip_freep) char *part = slip_xstrndup(pattern, n);
    if (!has_magic(part, n)) {
        slip_cleanup(slip_freep) char *next = slip_xasprintf("%s/%s", base, part);
        glob_from(root, next, pattern + n, ret);
        return;
    }
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv found = SLIP_STRV_INIT;
    slip_cleanup(slip_closep) int dir = slip_open_in_root(root, base, O_RDONLY | O_DIRECTORY, 0);
    if (dir < 0 || slip_list_dir(dir, ".", &found, &err) < 0)
        return; /* a directory that cannot be listed matches nothing, as in a shell */
    for (size_t i = 0; i < found.n; i++)
        if (fnmatch(part, found.v[i], FNM_PERIOD) == 0) {
            slip_cleanup(slip_freep) char *next = slip_xasprintf("%s/%s", base, found.v[i]);
            glob_from(root, next, pattern + n, ret);
        }
}

void slip_trail_glob(int root, const char *pattern, struct slip_strv *ret)
{
    glob_from(root, "", pattern, ret);
}

int slip_trail_read(int root, const char *path, size_t limit, struct slip_buf *ret)
{
    slip_cleanup(slip_closep) int fd = slip_open_in_root(root, path, O_RDONLY | O_NONBLOCK, 0);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return 0;
    size_t size = (uint64_t)st.st_size < limit ? (size_t)st.st_size : limit;
    ssize_t n = slip_read_full(fd, slip_buf_reserve(ret, size), size);
    if (n < 0)
        return 0;
    ret->len += (size_t)n;
    ret->data[ret->len] = '\0';
    return 1;
}
