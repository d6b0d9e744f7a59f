#include "store/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "store/name.h"
#include "store/transient.h"
#include "store/use.h"
#include "util/fs.h"
#include "util/mem.h"

#define IMPORT_CHUNK ((size_t)128 << 10)
#define WRITEBACK ((uint64_t)8 << 20) /* begun while we write, so that the commit waits little */

int slip_draft_open(struct slip_draft *draft, struct slip_store *store, struct slip_error *err)
{
    *draft = SLIP_DRAFT_INIT;
    draft->store = store;
    draft->fd = openat(store->ingest, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (draft->fd < 0) /* a file system without them, or a real trouble that the next call meets */
        draft->fd = slip_transient_file(store->ingest, draft->name, err);
    return draft->fd < 0 ? -1 : 0;
}

int slip_draft_write(struct slip_draft *draft, const void *p, size_t n, struct slip_error *err)
{
    if (slip_write_all(draft->fd, p, n) < 0)
        return slip_fail_errno(err, "cannot write to store '%s'", draft->store->path);
    slip_sha256_update(&draft->sha, p, n);
    uint64_t had = draft->size;
    draft->size += n;
    if (had / WRITEBACK != draft->size / WRITEBACK)
        (void)sync_file_range(draft->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    return 0;
}

int slip_draft_rewind(struct slip_draft *draft, struct slip_error *err)
{
    if (ftruncate(draft->fd, 0) < 0 || lseek(draft->fd, 0, SEEK_SET) < 0)
        return slip_fail_errno(err, "cannot write to store '%s'", draft->store->path);
    slip_sha256_release(&draft->sha);
    draft->size = 0;
    return 0;
}

/* The name says what the bytes are; the size is checked because it costs nothing and heals a blob
 * that was cut off by something outside our reach. */
static bool is_held(struct slip_store *store, const char *hex, uint64_t size)
{
    struct stat st;

    return slip_use(store, store->blobs, hex) == 1 &&
           fstatat(store->blobs, hex, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           (uint64_t)st.st_size == size;
}

/* Gives a nameless draft a name in ingest/. 0, or -1 with errno. */
static int give_name(struct slip_draft *draft)
{
    char path[32], name[SLIP_TRANSIENT_NAME];

    slip_transient_name(name);
    if (flock(draft->fd, LOCK_EX | LOCK_NB) < 0 || /* before a sweep can see it */
        linkat(AT_FDCWD, slip_fd_path(draft->fd, path), draft->store->ingest, name,
               AT_SYMLINK_FOLLOW) < 0)
        return -1;
    memcpy(draft->name, name, sizeof draft->name);
    return 0;
}

/* 0, or -1 with errno. Only a damaged blob is ever replaced. */
static int publish(struct slip_draft *draft, const char *hex)
{
    struct slip_store *store = draft->store;
    char path[32];

    if (!draft->name[0]) {
        if (linkat(AT_FDCWD, slip_fd_path(draft->fd, path), store->blobs, hex, AT_SYMLINK_FOLLOW) ==
            0)
            return 0;
        if (errno != EEXIST)
            return -1;
        if (is_held(store, hex, draft->size))
            return 0; /* another writer of the same bytes was quicker */
        if (give_name(draft) < 0)
            return -1;
    }
    if (renameat(store->ingest, draft->name, store->blobs, hex) < 0)
        return -1;
    draft->name[0] = '\0'; /* disarms the rollback */
    return 0;
}

int slip_draft_commit(struct slip_draft *draft, const struct slip_digest *want,
                      struct slip_digest *ret_digest, struct slip_error *err)
{
    struct slip_digest digest;

    slip_sha256_finish(&draft->sha, &digest);
    if (want && !slip_digest_equal(want, &digest))
        return slip_fail(err, SLIP_EINTEGRITY,
                         "blob sha256:%s is not what arrived: %" PRIu64 " bytes of sha256:%s",
                         want->hex, draft->size, digest.hex);
    if (!is_held(draft->store, digest.hex, draft->size) &&
        (fchmod(draft->fd, 0444) < 0 || fdatasync(draft->fd) < 0 || publish(draft, digest.hex) < 0))
        return slip_fail_errno(err, "cannot publish blob sha256:%s", digest.hex);
    slip_draft_release(draft);
    if (ret_digest)
        *ret_digest = digest;
    return 0;
}

void slip_draft_release(struct slip_draft *draft)
{
    slip_sha256_release(&draft->sha);
    if (draft->fd < 0)
        return;
    if (draft->name[0])
        (void)unlinkat(draft->store->ingest, draft->name, 0);
    (void)close(SLIP_TAKE_FD(draft->fd));
}

int slip_blob_put(struct slip_store *store, const void *p, size_t n, struct slip_digest *ret_digest,
                  struct slip_error *err)
{
    slip_cleanup(slip_draft_release) struct slip_draft draft = SLIP_DRAFT_INIT;

    if (slip_draft_open(&draft, store, err) < 0 || slip_draft_write(&draft, p, n, err) < 0)
        return -1;
    return slip_draft_commit(&draft, NULL, ret_digest, err);
}

int slip_blob_import(struct slip_store *store, int from, uint64_t limit,
                     const struct slip_digest *want, struct slip_digest *ret_digest,
                     struct slip_error *err)
{
    slip_cleanup(slip_draft_release) struct slip_draft draft = SLIP_DRAFT_INIT;
    slip_cleanup(slip_freep) char *chunk = slip_xmalloc(IMPORT_CHUNK);

    if (slip_draft_open(&draft, store, err) < 0)
        return -1;
    for (;;) {
        ssize_t n = read(from, chunk, IMPORT_CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return slip_fail_errno(err, "cannot read blob content");
        if (n == 0)
            return slip_draft_commit(&draft, want, ret_digest, err);
        if ((uint64_t)n > limit - draft.size)
            return slip_fail(err, SLIP_EINTEGRITY,
                             "blob is larger than the %" PRIu64 " bytes it should have", limit);
        if (slip_draft_write(&draft, chunk, (size_t)n, err) < 0)
            return -1;
    }
}

int slip_blob_open(struct slip_store *store, const struct slip_digest *digest, uint64_t *ret_size,
                   struct slip_error *err)
{
    struct stat st;

    errno = ENOENT;
    slip_cleanup(slip_closep) int fd =
        slip_name_is_id(digest->hex) && slip_use(store, store->blobs, digest->hex) == 1
            ? openat(store->blobs, digest->hex, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
            : -1;
    if (fd < 0 || fstat(fd, &st) < 0)
        return slip_fail_errno(err, "cannot open blob 'sha256:%s' of store '%s'", digest->hex,
                               store->path);
    if (ret_size)
        *ret_size = (uint64_t)st.st_size;
    return SLIP_TAKE_FD(fd);
}

int slip_blob_has(struct slip_store *store, const struct slip_digest *digest,
                  struct slip_error *err)
{
    int held = slip_name_is_id(digest->hex) ? slip_use(store, store->blobs, digest->hex) : 0;

    if (held >= 0)
        return held;
    return slip_fail_errno(err, "cannot look for blob 'sha256:%s'", digest->hex);
}
