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

static int count(int dirfd, uint64_t *ret_n, uint64_t *ret_bytes, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    if (slip_list_dir(dirfd, ".", &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++)
        *ret_bytes += tree_bytes(dirfd, names.v[i], 0);
    *ret_n = names.n;
    return 0;
}

static int count_records(struct slip_store *store, uint64_t *ret, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv shards = SLIP_STRV_INIT;

    if (slip_list_dir(store->records, ".", &shards, err) < 0)
        return -1;
    for (size_t i = 0; i < shards.n; i++) {
        slip_cleanup(slip_strv_release) struct slip_strv keys = SLIP_STRV_INIT;
        if (slip_list_dir(store->records, shards.v[i], &keys, err) < 0)
            return -1;
        *ret += keys.n;
    }
    return 0;
}

int slip_store_usage(struct slip_store *store, struct slip_store_usage *ret, struct slip_error *err)
{
    struct slip_store_usage usage = { 0 };
    uint64_t logs;

    if (count(store->blobs, &usage.blobs, &usage.blob_bytes, err) < 0 ||
        count(store->snapshots, &usage.snapshots, &usage.snapshot_bytes, err) < 0 ||
        count(store->mounts, &usage.mounts, &usage.mount_bytes, err) < 0 ||
        count(store->logs, &logs, &usage.log_bytes, err) < 0 ||
        count_records(store, &usage.records, err) < 0)
        return slip_error_context(err, "cannot measure store '%s'", store->path);
    *ret = usage;
    return 0;
}
