#include "store/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "store/name.h"
#include "store/seal.h"
#include "store/transient.h"
#include "store/use.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

#define META_SYNCED "synced\n"
#define UNSYNCED_MARK "unsynced"
#define AGED 60                     /* seconds; the kernel begins to write after 30 */
#define LITTLE ((uint64_t)32 << 10) /* KiB that wait to be written, on the whole machine */

/* "boot <uuid>\n", or "" where the kernel does not say. */
static char boot[64];

static void read_boot(void)
{
    char id[37] = "";
    slip_cleanup(slip_closep) int fd =
        open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

    if (fd >= 0 && slip_read_full(fd, id, 36) == 36)
        snprintf(boot, sizeof boot, "boot %s\n", id);
}

static const char *this_boot(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, read_boot);
    return boot;
}

enum trust { DOUBTFUL, UNSYNCED, SYNCED };

/* <id>/meta: a line that says how it is with the disk, the seal, a checksum of both. */
struct meta {
    char state[64]; /* with its newline */
    struct slip_digest seal;
};

static void checksum(const struct meta *meta, struct slip_digest *ret)
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;

    slip_sha256_update(&sha, meta->state, strlen(meta->state));
    slip_sha256_update(&sha, meta->seal.hex, 64);
    slip_sha256_finish(&sha, ret);
}

/* -1: unreadable, or not what was written. */
static int read_meta(int dir, struct meta *ret)
{
    char text[sizeof ret->state + 2 * 65 + 1] = "";
    struct slip_digest sum;
    slip_cleanup(slip_closep) int fd = openat(dir, "meta", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    *ret = (struct meta){ 0 };
    if (fd < 0 || slip_read_full(fd, text, sizeof text - 1) < 0)
        return -1;
    size_t n = strcspn(text, "\n") + 1;
    if (n >= sizeof ret->state || strlen(text) != n + 2 * 65 || text[n + 64] != '\n' ||
        text[n + 129] != '\n')
        return -1;
    memcpy(ret->state, text, n);
    memcpy(ret->seal.hex, text + n, 64);
    checksum(ret, &sum);
    return memcmp(sum.hex, text + n + 65, 64) == 0 ? 0 : -1;
}

/* What can be said of the directory <id>; `dir` is its fd. Anything unreadable is doubtful. */
static enum trust trust_of(int dir)
{
    struct meta meta;

    if (read_meta(dir, &meta) < 0)
        return DOUBTFUL;
    if (strcmp(meta.state, META_SYNCED) == 0)
        return SYNCED;
    return strcmp(meta.state, this_boot()) == 0 ? UNSYNCED : DOUBTFUL;
}

static int open_id(struct slip_store *store, const char *id)
{
    if (!slip_name_is_id(id)) {
        errno = ENOENT;
        return -1;
    }
    return openat(store->snapshots, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The same, for whoever relies on it. */
static int use_id(struct slip_store *store, const char *id)
{
    if (slip_name_is_id(id) && slip_use(store, store->snapshots, id) == 1)
        return open_id(store, id);
    errno = ENOENT;
    return -1;
}

int slip_snapshot_begin(struct slip_snapshot *snapshot, struct slip_store *store,
                        struct slip_error *err)
{
    int session = slip_store_session(store, err);

    *snapshot = SLIP_SNAPSHOT_INIT;
    snapshot->store = store;
    if (session < 0)
        return -1;
    snapshot->dir = slip_transient_dir(session, snapshot->name, err);
    if (snapshot->dir < 0)
        return -1;
    if (mkdirat(snapshot->dir, "fs", 0755) == 0)
        snapshot->fs = openat(snapshot->dir, "fs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (snapshot->fs >= 0 && fchmod(snapshot->fs, 0755) == 0)
        return 0;
    slip_fail_errno(err, "cannot create a snapshot in store '%s'", store->path);
    slip_snapshot_release(snapshot);
    return -1;
}

static int write_meta(int dir, const struct meta *meta, struct slip_error *err)
{
    struct slip_digest sum;

    checksum(meta, &sum);
    slip_cleanup(slip_freep) char *text =
        slip_xasprintf("%s%s\n%s\n", meta->state, meta->seal.hex, sum.hex);
    return slip_write_file(dir, "meta", text, strlen(text), 0600, false, err);
}

/* 0, or -1 with errno. */
static int rename_new(int from_dir, const char *from, int to_dir, const char *to)
{
    if (renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL)
        return -1;
    return renameat(from_dir, from, to_dir, to); /* never replaces a directory with content */
}

/* Takes a doubtful snapshot out of the way. Of two builds that want to, the second must not take
 * away what the first has published since: hence the lock on the doubtful directory itself, and
 * the look whether it still has its name. */
static int discard(struct slip_store *store, int session, int dir, const char *id,
                   struct slip_error *err)
{
    char aside[SLIP_TRANSIENT_NAME];
    struct stat locked, named;

    slip_transient_name(aside);
    while (flock(dir, LOCK_EX) < 0)
        if (errno != EINTR)
            return slip_fail_errno(err, "cannot lock snapshot %s", id);
    if (fstat(dir, &locked) < 0 || fstatat(store->snapshots, id, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
        locked.st_ino != named.st_ino || locked.st_dev != named.st_dev)
        return 0;
    if (renameat(store->snapshots, id, session, aside) < 0)
        return slip_fail_errno(err, "cannot replace snapshot %s", id);
    return slip_remove_tree(session, aside, err);
}

/* 1: a snapshot of this id is there and good. 0: there is none, or it was just discarded. */
static int is_taken(struct slip_store *store, int session, const char *id, struct slip_error *err)
{
    slip_cleanup(slip_closep) int dir = use_id(store, id);

    if (dir < 0 && errno != ENOENT)
        return slip_fail_errno(err, "cannot publish snapshot %s", id);
    if (dir < 0)
        return 0;
    return trust_of(dir) != DOUBTFUL ? 1 : discard(store, session, dir, id, err);
}

/* Its mtime is when the first of them was published. */
static void note_unsynced(struct slip_store *store)
{
    slip_cleanup(slip_closep) SLIP_UNUSED int fd = openat(
        store->root, UNSYNCED_MARK, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static int publish(struct slip_snapshot *snapshot, int session, const char *id,
                   struct slip_error *err)
{
    struct slip_store *store = snapshot->store;

    for (;;) {
        if (rename_new(session, snapshot->name, store->snapshots, id) == 0) {
            snapshot->name[0] = '\0'; /* disarms the rollback */
            note_unsynced(store);
            return 0;
        }
        if (errno != EEXIST && errno != ENOTEMPTY)
            return slip_fail_errno(err, "cannot publish snapshot %s", id);
        int taken = is_taken(store, session, id, err);
        if (taken != 0)
            return taken < 0 ? -1 : 0;
    }
}

int slip_snapshot_commit(struct slip_snapshot *snapshot, const char *id, struct slip_error *err)
{
    int session = slip_store_session(snapshot->store, err);
    bool known = this_boot()[0];
    struct meta meta = { 0 };

    if (session < 0)
        return -1;
    if (!slip_name_is_id(id))
        return slip_fail(err, SLIP_EINPUT, "'%.80s' is not the id of a snapshot", id);
    if (slip_remove_tree(snapshot->dir, "work", err) < 0)
        return slip_error_context(err, "cannot publish snapshot %s", id);
    if (!known && syncfs(snapshot->dir) < 0) /* nothing else could tell later that it is whole */
        return slip_fail_errno(err, "cannot sync snapshot %s", id);
    snprintf(meta.state, sizeof meta.state, "%s", known ? this_boot() : META_SYNCED);
    if (slip_seal(snapshot->fs, &meta.seal, err) < 0)
        return slip_error_context(err, "cannot publish snapshot %.12s", id);
    if (write_meta(snapshot->dir, &meta, err) < 0 || publish(snapshot, session, id, err) < 0)
        return -1;
    slip_snapshot_release(snapshot);
    return 0;
}

void slip_snapshot_release(struct slip_snapshot *snapshot)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;

    if (snapshot->dir < 0)
        return;
    slip_closep(&snapshot->fs);
    snapshot->fs = -1;
    if (snapshot->name[0])
        (void)slip_remove_tree(snapshot->store->session, snapshot->name, &ignored);
    (void)close(SLIP_TAKE_FD(snapshot->dir));
}

int slip_snapshot_open(struct slip_store *store, const char *id, struct slip_error *err)
{
    slip_cleanup(slip_closep) int dir = use_id(store, id);
    int fs = -1;

    if (dir >= 0) {
        errno = ENOENT;
        if (trust_of(dir) != DOUBTFUL)
            fs = openat(dir, "fs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        else
            errno = ENOENT;
    }
    return fs < 0 ? slip_fail_errno(err, "cannot open snapshot '%.80s'", id) : fs;
}

int slip_snapshot_has(struct slip_store *store, const char *id)
{
    slip_cleanup(slip_closep) int dir = use_id(store, id);

    return dir >= 0 && trust_of(dir) != DOUBTFUL;
}

int slip_snapshot_verify(struct slip_store *store, const char *id, struct slip_error *err)
{
    slip_cleanup(slip_closep) int dir = open_id(store, id);
    slip_cleanup(slip_closep) int fs =
        dir < 0 ? -1 : openat(dir, "fs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct slip_digest seal;
    struct meta meta;

    if (fs < 0)
        return slip_fail_errno(err, "it has no content");
    if (read_meta(dir, &meta) < 0)
        return slip_fail(err, SLIP_EINTEGRITY, "its 'meta' is damaged");
    if (trust_of(dir) == DOUBTFUL) /* since a power loss, perhaps: nobody will use it */
        return 0;
    if (slip_seal(fs, &seal, err) < 0)
        return -1;
    if (!slip_digest_equal(&seal, &meta.seal))
        return slip_fail(err, SLIP_EINTEGRITY, "its files are not what they were");
    return 0;
}

/* The ids of the snapshots that a sync would help. */
static int list_unsynced(struct slip_store *store, struct slip_strv *ret, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    if (slip_list_dir(store->snapshots, ".", &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        slip_cleanup(slip_closep) int dir = open_id(store, names.v[i]);
        if (dir >= 0 && trust_of(dir) == UNSYNCED)
            slip_strv_add(ret, names.v[i]);
    }
    return 0;
}

int slip_store_sync(struct slip_store *store, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv ids = SLIP_STRV_INIT;

    /* Gone before we look: what is published from now on makes a new one. */
    if (unlinkat(store->root, UNSYNCED_MARK, 0) < 0)
        return errno == ENOENT ? 0 : slip_fail_errno(err, "cannot sync store '%s'", store->path);
    if (list_unsynced(store, &ids, err) < 0) /* before: what comes later is not covered */
        return -1;
    if (syncfs(store->root) < 0)
        return slip_fail_errno(err, "cannot sync store '%s'", store->path);
    for (size_t i = 0; i < ids.n; i++) {
        slip_cleanup(slip_closep) int dir = open_id(store, ids.v[i]);
        struct meta meta;
        if (dir < 0 || read_meta(dir, &meta) < 0)
            continue;
        memcpy(meta.state, META_SYNCED, sizeof META_SYNCED);
        if (write_meta(dir, &meta, err) < 0)
            return -1;
    }
    return 0;
}

/* "Dirty:  123 kB" and the like from /proc/meminfo; all that can be when it cannot be read. */
static uint64_t unwritten(void)
{
    slip_cleanup(slip_fclosep) FILE *f = fopen("/proc/meminfo", "re");
    uint64_t total = 0;
    unsigned found = 0;
    char line[128], name[32];
    unsigned long long kib;

    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "%31[^:]: %llu kB", name, &kib) == 2 &&
            (strcmp(name, "Dirty") == 0 || strcmp(name, "Writeback") == 0)) {
            total += kib;
            found++;
        }
    return found == 2 ? total : UINT64_MAX;
}

void slip_store_sync_aged(struct slip_store *store)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    struct timespec now;
    struct stat st;

    clock_gettime(CLOCK_REALTIME, &now);
    if (fstatat(store->root, UNSYNCED_MARK, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        st.st_mtime + AGED <= now.tv_sec && unwritten() <= LITTLE)
        (void)slip_store_sync(store, &ignored);
}
