#include "store/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "store/name.h"
#include "store/transient.h"
#include "store/use.h"
#include "util/fs.h"
#include "util/mem.h"

/* Written in ingest/, where a crash leaves it for the sweep, and renamed to `dirfd`/`path`. */
static int publish(struct slip_store *store, int dirfd, const char *path,
                   const struct slip_buf *text, bool sync, struct slip_error *err)
{
    char name[SLIP_TRANSIENT_NAME];
    slip_cleanup(slip_closep) int fd = slip_transient_file(store->ingest, name, err);

    if (fd < 0)
        return -1;
    if (slip_write_all(fd, text->data, text->len) == 0 && (!sync || fsync(fd) == 0) &&
        renameat(store->ingest, name, dirfd, path) == 0 && (!sync || fsync(dirfd) == 0))
        return 0;
    slip_fail_errno(err, "cannot write to store '%s'", store->path);
    (void)unlinkat(store->ingest, name, 0);
    return -1;
}

/* "xx/xx…", the path of a record in records/. */
struct record_path {
    char text[3 + 64 + 1];
};

static struct record_path record_path(const char *key)
{
    struct record_path path;

    snprintf(path.text, sizeof path.text, "%.2s/%.64s", key, key);
    return path;
}

json_t *slip_record_parse(const struct slip_buf *text)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    struct slip_digest digest;

    if (text->len < 66 || text->data[64] != '\n')
        return NULL;
    slip_digest_of(text->data + 65, text->len - 65, &digest);
    if (memcmp(digest.hex, text->data, 64) != 0)
        return NULL;
    return slip_json_parse(text->data + 65, text->len - 65, "record", &ignored);
}

json_t *slip_record_get(struct slip_store *store, const char *key)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;

    if (!slip_name_is_id(key))
        return NULL;
    struct record_path path = record_path(key);
    if (slip_use(store, store->records, path.text) != 1 ||
        slip_read_file(store->records, path.text, SLIP_RECORD_LIMIT, &text, &ignored) < 0)
        return NULL;
    return slip_record_parse(&text);
}

int slip_record_put(struct slip_store *store, const char *key, const json_t *value,
                    struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *json = slip_json_text(value);
    struct slip_digest digest;

    if (!slip_name_is_id(key))
        return slip_fail(err, SLIP_EINPUT, "'%.80s' is not the key of a record", key);
    if (!json_is_null(value) && strcmp(json, "null") == 0)
        return slip_fail(err, SLIP_EINPUT, "cannot record %.12s: it holds text that is not UTF-8",
                         key);
    slip_buf_printf(&text, "%s\n", json);
    slip_digest_of(text.data, text.len, &digest);
    slip_buf_clear(&text);
    slip_buf_printf(&text, "%s\n%s\n", digest.hex, json);

    struct record_path path = record_path(key);
    slip_cleanup(slip_freep) char *parent = slip_xstrndup(path.text, 2);
    if (mkdirat(store->records, parent, 0700) < 0 && errno != EEXIST)
        return slip_fail_errno(err, "cannot write to store '%s'", store->path);
    return publish(store, store->records, path.text, &text, false, err);
}

int slip_ref_parse(const struct slip_buf *text, struct slip_digest *ret, char **ret_name)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    const size_t head = strlen("sha256:") + 64;

    if (text->len < head + 3 || text->data[head] != '\n' || text->data[text->len - 1] != '\n')
        return -1;
    slip_cleanup(slip_freep) char *digest = slip_xstrndup(text->data, head);
    if (slip_digest_parse(digest, ret, &ignored) < 0)
        return -1;
    *ret_name = slip_xstrndup(text->data + head + 1, text->len - head - 2);
    return 0;
}

int slip_ref_set(struct slip_store *store, const char *name, const struct slip_digest *manifest,
                 struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_error_release) struct slip_error damaged = SLIP_ERROR_INIT;
    slip_cleanup(slip_freep) char *file = slip_name_escape(name);
    struct slip_digest had;
    char digest[72];

    if (!*name || !slip_name_is_id(manifest->hex))
        return slip_fail(err, SLIP_EINPUT, "cannot give the name '%.200s' to 'sha256:%s'", name,
                         manifest->hex);
    if (slip_ref_get(store, name, &had, &damaged) == 1 && slip_digest_equal(&had, manifest))
        return 0;
    if (fsync(store->blobs) < 0) /* the bytes are on disk since their commit; their names now */
        return slip_fail_errno(err, "cannot sync store '%s'", store->path);
    slip_buf_printf(&text, "%s\n%s\n", slip_digest_name(manifest, digest), name);
    return publish(store, store->refs, file, &text, true, err);
}

int slip_ref_get(struct slip_store *store, const char *name, struct slip_digest *ret,
                 struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *file = slip_name_escape(name), *stored = NULL;

    if (!*name || slip_use(store, store->refs, file) == 0)
        return 0;
    if (slip_read_file(store->refs, file, SLIP_REF_LIMIT, &text, err) < 0)
        return slip_error_context(err, "cannot look up the name '%.200s'", name);
    if (slip_ref_parse(&text, ret, &stored) == 0 && strcmp(stored, name) == 0)
        return 1;
    slip_fail(err, SLIP_EINTEGRITY, "the name '%.200s' is damaged in store '%s'", name,
              store->path);
    return slip_error_hint(err, "build or tag the image again; 'slipway verify --store' finds what "
                                "else is damaged");
}

int slip_ref_remove(struct slip_store *store, const char *name, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *file = slip_name_escape(name);

    if (*name && unlinkat(store->refs, file, 0) < 0 && errno != ENOENT)
        return slip_fail_errno(err, "cannot remove the name '%.200s'", name);
    return 0;
}

int slip_ref_list(struct slip_store *store, struct slip_strv *ret, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv files = SLIP_STRV_INIT;

    if (slip_list_dir(store->refs, ".", &files, err) < 0)
        return -1;
    for (size_t i = 0; i < files.n; i++) {
        slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
        slip_cleanup(slip_error_release) struct slip_error gone = SLIP_ERROR_INIT;
        slip_cleanup(slip_freep) char *name = NULL;
        struct slip_digest digest;
        if (slip_read_file(store->refs, files.v[i], SLIP_REF_LIMIT, &text, &gone) == 0 &&
            slip_ref_parse(&text, &digest, &name) == 0)
            slip_strv_add(ret, name);
    }
    slip_strv_sort(ret);
    return 0;
}

int slip_store_lock_name(struct slip_store *store, const char *name, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *file = slip_name_escape(name);

    if (!*name)
        return slip_fail(err, SLIP_EINPUT, "cannot lock a name that is empty");
    return slip_transient_lock(store->locks, file, err);
}

int slip_store_try_lock_name(struct slip_store *store, const char *name, bool shared, int *ret_fd,
                             struct slip_error *err)
{
    slip_cleanup(slip_freep) char *file = slip_name_escape(name);

    if (!*name)
        return slip_fail(err, SLIP_EINPUT, "cannot lock a name that is empty");
    return slip_transient_try(store->locks, file, shared, ret_fd, err);
}
