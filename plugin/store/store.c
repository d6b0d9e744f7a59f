#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "store/transient.h"
#include "store/use.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

#define FORMAT "slipway-store 1\n"

static pthread_mutex_t session_mutex = PTHREAD_MUTEX_INITIALIZER;

static const struct part {
    const char *path;
    size_t fd; /* where in struct slip_store */
} parts[] = {
    { "blobs/sha256", offsetof(struct slip_store, blobs) },
    { "ingest", offsetof(struct slip_store, ingest) },
    { "snapshots", offsetof(struct slip_store, snapshots) },
    { "records", offsetof(struct slip_store, records) },
    { "refs", offsetof(struct slip_store, refs) },
    { "mounts", offsetof(struct slip_store, mounts) },
    { "logs", offsetof(struct slip_store, logs) },
    { "run", offsetof(struct slip_store, run) },
    { "locks", offsetof(struct slip_store, locks) },
    { "live", offsetof(struct slip_store, live) },
};

static int *part_fd(struct slip_store *store, const struct part *part)
{
    return (int *)(void *)((char *)store + part->fd);
}

/* A store is only begun in a directory that is empty, or where another process was just beginning
 * one: a mistyped SLIPWAY_STORE must not turn somebody's home into a store. */
static int check_vacant(struct slip_store *store, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    if (slip_list_dir(store->root, ".", &names, err) < 0)
        return slip_error_context(err, "cannot create a store at '%s'", store->path);
    if (slip_strv_has(&names, "format")) /* begun meanwhile, and perhaps in use already */
        return 0;
    for (size_t i = 0; i < names.n; i++) {
        bool ours = strcmp(names.v[i], "lock") == 0 || slip_starts_with(names.v[i], "format.") ||
                    strcmp(names.v[i], "blobs") == 0;
        for (size_t k = 0; k < SLIP_ARRAY_LEN(parts); k++)
            ours = ours || strcmp(names.v[i], parts[k].path) == 0;
        if (!ours) {
            slip_fail(err, SLIP_EUSAGE, "'%s' is not a store and not empty: it holds '%s'",
                      store->path, names.v[i]);
            return slip_error_hint(err, "set SLIPWAY_STORE to a directory of its own");
        }
    }
    return 0;
}

static int create(struct slip_store *store, struct slip_error *err)
{
    if (check_vacant(store, err) < 0)
        return -1;
    if (fchmod(store->root, 0700) < 0)
        return slip_fail_errno(err, "cannot create a store at '%s'", store->path);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(parts); i++)
        if (slip_mkdirs(store->root, parts[i].path, 0700, err) < 0)
            return slip_error_context(err, "cannot create a store at '%s'", store->path);
    slip_cleanup(slip_closep) int lock =
        openat(store->root, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        return slip_fail_errno(err, "cannot create a store at '%s'", store->path);
    return slip_write_file(store->root, "format", FORMAT, strlen(FORMAT), 0600, true, err);
}

static int check_format(struct slip_store *store, struct slip_error *err)
{
    char text[64] = "";
    slip_cleanup(slip_closep) int fd = openat(store->root, "format", O_RDONLY | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        return create(store, err);
    if (fd < 0 || slip_read_full(fd, text, sizeof text - 1) < 0)
        return slip_fail_errno(err, "cannot read the format of store '%s'", store->path);
    if (strcmp(text, FORMAT) == 0)
        return 0;
    slip_fail(err, SLIP_EHOST, "store '%s' has the format '%.*s', this slipway knows '%.*s'",
              store->path, (int)strcspn(text, "\n"), text, (int)strlen(FORMAT) - 1, FORMAT);
    return slip_error_hint(err, "use the slipway that made it, or set SLIPWAY_STORE to another "
                                "directory");
}

static int open_root(struct slip_store *store, struct slip_error *err)
{
    struct stat st;

    store->root = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->root < 0 && errno == ENOENT) {
        if (slip_mkdirs(AT_FDCWD, store->path, 0700, err) < 0)
            return -1;
        store->root = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (store->root < 0 || fstat(store->root, &st) < 0)
        return slip_fail_errno(err, "cannot open store '%s'", store->path);
    if (st.st_uid == geteuid() || geteuid() == 0)
        return 0;
    slip_fail(err, SLIP_EHOST, "store '%s' belongs to user %u, not to you (%u)", store->path,
              (unsigned)st.st_uid, (unsigned)geteuid());
    return slip_error_hint(err, "set SLIPWAY_STORE to a directory of your own");
}

static int open_all(struct slip_store *store, struct slip_error *err)
{
    if (open_root(store, err) < 0 || check_format(store, err) < 0)
        return -1;
    store->lock = openat(store->root, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock < 0)
        return slip_fail_errno(err, "cannot open the lock of store '%s'", store->path);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(parts); i++) {
        int fd = openat(store->root, parts[i].path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT && mkdirat(store->root, parts[i].path, 0700) == 0)
            fd = openat(store->root, parts[i].path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
            return slip_fail_errno(err, "cannot open '%s' of store '%s'", parts[i].path,
                                   store->path);
        *part_fd(store, &parts[i]) = fd;
    }
    return 0;
}

static int open_since(struct slip_store *store, const char *path, const struct timespec *since,
                      struct slip_error *err)
{
    *store = SLIP_STORE_INIT;
    store->path = slip_path_absolute(path);
    if (open_all(store, err) == 0 && slip_use_begin(store, since, err) == 0)
        return 0;
    slip_store_close(store);
    return -1;
}

int slip_store_open(struct slip_store *store, const char *path, struct slip_error *err)
{
    return open_since(store, path, NULL, err);
}

int slip_store_reopen(struct slip_store *store, struct slip_error *err)
{
    struct slip_store anew;

    if (open_since(&anew, store->path, &store->since, err) < 0)
        return -1;
    slip_store_close(store); /* after: somebody is alive all the time */
    *store = anew;
    return 0;
}

static int begin_session(struct slip_store *store, struct slip_error *err)
{
    slip_transient_sweep(store->run);
    slip_transient_sweep(store->ingest);
    slip_transient_sweep(store->locks);
    slip_store_sync_aged(store);
    store->session = slip_transient_dir(store->run, store->session_name, err);
    return store->session;
}

int slip_store_session(struct slip_store *store, struct slip_error *err)
{
    pthread_mutex_lock(&session_mutex);
    int fd = store->session >= 0 ? store->session : begin_session(store, err);
    pthread_mutex_unlock(&session_mutex);
    return fd;
}

int slip_store_mount(struct slip_store *store, const char *id, struct slip_error *err)
{
    for (;;) { /* a removal may come between making it and beginning to use it */
        if (mkdirat(store->mounts, id, 0700) < 0 && errno != EEXIST)
            return slip_fail_errno(err, "cannot create a cache directory");
        int used = slip_use(store, store->mounts, id);
        int fd = used == 1 ? openat(store->mounts, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
        if (fd >= 0)
            return fd;
        if (used != 0)
            return slip_fail_errno(err, "cannot open a cache directory");
    }
}

void slip_store_close(struct slip_store *store)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;

    if (store->session >= 0) {
        (void)slip_remove_tree(store->run, store->session_name, &ignored);
        (void)close(SLIP_TAKE_FD(store->session));
    }
    slip_use_end(store);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(parts); i++)
        slip_closep(part_fd(store, &parts[i]));
    slip_closep(&store->lock);
    slip_closep(&store->root);
    free(store->path);
    *store = SLIP_STORE_INIT;
}
