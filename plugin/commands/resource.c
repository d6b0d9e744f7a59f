#include "commands/resource.h"

#include "util/fs.h"
#include "util/mem.h"

/* A build tree looks like an installed Slipway: cmake/SlipwayPackage.cmake sees to it. */
static char *in_share(const char *share, const char *name)
{
    return strcmp(name, "cmake") == 0 ? slip_xasprintf("%s/cmake/Slipway", share)
                                      : slip_xasprintf("%s/slipway/%s", share, name);
}

char *slip_resource_path(const char *name, struct slip_error *err)
{
    const char *data = getenv("SLIPWAY_DATA");
    char exe[4096];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);

    if (data && *data)
        return in_share(data, name);
    if (n < 0) {
        slip_fail_errno(err, "cannot find the program's own path");
        return NULL;
    }
    exe[n] = '\0';
    slip_cleanup(slip_freep) char *bin =
        slip_xstrndup(exe, (size_t)(slip_path_base(exe) - exe) - 1);
    slip_cleanup(slip_freep) char *up = slip_xasprintf("%s/../share", bin);
    slip_cleanup(slip_freep) char *share = slip_path_clean(up);
    char *path = in_share(share, name);
    if (access(path, F_OK) == 0)
        return path;
    slip_fail(err, SLIP_EHOST, "'%s' is missing: Slipway is not completely installed", path);
    slip_error_hint(err, "install it with 'cmake --install', or set SLIPWAY_DATA to its share "
                         "directory");
    free(path);
    return NULL;
}
