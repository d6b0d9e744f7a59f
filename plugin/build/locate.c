#include "build/locate.h"

#include <errno.h>
#include <fcntl.h>

#include "image/archive.h"
#include "image/layout.h"
#include "image/reference.h"
#include "store/blob.h"
#include "store/record.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

#define INDEX_LIMIT ((size_t)4 << 20)

bool slip_remembered_manifest(struct slip_store *store, const char *key, struct slip_digest *ret)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_json_decrefp) json_t *record = slip_record_get(store, key);
    const char *manifest = slip_json_str(record, "manifest");

    return manifest && slip_digest_parse(manifest, ret, &ignored) == 0 &&
           slip_blob_has(store, ret, &ignored) == 1;
}

int slip_remember_manifest(struct slip_store *store, const char *key,
                           const struct slip_digest *manifest, struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *record = json_object();
    char name[72];

    json_object_set_new(record, "manifest", json_string(slip_digest_name(manifest, name)));
    return slip_record_put(store, key, record, err);
}

/* What a path is right now, cheaply. */
static int stat_key(const char *kind, const char *path, const char *tag, char ret[65],
                    struct stat *st, struct slip_error *err)
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;
    slip_cleanup(slip_freep) char *absolute = slip_path_absolute(path);

    if (stat(path, st) < 0) {
        slip_fail_errno(err, "cannot find '%s'", path);
        err->code = SLIP_EINPUT;
        return -1;
    }
    slip_sha256_field(&sha, kind);
    slip_sha256_field(&sha, absolute);
    slip_sha256_field(&sha, tag);
    slip_sha256_number(&sha, st->st_ino);
    slip_sha256_number(&sha, (uint64_t)st->st_size);
    slip_sha256_number(&sha, (uint64_t)st->st_mtim.tv_sec);
    slip_sha256_number(&sha, (uint64_t)st->st_mtim.tv_nsec);
    slip_sha256_number(&sha, (uint64_t)st->st_ctim.tv_sec);
    slip_sha256_number(&sha, (uint64_t)st->st_ctim.tv_nsec);
    slip_key_finish(&sha, ret);
    return 0;
}

char *slip_layout_dir(const char *where, const char **ret_tag)
{
    const char *colon = strrchr(where, ':');

    *ret_tag = NULL;
    if (!colon || strchr(colon, '/') || !colon[1] || access(where, F_OK) == 0)
        return slip_xstrdup(where);
    *ret_tag = colon + 1;
    return slip_xstrndup(where, (size_t)(colon - where));
}

static int locate_layout(struct slip_store *store, const char *where, struct slip_digest *ret,
                         struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf index = SLIP_BUF_INIT;
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;
    const char *tag;
    slip_cleanup(slip_freep) char *dir = slip_layout_dir(where, &tag);
    slip_cleanup(slip_freep) char *file = slip_path_join(dir, "index.json");
    char key[65];

    if (slip_read_file(AT_FDCWD, file, INDEX_LIMIT, &index, err) < 0) {
        err->code = SLIP_EINPUT;
        return slip_error_hint(err, "oci: takes the directory of an OCI image layout");
    }
    slip_sha256_field(&sha, "slipway layout 1");
    slip_sha256_field(&sha, slip_buf_str(&index));
    slip_sha256_field(&sha, tag);
    slip_key_finish(&sha, key);
    if (slip_remembered_manifest(store, key, ret))
        return 0;
    if (slip_layout_import(store, dir, tag, ret, err) < 0)
        return -1;
    return slip_remember_manifest(store, key, ret, err);
}

static int locate_archive(struct slip_store *store, const char *where, struct slip_digest *ret,
                          struct slip_error *err)
{
    const char *tag;
    slip_cleanup(slip_freep) char *file = slip_layout_dir(where, &tag);
    struct stat st;
    char key[65];

    if (stat_key("slipway archive 1", file, tag, key, &st, err) < 0)
        return -1;
    if (slip_remembered_manifest(store, key, ret))
        return 0;
    if (slip_image_archive_import(store, file, tag, ret, err) < 0)
        return -1;
    return slip_remember_manifest(store, key, ret, err);
}

char *slip_image_name(const char *text, struct slip_error *err)
{
    slip_cleanup(slip_reference_release) struct slip_reference ref = SLIP_REFERENCE_INIT;

    return slip_reference_from(&ref, text, err) < 0 ? NULL : slip_reference_familiar(&ref);
}

int slip_image_reference(struct slip_reference *ref, const char *text, struct slip_error *err)
{
    return slip_reference_from(ref, text + (slip_starts_with(text, "docker://") ? 9 : 0), err);
}

static int locate_name(struct slip_sources *sources, const char *name, struct slip_digest *ret,
                       struct slip_error *err)
{
    slip_cleanup(slip_error_release) struct slip_error no_digest = SLIP_ERROR_INIT;
    slip_cleanup(slip_reference_release) struct slip_reference ref = SLIP_REFERENCE_INIT;

    if (slip_digest_parse(name, ret, &no_digest) == 0 &&
        slip_blob_has(sources->store, ret, err) == 1)
        return 0;
    return slip_image_reference(&ref, name, err) < 0 ? -1
                                                     : slip_sources_find(sources, &ref, ret, err);
}

int slip_locate_image(struct slip_sources *sources, const char *name, struct slip_digest *ret,
                      struct slip_error *err)
{
    if (slip_starts_with(name, "oci:"))
        return locate_layout(sources->store, name + 4, ret, err);
    if (slip_starts_with(name, "oci-archive:"))
        return locate_archive(sources->store, name + 12, ret, err);
    if (slip_starts_with(name, "docker-archive:"))
        return locate_archive(sources->store, name + 15, ret, err);
    return locate_name(sources, name, ret, err);
}

int slip_locate_rootfs(struct slip_store *store, const char *path, char ret_identity[65],
                       bool *ret_is_dir, struct slip_error *err)
{
    struct stat st;
    char key[65];

    if (stat_key("slipway rootfs-tar 1", path, NULL, key, &st, err) < 0)
        return -1;
    *ret_is_dir = S_ISDIR(st.st_mode);
    if (*ret_is_dir) {
        slip_cleanup(slip_scan_release) struct slip_scan scan = SLIP_SCAN_INIT;
        slip_cleanup(slip_makings_release) struct slip_makings made = SLIP_MAKINGS_INIT;
        const struct slip_scan_options options = { 0 };
        if (slip_scan_directory(&scan, store, path, &options, err) < 0)
            return -1;
        slip_scan_made_of(&scan, "", false, &made);
        slip_makings_finish(&made, ret_identity);
        return 0;
    }
    slip_cleanup(slip_json_decrefp) json_t *known = slip_record_get(store, key);
    const char *hex = slip_json_str(known, "content");
    if (hex && strlen(hex) == 64) {
        memcpy(ret_identity, hex, 65);
        return 0;
    }
    struct slip_digest content;
    slip_cleanup(slip_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return slip_fail_errno(err, "cannot open '%s'", path);
    if (slip_digest_of_fd(fd, &content, NULL, err) < 0)
        return slip_error_context(err, "'%s'", path);
    slip_cleanup(slip_json_decrefp) json_t *record = json_object();
    json_object_set_new(record, "content", json_string(content.hex));
    memcpy(ret_identity, content.hex, 65);
    return slip_record_put(store, key, record, err);
}
