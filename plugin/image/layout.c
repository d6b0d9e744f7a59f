#include "image/layout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "image/descriptor.h"
#include "image/layout_referrers.h"
#include "image/names.h"
#include "store/blob.h"
#include "util/fs.h"
#include "util/map.h"
#include "util/mem.h"

#define LAYER_LIMIT ((uint64_t)1 << 40)

/* A layout that is being written. */
struct writing {
    struct slip_store *store; /* borrowed */
    int blobs;                /* owned: <dir>/blobs/sha256 */
    struct slip_map wanted;   /* hex of every blob that the index reaches */
};

static void writing_release(struct writing *w)
{
    slip_closep(&w->blobs);
    slip_map_release(&w->wanted);
}

/* A copy under a name of its own, renamed when it is whole. */
static int copy_blob(struct writing *w, int from, const char *hex, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *aside = slip_xasprintf("%s.%d~", hex, getpid());
    slip_cleanup(slip_closep) int to =
        openat(w->blobs, aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (to < 0)
        return slip_fail_errno(err, "cannot write a blob of the layout");
    if (slip_copy_fd(from, to, err) == 0) {
        if (renameat(w->blobs, aside, w->blobs, hex) == 0)
            return 0;
        slip_fail_errno(err, "cannot write a blob of the layout");
    }
    (void)unlinkat(w->blobs, aside, 0);
    return -1;
}

static int put_blob(void *user, const struct slip_descriptor *d, struct slip_error *err)
{
    struct writing *w = user;
    const char *hex = d->digest.hex;
    char path[32];
    uint64_t size;
    struct stat st;
    slip_cleanup(slip_closep) int from = slip_blob_open(w->store, &d->digest, &size, err);

    if (from < 0)
        return -1;
    if (size != d->size)
        return slip_fail(err, SLIP_EINTEGRITY, "blob sha256:%s has %llu bytes, not %llu", hex,
                         (unsigned long long)size, (unsigned long long)d->size);
    slip_map_set(&w->wanted, hex, w);
    if (fstatat(w->blobs, hex, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
        (uint64_t)st.st_size == size)
        return 0;
    if (linkat(AT_FDCWD, slip_fd_path(from, path), w->blobs, hex, AT_SYMLINK_FOLLOW) == 0)
        return 0;
    /* Another file system, too many links, a kernel that does not trust us with this one, or
     * something of another size in the way: a copy does. */
    return copy_blob(w, from, hex, err);
}

/* The directory, empty or a layout already. fd or -1. */
static int open_target(const char *dir, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    if (slip_mkdirs(AT_FDCWD, dir, 0777, err) < 0)
        return -1;
    slip_cleanup(slip_closep) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return slip_fail_errno(err, "cannot open '%s'", dir);
    if (slip_list_dir(fd, ".", &names, err) < 0)
        return -1;
    if (names.n && !slip_strv_has(&names, "oci-layout")) {
        slip_fail(err, SLIP_EUSAGE, "'%s' is there and is no OCI layout", dir);
        return slip_error_hint(err, "name another directory, or remove this one");
    }
    if (slip_write_file_if_changed(fd, "oci-layout", SLIP_LAYOUT_TEXT, strlen(SLIP_LAYOUT_TEXT),
                                   0644, err) < 0 ||
        slip_mkdirs(fd, "blobs/sha256", 0777, err) < 0)
        return -1;
    return SLIP_TAKE_FD(fd);
}

static int drop_unwanted(struct writing *w, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    if (slip_list_dir(w->blobs, ".", &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++)
        if (!slip_map_get(&w->wanted, names.v[i]) && unlinkat(w->blobs, names.v[i], 0) < 0 &&
            errno != ENOENT)
            return slip_fail_errno(err, "cannot remove the old blob '%s'", names.v[i]);
    return 0;
}

int slip_layout_write(struct slip_store *store, const struct slip_digest *manifest,
                      const char *const *names, const char *dir, struct slip_error *err)
{
    slip_cleanup(writing_release) struct writing w = { .store = store, .blobs = -1 };
    slip_cleanup(slip_freep) char *index = NULL;

    if (slip_names_index(store, manifest, names, &index, err) < 0)
        return -1;
    slip_cleanup(slip_closep) int fd = open_target(dir, err);
    if (fd < 0)
        return -1;
    w.blobs = openat(fd, "blobs/sha256", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (w.blobs < 0)
        return slip_fail_errno(err, "cannot open '%s/blobs/sha256'", dir);
    if (slip_document_walk(store, manifest, true, put_blob, &w, err) < 0 ||
        slip_write_file_if_changed(fd, "index.json", index, strlen(index), 0644, err) < 0 ||
        drop_unwanted(&w, err) < 0)
        return slip_error_context(err, "'%s'", dir);
    return 0;
}

/* A layout that is being read into the store. */
struct reading {
    struct slip_store *store; /* borrowed */
    int dir;
    const char *path;
};

/* 1: in the store now. 0: the layout has it not. -1. */
static int take_blob(struct reading *r, const struct slip_descriptor *d, uint64_t limit,
                     struct slip_error *err)
{
    slip_cleanup(slip_freep) char *name = slip_xasprintf("blobs/sha256/%s", d->digest.hex);
    struct slip_digest got;
    struct stat st;

    if (d->size > limit)
        return slip_fail(err, SLIP_EINPUT, "blob sha256:%s would have %llu bytes", d->digest.hex,
                         (unsigned long long)d->size);
    /* Not blocking: it may be a pipe. What it is does not matter, only what is in it. */
    slip_cleanup(slip_closep) int fd = openat(r->dir, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return slip_blob_has(r->store, &d->digest, err);
    if (fd < 0 || fstat(fd, &st) < 0)
        return slip_fail_errno(err, "cannot read '%s/%s'", r->path, name);
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != d->size)
        return slip_fail(err, SLIP_EINTEGRITY, "'%s/%s' has %llu bytes, not %llu", r->path, name,
                         (unsigned long long)st.st_size, (unsigned long long)d->size);
    return slip_blob_import(r->store, fd, d->size, &d->digest, &got, err) < 0 ? -1 : 1;
}

static int need_blob(struct reading *r, const json_t *json, uint64_t limit, struct slip_error *err)
{
    struct slip_descriptor d;

    if (slip_descriptor_parse(json, &d, err) < 0)
        return -1;
    int rc = take_blob(r, &d, limit, err);
    return rc ? rc : slip_fail(err, SLIP_EINPUT, "blob sha256:%s is missing", d.digest.hex);
}

static int take_image(struct reading *r, const struct slip_descriptor *d, int depth,
                      struct slip_error *err);

static int take_children(struct reading *r, const struct slip_document *doc, int depth,
                         struct slip_error *err)
{
    const json_t *entry;
    size_t i, taken = 0;

    if (!doc->is_index) {
        json_array_foreach (json_object_get(doc->json, "layers"), i, entry)
            if (need_blob(r, entry, LAYER_LIMIT, err) < 0)
                return -1;
        return need_blob(r, json_object_get(doc->json, "config"), SLIP_CONFIG_LIMIT, err);
    }
    json_array_foreach (json_object_get(doc->json, "manifests"), i, entry) {
        struct slip_descriptor d;
        if (slip_descriptor_parse(entry, &d, err) < 0)
            return -1;
        int rc = take_image(r, &d, depth - 1, err);
        if (rc < 0)
            return -1;
        taken += rc > 0;
    }
    return taken ? 1 : slip_fail(err, SLIP_EINPUT, "the index holds no manifest that is there");
}

/* 1: it and all it needs is in the store. 0: not in the layout. -1. */
static int take_image(struct reading *r, const struct slip_descriptor *d, int depth,
                      struct slip_error *err)
{
    slip_cleanup(slip_document_release) struct slip_document doc = SLIP_DOCUMENT_INIT;

    if (depth == 0)
        return slip_fail(err, SLIP_EINPUT, "indexes refer to indexes too deep");
    int rc = take_blob(r, d, SLIP_MANIFEST_LIMIT, err);
    if (rc <= 0)
        return rc;
    return slip_document_load(&doc, r->store, &d->digest, err) < 0
               ? -1
               : take_children(r, &doc, depth, err);
}

int slip_layout_import(struct slip_store *store, const char *dir, const char *tag,
                       struct slip_digest *ret_manifest, struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_closep) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct reading r = { .store = store, .dir = fd, .path = dir };
    struct slip_descriptor d;

    if (fd < 0)
        return slip_fail_errno(err, "cannot open the OCI layout '%s'", dir);
    if (slip_read_file(fd, "index.json", SLIP_MANIFEST_LIMIT, &text, err) < 0)
        return slip_error_context(err, "'%s' is no OCI layout", dir);
    slip_cleanup(slip_json_decrefp) json_t *index =
        slip_json_parse(slip_buf_str(&text), text.len, "index.json", err);
    if (!index)
        return slip_error_context(err, "'%s'", dir);
    slip_cleanup(slip_freep) char *what = slip_xasprintf("'%s'", dir);
    if (slip_names_find(index, what, tag, &d, err) < 0)
        return -1;
    int rc = take_image(&r, &d, 3, err);
    if (rc < 0)
        return slip_error_context(err, "'%s'", dir);
    if (rc == 0)
        return slip_fail(err, SLIP_EINPUT, "'%s': blob sha256:%s is missing", dir, d.digest.hex);
    if (slip_layout_take_attached(store, fd, index, &d.digest, err) < 0)
        return slip_error_context(err, "'%s'", dir);
    *ret_manifest = d.digest;
    return 0;
}
