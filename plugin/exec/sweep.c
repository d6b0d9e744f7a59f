#include "exec/sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "util/fs.h"
#include "util/mem.h"

/* Whether a layer may show something there; a link on the way counts as yes. */
static bool may_be_below(const struct slip_rootfs *rootfs, const char *path)
{
    slip_cleanup(slip_freep) char *host = slip_xasprintf("/%s", path);

    if (rootfs->host && slip_rootfs_shows_host(host) && access(host, F_OK) == 0)
        return true;
    for (size_t i = 0; i < rootfs->nlayers; i++) {
        slip_cleanup(slip_closep) int fd =
            slip_open_beneath(rootfs->layers[i], path, O_PATH | O_NOFOLLOW, 0);
        if (fd >= 0 || (errno != ENOENT && errno != ENOTDIR))
            return true;
    }
    return false;
}

/* 0: it is gone, or was not there. */
static int remove_empty(int upper, const char *path)
{
    struct stat st;

    if (fstatat(upper, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -1;
    if (S_ISDIR(st.st_mode))
        return unlinkat(upper, path, AT_REMOVEDIR);
    return S_ISREG(st.st_mode) && st.st_size == 0 ? unlinkat(upper, path, 0) : -1;
}

/* Upwards, to the first that is not a mere mount point. */
static void sweep(const struct slip_rootfs *rootfs, const char *target)
{
    slip_cleanup(slip_freep) char *path = slip_path_clean(target);

    for (char *slash; path[1]; *slash = '\0') {
        slip_cleanup(slip_closep) int real =
            slip_open_beneath(rootfs->upper, path + 1, O_PATH | O_NOFOLLOW, 0);
        bool leads_away = real < 0 && errno != ENOENT; /* through a link that the command made */
        if (leads_away || may_be_below(rootfs, path + 1) ||
            remove_empty(rootfs->upper, path + 1) < 0)
            return;
        slash = strrchr(path, '/');
        if (slash == path)
            return;
    }
}

void slip_sweep_stubs(const struct slip_sandbox *spec)
{
    for (size_t i = 0; spec->rootfs.upper >= 0 && i < spec->nmounts; i++)
        sweep(&spec->rootfs, spec->mounts[i].target);
}
