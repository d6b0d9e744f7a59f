#include "build/mask.h"

#include <errno.h>
#include <fcntl.h>

#include "util/fs.h"
#include "util/mem.h"

/* Ids that are not mapped here cannot be given, and look the same on both sides. */
static int copy_attributes(int from, int to)
{
    struct stat st;

    if (fstat(from, &st) < 0)
        return -1;
    (void)!fchown(to, st.st_uid, st.st_gid);
    return fchmod(to, st.st_mode & 07777);
}

/* A directory of the mask, made like that of the context: fd, or -1. */
static int enter(int mask, int context, const char *path)
{
    slip_cleanup(slip_closep) int from =
        slip_open_beneath(context, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    slip_cleanup(slip_closep) int to = -1;

    if (from < 0)
        return -1;
    bool made = mkdirat(mask, path, 0700) == 0;
    to = slip_open_beneath(mask, path, O_RDONLY | O_DIRECTORY, 0);
    if (to < 0 || (made && copy_attributes(from, to) < 0))
        return -1;
    return SLIP_TAKE_FD(to);
}

/* One path, with the directories it lies in. What is gone from the context by now needs no mask. */
static int hide(int mask, int context, const char *path)
{
    slip_cleanup(slip_freep) char *parent = slip_xstrdup(path);

    for (char *slash = strchr(parent, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        slip_cleanup(slip_closep) int dir = enter(mask, context, parent);
        if (dir < 0)
            return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -1;
        *slash = '/';
    }
    return mknodat(mask, path, S_IFCHR, 0); /* which anybody may, unlike other devices */
}

int slip_mask_fill(int dir, const struct slip_scan *scan, struct slip_error *err)
{
    for (size_t i = 0; i < scan->hidden.n; i++)
        if (hide(dir, scan->fd, scan->hidden.v[i]) < 0)
            return slip_fail_errno(err, "cannot hide '%s' of the build context", scan->hidden.v[i]);
    return copy_attributes(scan->fd, dir) < 0
               ? slip_fail_errno(err, "cannot look like the build context '%s'", scan->root)
               : 0;
}
