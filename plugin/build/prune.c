#include "build/prune.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "build/builder.h"
#include "util/fs.h"
#include "util/mem.h"

static int empty(int root, const char *name, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_closep) int dir = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (dir < 0)
        return errno == ENOENT ? 0 : slip_fail_errno(err, "cannot open '%s'", name);
    if (slip_list_dir(dir, ".", &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++)
        if (slip_remove_tree(dir, names.v[i], err) < 0)
            return -1;
    return 0;
}

int slip_prune_all(struct slip_store *store, const char *tier, struct slip_error *err)
{
    /* What refers to something goes before it, so that an interruption leaves a valid store. */
    static const char *const parts[] = { "refs",   "records", "scans",        "snapshots",
                                         "mounts", "logs",    "blobs/sha256", "ingest" };
    const struct slip_build_options options = { .tier = tier };
    struct slip_builder b = { .options = &options, .store = store };
    slip_cleanup(slip_freep) char *path = slip_xstrdup(store->path);

    if (slip_builder_enter(&b, err) < 0)
        return -1;
    if (flock(store->lock, LOCK_EX | LOCK_NB) < 0) {
        slip_fail(err, SLIP_EHOST, "the store '%s' is in use", path);
        return slip_error_hint(err, "wait until no build runs, and try again");
    }
    for (size_t i = 0; i < SLIP_ARRAY_LEN(parts); i++)
        if (empty(store->root, parts[i], err) < 0)
            return slip_error_context(err, "cannot empty the store");
    return 0;
}
