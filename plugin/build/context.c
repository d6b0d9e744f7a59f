#include "build/context.h"

#include "archive/sniff.h"
#include "build/remote.h"
#include "layer/apply.h"
#include "store/record.h"
#include "store/snapshot.h"
#include "util/mem.h"

static int make(struct slip_store *store, int fd, const char *id, struct slip_error *err)
{
    slip_cleanup(slip_snapshot_release) struct slip_snapshot draft = SLIP_SNAPSHOT_INIT;
    const struct slip_apply_options options = { .keep_times = true, .disown = true };

    if (slip_snapshot_begin(&draft, store, err) < 0)
        return -1;
    if (fd >= 0 && slip_apply(fd, draft.fs, &options, NULL, err) < 0)
        return slip_error_context(err, "cannot unpack the build context");
    return slip_snapshot_commit(&draft, id, err);
}

static int make_once(struct slip_store *store, int fd, const char *id, struct slip_error *err)
{
    slip_cleanup(slip_closep) int alone = slip_store_lock_name(store, id, err);

    if (alone < 0)
        return -1;
    return slip_snapshot_has(store, id) ? 0 : make(store, fd, id, err);
}

int slip_context_is_tar(int fd, struct slip_error *err)
{
    return slip_is_archive(fd, err);
}

int slip_context_from_tar(struct slip_store *store, int fd, const char *identity, char ret[65],
                          struct slip_error *err)
{
    slip_remote_key(ret, "slipway tar context 1", identity, NULL);
    return make_once(store, fd, ret, err);
}

int slip_context_empty(struct slip_store *store, char ret[65], struct slip_error *err)
{
    slip_remote_key(ret, "slipway empty context 1", NULL);
    return make_once(store, -1, ret, err);
}

char *slip_context_path(const struct slip_store *store, const char *snapshot)
{
    return slip_xasprintf("%s/snapshots/%s/fs", store->path, snapshot);
}
