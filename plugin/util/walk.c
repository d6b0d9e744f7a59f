#include "util/walk.h"

#include <fcntl.h>

#include "util/fs.h"
#include "util/mem.h"

static int walk(int root, const char *path, slip_walk_fn *each, void *user, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_closep) int dir =
        slip_open_beneath(root, path + (*path == '/'), O_RDONLY | O_DIRECTORY, 0);
    int rc = 0;

    if (dir < 0)
        return slip_fail_errno(err, "cannot open '%s'", *path ? path : "/");
    if (slip_list_dir(dir, ".", &names, err) < 0)
        return -1;
    for (size_t i = 0; rc == 0 && i < names.n; i++) {
        slip_cleanup(slip_freep) char *below = slip_xasprintf("%s/%s", path, names.v[i]);
        struct stat st;
        if (fstatat(dir, names.v[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
            return slip_fail_errno(err, "cannot look at '%s'", below);
        rc = each(user, dir, names.v[i], below, &st, err);
        if (rc == 0 && S_ISDIR(st.st_mode))
            rc = walk(root, below, each, user, err);
    }
    return rc;
}

int slip_walk(int root, slip_walk_fn *each, void *user, struct slip_error *err)
{
    return walk(root, "", each, user, err);
}
