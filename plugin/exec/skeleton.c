#include "exec/skeleton.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "util/map.h"
#include "util/mem.h"

/* How many levels below a directory belong to the skeleton. Installation prefixes go deep, trees of
 * packages do not, and some have nothing but files. A directory costs 4 us for every sandbox: on a
 * usual machine they are some 600; usr/share/locale would add 400. */
static const struct rule {
    const char *path;
    int depth;
} rules[] = {
    { "etc", 2 },           { "opt", 2 },
    { "srv", 1 },           { "usr", 2 },
    { "usr/bin", 0 },       { "usr/include", 1 },
    { "usr/lib", 1 },       { "usr/lib/python3", 1 },
    { "usr/local", 4 },     { "usr/sbin", 0 },
    { "usr/share", 1 },     { "usr/share/applications", 0 },
    { "usr/share/doc", 0 }, { "usr/share/man", 1 },
    { "usr/src", 0 },       { "var", 2 },
};

/* The directories below one top directory, parents first. */
struct listing {
    struct dir {
        char *path; /* owned; relative to the top directory */
        mode_t mode;
    } * dirs; /* owned */
    size_t n, cap;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct slip_map listings; /* by top directory; for the life of the process */

/* The depth that a rule gives `path`; `inherited` when no rule names it. */
static int depth_of(const char *path, int inherited)
{
    for (size_t i = 0; i < SLIP_ARRAY_LEN(rules); i++)
        if (strcmp(rules[i].path, path) == 0)
            return rules[i].depth;
    if (strncmp(path, "usr/lib/", 8) == 0 && strstr(path, "-linux-") && !strchr(path + 8, '/'))
        return 1; /* multiarch: pkgconfig, cmake ... */
    return inherited;
}

static void add(struct listing *list, const char *path, mode_t mode)
{
    list->dirs = slip_xgrow(list->dirs, list->n, &list->cap, sizeof *list->dirs);
    list->dirs[list->n++] = (struct dir){ .path = slip_xstrdup(path), .mode = mode };
}

/* Appends the directories of `path`, as deep as `depth`. What cannot be read is left to the host.
 */
static void scan(struct listing *list, int top, size_t top_len, const char *path, int depth)
{
    const char *below_top = path[top_len] ? path + top_len + 1 : ".";
    int fd = openat(top, below_top, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (!dir)
        return;
    for (struct dirent *e; (e = readdir(dir));) {
        struct stat st;
        if (e->d_type != DT_DIR || strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
            fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        slip_cleanup(slip_freep) char *child = slip_xasprintf("%s/%s", path, e->d_name);
        int left = depth_of(child, depth - 1);
        add(list, child + top_len + 1, st.st_mode & 07777);
        if (left > 0)
            scan(list, top, top_len, child, left);
    }
    (void)closedir(dir);
}

static const struct listing *listing_of(const char *top)
{
    struct listing *list;

    (void)pthread_mutex_lock(&lock);
    list = slip_map_get(&listings, top);
    if (!list) {
        slip_cleanup(slip_freep) char *path = slip_xasprintf("/%s", top);
        slip_cleanup(slip_closep) int fd =
            open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int depth = depth_of(top, 0);
        list = slip_xcalloc(1, sizeof *list);
        if (fd >= 0 && depth > 0)
            scan(list, fd, strlen(top), top, depth);
        slip_map_set(&listings, top, list);
    }
    (void)pthread_mutex_unlock(&lock);
    return list;
}

/* Which bits mkdir(2) will not set here: umask(2) cannot be asked without being changed. */
static int bits_lost(int to, mode_t *ret)
{
    struct stat st;

    if (mkdirat(to, ".probe", 0777) < 0 || fstatat(to, ".probe", &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        unlinkat(to, ".probe", AT_REMOVEDIR) < 0)
        return -1;
    *ret = (~st.st_mode & 0777) | S_ISUID | S_ISGID;
    return 0;
}

int slip_skeleton_make(const char *top, int to, struct slip_error *err)
{
    const struct listing *list = listing_of(top);
    mode_t lost = 0;

    if (list->n && bits_lost(to, &lost) < 0)
        return slip_fail_errno(err, "cannot copy the directories of '/%s'", top);
    for (size_t i = 0; i < list->n; i++) {
        const struct dir *dir = &list->dirs[i];
        if (mkdirat(to, dir->path, dir->mode) < 0 ||
            ((dir->mode & lost) && fchmodat(to, dir->path, dir->mode, 0) < 0))
            return slip_fail_errno(err, "cannot copy the directory '/%s/%s'", top, dir->path);
    }
    return 0;
}
