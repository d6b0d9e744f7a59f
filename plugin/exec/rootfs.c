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

/* Unmounts <own>/<name> and removes the mount point; never what is below it. */
static int unmount(int own, const char *name)
{
    slip_cleanup(slip_freep) char *path = slip_xasprintf("/proc/self/fd/%d/%s", own, name);

    while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
        ;
    return unlinkat(own, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -1;
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
    slip_cleanup(slip_closep) int root = SLIP_TAKE_FD(mounted->root);

    if (scratch < 0 || !mounted->name[0])
        return;
    slip_cleanup(slip_closep) int own =
        openat(scratch, mounted->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (own < 0 || unmount(own, "m") < 0 || unmount(own, "t") < 0)
        return; /* still mounted: removing a tree here could reach what is below */
    (void)slip_remove_tree(own, "w", &err);
    (void)unlinkat(scratch, mounted->name, AT_REMOVEDIR);
    if (upper >= 0)
        drop_unused(upper);
}
