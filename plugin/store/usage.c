#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "store/store.h"
#include "util/fs.h"
#include "util/mem.h"

#define DEPTH_LIMIT 256 /* open directories at a time; deeper trees are counted down to there */

/* A file with several names counts as much under each as makes one of it in the end. */
static uint64_t share(const struct stat *st)
{
    uint64_t bytes = (uint64_t)st->st_blocks * 512;

    return S_ISDIR(st->st_mode) || st->st_nlink < 2 ? bytes : bytes / st->st_nlink;
}

/* Best effort: what cannot be entered or vanishes meanwhile counts nothing. */
static uint64_t tree_bytes(int parent, const char *name, int depth)
{
    struct stat st;
    uint64_t total = 0;

    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    total = share(&st);
    if (!S_ISDIR(st.st_mode) || depth >= DEPTH_LIMIT)
        return total;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        slip_closep(&fd);
        return total;
    }
    for (struct dirent *e; (e = readdir(dir));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            total += tree_bytes(dirfd(dir), e->d_name, depth + 1);
    closedir(dir);
    return total;
}

uint64_t slip_disk_bytes(int dirfd, const char *name)
{
    return tree_bytes(dirfd, name, 0);
}
