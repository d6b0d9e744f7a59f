#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "store/blob.h"
#include "store/name.h"
#include "store/record.h"
#include "store/snapshot.h"
#include "store/store.h"
#include "util/fs.h"
#include "util/mem.h"

struct audit {
    struct slip_store *store;
    void (*bad)(void *user, const char *what);
    void *user;
    int findings;
};

static void finding(struct audit *audit, const char *fmt, ...) SLIP_PRINTF(2, 3);

static void finding(struct audit *audit, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    slip_cleanup(slip_freep) char *what = slip_xvasprintf(fmt, ap);
    va_end(ap);
    audit->findings++;
    if (audit->bad)
        audit->bad(audit->user, what);
}

typedef void check_fn(struct audit *audit, const char *name);

static int each(struct audit *audit, int dirfd, const char *path, check_fn *check,
                struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    if (slip_list_dir(dirfd, path, &names, err) < 0)
        return slip_error_context(err, "cannot verify store '%s'", audit->store->path);
    for (size_t i = 0; i < names.n; i++)
        check(audit, names.v[i]);
    return 0;
}

static void check_blob(struct audit *audit, const char *name)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    struct slip_digest digest;
    struct stat st;

    if (!slip_name_is_id(name)) {
        finding(audit, "blobs/sha256/%s is not named by a digest", name);
        return;
    }
    slip_cleanup(slip_closep) int fd =
        openat(audit->store->blobs, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) /* removed meanwhile */
        return;
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
        slip_digest_of_fd(fd, &digest, NULL, &err) < 0)
        finding(audit, "blob sha256:%s cannot be read", name);
    else if (strcmp(digest.hex, name) != 0)
        finding(audit, "blob sha256:%s holds %lld bytes of sha256:%s", name, (long long)st.st_size,
                digest.hex);
}

static void check_record(struct audit *audit, const char *path, const char *shard, const char *key)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    if (!slip_name_is_id(key) || strncmp(key, shard, 2) != 0) {
        finding(audit, "records/%s is not named by a key", path);
        return;
    }
    json_t *value = NULL;
    if (slip_read_file(audit->store->records, path, SLIP_RECORD_LIMIT, &text, &err) == 0)
        value = slip_record_parse(&text);
    if (!value)
        finding(audit, "record %s is damaged (and will be ignored)", key);
    json_decref(value);
}

static void check_shard(struct audit *audit, const char *shard)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv keys = SLIP_STRV_INIT;

    if (strlen(shard) != 2 || slip_list_dir(audit->store->records, shard, &keys, &err) < 0) {
        finding(audit, "records/%s is not a directory of records", shard);
        return;
    }
    for (size_t i = 0; i < keys.n; i++) {
        slip_cleanup(slip_freep) char *path = slip_xasprintf("%s/%s", shard, keys.v[i]);
        check_record(audit, path, shard, keys.v[i]);
    }
}

static void check_snapshot(struct audit *audit, const char *id)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    struct stat st;

    if (!slip_name_is_id(id) ||
        fstatat(audit->store->snapshots, id, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        !S_ISDIR(st.st_mode)) {
        finding(audit, "snapshots/%s is not a directory named by a key", id);
        return;
    }
    if (slip_snapshot_verify(audit->store, id, &err) < 0 &&
        fstatat(audit->store->snapshots, id, &st, AT_SYMLINK_NOFOLLOW) == 0) /* else: removed */
        finding(audit, "snapshot %s: %s", id, err.msg);
}

static void check_ref(struct audit *audit, const char *file)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *name = NULL, *escaped = NULL;
    struct slip_digest digest;

    if (slip_read_file(audit->store->refs, file, SLIP_REF_LIMIT, &text, &err) < 0 ||
        slip_ref_parse(&text, &digest, &name) < 0) {
        finding(audit, "refs/%s is damaged", file);
        return;
    }
    escaped = slip_name_escape(name);
    if (strcmp(escaped, file) != 0)
        finding(audit, "refs/%s is of another name, '%s'", file, name);
    if (slip_blob_has(audit->store, &digest, &err) != 1)
        finding(audit, "the name '%s' stands for blob sha256:%s, which is not there", name,
                digest.hex);
}

int slip_store_verify(struct slip_store *store, void (*bad)(void *user, const char *what),
                      void *user, struct slip_error *err)
{
    struct audit audit = { .store = store, .bad = bad, .user = user };

    if (each(&audit, store->blobs, ".", check_blob, err) < 0 ||
        each(&audit, store->records, ".", check_shard, err) < 0 ||
        each(&audit, store->snapshots, ".", check_snapshot, err) < 0 ||
        each(&audit, store->refs, ".", check_ref, err) < 0)
        return -1;
    return audit.findings;
}
