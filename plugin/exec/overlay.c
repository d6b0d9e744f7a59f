#include "exec/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include "exec/tier.h"
#include "util/buf.h"
#include "util/fs.h"
#include "util/mem.h"

#define OPTIONS_LIMIT 4095 /* mount(2) copies one page */

static bool in_userns(void)
{
    enum slip_tier tier = SLIP_TIER_ROOT;

    (void)slip_tier_entered(&tier);
    return tier != SLIP_TIER_ROOT;
}

static void write_options(const struct slip_overlay *o, struct slip_buf *out)
{
    for (size_t i = 0; i < o->nlower; i++)
        slip_buf_printf(out, "%s/proc/self/fd/%d", i ? ":" : "lowerdir=", o->lower[i]);
    if (o->upper >= 0)
        slip_buf_printf(out, ",upperdir=/proc/self/fd/%d,workdir=/proc/self/fd/%d,volatile",
                        o->upper, o->work);
    /* userxattr implies redirect_dir=nofollow and metacopy=off, and refuses to hear of them */
    slip_buf_puts(out, in_userns() ? ",userxattr,index=off,uuid=off"
                                   : ",redirect_dir=nofollow,metacopy=off,index=off,uuid=off");
}

int slip_overlay_mount(const struct slip_overlay *overlay, int dir, const char *name,
                       struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf options = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *target = slip_xasprintf("/proc/self/fd/%d/%s", dir, name);
    struct statvfs vfs;

    write_options(overlay, &options);
    if (options.len > OPTIONS_LIMIT) {
        slip_fail(err, SLIP_EINPUT, "%zu layers are more than one overlay mount can name",
                  overlay->nlower);
        return slip_error_hint(err, "merge steps, or start from a base image with fewer layers "
                                    "(about 200 fit)");
    }
    if (mount("overlay", target, "overlay", MS_NODEV, options.data) < 0) {
        slip_fail_errno(err, "cannot mount an overlay of %zu layers", overlay->nlower);
        if (err->sys_errno == EPERM || err->sys_errno == ENODEV)
            slip_error_hint(err, "overlayfs in user namespaces needs Linux 5.11 and the module "
                                 "'overlay'; 'slipway doctor' says more");
        return -1;
    }
    /* An upper that the kernel cannot use gives a read-only mount and a line in its log. */
    slip_cleanup(slip_closep) int root = openat(dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (overlay->upper < 0 || (root >= 0 && fstatvfs(root, &vfs) == 0 && !(vfs.f_flag & ST_RDONLY)))
        return 0;
    (void)umount2(target, MNT_DETACH);
    slip_fail(err, SLIP_EHOST, "the file system of the store cannot be written through overlayfs");
    return slip_error_hint(err, "put SLIPWAY_STORE on ext4, xfs, btrfs or tmpfs: it needs d_type "
                                "and user extended attributes");
}

int slip_overlay_is_opaque(int dir)
{
    char path[32], value = 0;

    return getxattr(slip_fd_path(dir, path),
                    in_userns() ? "user.overlay.opaque" : "trusted.overlay.opaque", &value,
                    1) == 1 &&
           value == 'y';
}
