#include "exec/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "util/fs.h"
#include "util/mem.h"

#define LINKS_LIMIT 40 /* as the kernel */

/* The target of the link `path`, or NULL when it is no link. Caller frees. */
static char *link_target(int root, const char *path)
{
    slip_cleanup(slip_closep) int fd = slip_open_beneath(root, path, O_PATH | O_NOFOLLOW, 0);
    char target[PATH_MAX];

    ssize_t n = fd < 0 ? -1 : readlinkat(fd, "", target, sizeof target - 1);
    return n < 0 ? NULL : slip_xstrndup(target, (size_t)n);
}

char *slip_resolve_missing(int root, const char *path)
{
    char *done = slip_xstrdup("/"), *rest = slip_path_clean(path);

    for (int links = 0;;) {
        char *p = rest + strspn(rest, "/");
        size_t n = strcspn(p, "/");
        if (n == 0 || strcmp(p, ".") == 0)
            break;
        slip_cleanup(slip_freep) char *name = slip_xstrndup(p, n);
        slip_cleanup(slip_freep) char *raw = slip_path_join(done, name);
        char *next = slip_path_clean(raw), *target = link_target(root, next);
        char *after = slip_xasprintf("%s%s", target ? target : "", p + n);
        if (target && target[0] == '/') {
            free(done);
            done = slip_xstrdup("/");
        }
        if (target) {
            free(next);
        } else {
            free(done);
            done = next;
        }
        free(rest);
        rest = after;
        if (target && ++links > LINKS_LIMIT) {
            free(target);
            free(done);
            free(rest);
            errno = ELOOP;
            return NULL;
        }
        free(target);
    }
    free(rest);
    return done;
}
