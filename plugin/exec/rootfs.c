#include "exec/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

#include "exec/stack.h"
#include "util/fs.h"
#include "util/mem.h"

int slip_rootfs_mount(const struct slip_rootfs *rootfs, struct slip_mounted *ret,
                      struct slip_error *err)
{
    return slip_stack_mount(rootfs, NULL, ret, err);
}

/* Unmounts the tmpfs and all that is mounted in it, then what it was mounted on (stack.c: hide),
 * and removes the mount point; never what is below it. */
static int unmount(int scratch, const char *name)
{
    slip_cleanup(slip_freep) char *path = slip_xasprintf("/proc/self/fd/%d/%s", scratch, name);

    (void)umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
    (void)umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
    return unlinkat(scratch, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -1;
}

/* What was made for a directory of the host and took nothing goes away again. */
static void drop_unused(int upper)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    if (slip_list_dir(upper, ".", &names, &err) < 0)
        return;
    for (size_t i = 0; i < names.n; i++)
        if (slip_rootfs_shows_host(names.v[i]))
            (void)unlinkat(upper, names.v[i], AT_REMOVEDIR);
}

void slip_mounted_release(struct slip_mounted *mounted)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_closep) int scratch = SLIP_TAKE_FD(mounted->scratch);
    slip_cleanup(slip_closep) int upper = SLIP_TAKE_FD(mounted->upper);
    slip_cleanup(slip_closep) SLIP_UNUSED int root = SLIP_TAKE_FD(mounted->root);

    if (scratch < 0 || !mounted->name[0])
        return;
    slip_cleanup(slip_freep) char *work = slip_xasprintf("%s.work", mounted->name);
    if (unmount(scratch, mounted->name) < 0)
        return; /* still mounted, and then so is what its work directories belong to */
    (void)slip_remove_tree(scratch, work, &err);
    if (upper >= 0)
        drop_unused(upper);
}
