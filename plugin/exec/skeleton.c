#include "exec/skeleton.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "exec/stack.h"
#include "util/mem.h"

/* How many levels below a directory are copied: the longest prefix that fits counts. Installation
 * prefixes go deep, trees of packages do not. */
static const struct rule {
    const char *path;
    int depth;
} rules[] = {
    { "usr", 2 },
    { "usr/local", 5 },
    { "usr/lib", 1 },
    { "usr/include", 1 },
    { "usr/share", 1 },
    { "usr/share/man", 1 },
    { "usr/share/doc", 0 },
    { "usr/src", 0 },
    { "usr/share/locale", 2 },
    { "usr/lib/python3", 1 },
    { "usr/share/icons", 1 },
    { "etc", 2 },
    { "var", 2 },
    { "opt", 2 },
    { "srv", 1 },
};

/* The depth that a rule gives `path` itself; `inherited` when no rule names it. */
static int depth_of(const char *path, int inherited)
{
    for (size_t i = 0; i < SLIP_ARRAY_LEN(rules); i++)
        if (strcmp(rules[i].path, path) == 0)
            return rules[i].depth;
    return inherited;
}

/* Directories that need not be copied up to be useful are not worth a skip rule; unreadable ones
 * are left to the host. */
static int copy_dirs(int from, int to, const char *path, int depth)
{
    slip_cleanup(slip_closep) int list = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = list < 0 ? NULL : fdopendir(list);
    int rc = 0;

    if (!dir)
        return errno == EACCES ? 0 : -1;
    list = -1; /* the stream's now */
    for (struct dirent *e; rc == 0 && (e = readdir(dir));) {
        struct stat st;
        if (e->d_type != DT_DIR || strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (fstatat(from, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (slip_stack_mkdir(to, e->d_name, st.st_mode & 07777) < 0) {
            rc = -1;
            break;
        }
        slip_cleanup(slip_freep) char *below = slip_xasprintf("%s/%s", path, e->d_name);
        int left = depth_of(below, depth - 1);
        if (left > 0) {
            slip_cleanup(slip_closep) int f =
                openat(from, e->d_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            slip_cleanup(slip_closep) int t =
                openat(to, e->d_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            rc = f < 0 || t < 0 ? -1 : copy_dirs(f, t, below, left);
        }
        const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, st.st_mtim };
        (void)utimensat(to, e->d_name, times, AT_SYMLINK_NOFOLLOW);
    }
    closedir(dir);
    return rc;
}

int slip_skeleton_make(const char *top, int to, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *path = slip_xasprintf("/%s", top);
    slip_cleanup(slip_closep) int from = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int depth = depth_of(top, 0);

    if (from < 0 || (depth > 0 && copy_dirs(from, to, top, depth) < 0))
        return slip_fail_errno(err, "cannot copy the directories of '%s'", path);
    return 0;
}
