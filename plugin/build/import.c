#include "build/import.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>

#include "archive/inflate.h"
#include "archive/pack.h"
#include "archive/untar.h"
#include "build/builder.h"
#include "image/image.h"
#include "layer/diff.h"
#include "store/blob.h"
#include "util/fs.h"
#include "util/mem.h"

#define TAR_LIMIT ((uint64_t)64 << 30)
#define ENTRY_LIMIT ((uint64_t)2 << 20)
#define WHITEOUT ".wh."

static int to_draft(void *user, const void *p, size_t n, struct slip_error *err)
{
    return slip_draft_write(user, p, n, err);
}

static int refuse(const char *name, const char *why, struct slip_error *err)
{
    return slip_fail(err, SLIP_EINPUT, "'%.200s' %s", name, why);
}

/* A name that every reader of the layer takes for the same place beneath the root. */
static int check_name(const char *name, struct slip_error *err)
{
    if (strlen(name) >= PATH_MAX)
        return refuse(name, "is too long a name", err);
    for (const char *p = name; *p;) {
        size_t n = strcspn(p, "/");
        if (n > NAME_MAX)
            return refuse(name, "has too long a part", err);
        if (n == 2 && strncmp(p, "..", 2) == 0)
            return refuse(name, "leaves the root file system", err);
        if (n >= strlen(WHITEOUT) && strncmp(p, WHITEOUT, strlen(WHITEOUT)) == 0) {
            refuse(name, "marks something as deleted", err);
            return slip_error_hint(err, "this is a layer of an image, not a root file system");
        }
        p += n + (p[n] == '/');
    }
    return 0;
}

/* One that reads the tar as a builder will, beside those that hash and compress its bytes. */
struct checker {
    pthread_t thread;
    int fd; /* owned by the thread */
    int rc;
    struct slip_error err;
};

static int check_entries(int fd, struct slip_error *err)
{
    slip_cleanup(slip_untar_freep) struct slip_untar *untar =
        slip_untar_open(fd, TAR_LIMIT, false, err);
    struct slip_tar_entry entry;
    uint64_t entries = 0, bytes = 0;
    int more;

    if (!untar)
        return -1;
    while ((more = slip_untar_next(untar, &entry, err)) > 0) {
        if (++entries > ENTRY_LIMIT)
            return slip_fail(err, SLIP_EINPUT, "the archive has more than %llu entries",
                             (unsigned long long)ENTRY_LIMIT);
        bytes += S_ISREG(entry.mode) && !entry.hardlink ? entry.size : 0;
        if (bytes > TAR_LIMIT)
            return slip_fail(err, SLIP_EINPUT, "the files in the archive are too large together");
        if (check_name(entry.path, err) < 0 || (entry.hardlink && check_name(entry.link, err) < 0))
            return -1;
        bytes = entry.size < UINT64_MAX - bytes ? bytes + entry.size : UINT64_MAX;
    }
    if (more < 0 || slip_untar_drain(untar, bytes, NULL, err) < 0)
        return -1;
    return entries ? 0 : slip_fail(err, SLIP_EINPUT, "there is nothing in the archive");
}

static void *check(void *arg)
{
    struct checker *c = arg;

    c->rc = check_entries(c->fd, &c->err);
    (void)close(c->fd);
    return NULL;
}

/* A checker that is gone has said why. */
static int send_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return -1;
        p += sent;
        n -= (size_t)sent;
    }
    return 0;
}

/* 1: the checker has seen enough. */
static int feed(int from, int checker, struct slip_packer *packer, struct slip_error *err)
{
    slip_cleanup(slip_inflate_freep) struct slip_inflate *inflate =
        slip_inflate_open(from, TAR_LIMIT, false, err);
    const char *p;
    size_t n;
    int more;

    if (!inflate)
        return -1;
    while ((more = slip_inflate_next(inflate, &p, &n, err)) > 0) {
        if (send_all(checker, p, n) < 0)
            return 1;
        if (slip_packer_write(packer, p, n, err) < 0)
            return -1;
    }
    return more;
}

static int feed_both(int from, struct slip_packer *packer, struct slip_error *err)
{
    struct checker checker = { 0 };
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return slip_fail_errno(err, "cannot make a pair of sockets");
    checker.fd = ends[0];
    errno = pthread_create(&checker.thread, NULL, check, &checker);
    if (errno) {
        (void)close(ends[0]);
        (void)close(ends[1]);
        return slip_fail_errno(err, "cannot start a thread");
    }
    int rc = feed(from, ends[1], packer, err);
    (void)close(ends[1]);
    pthread_join(checker.thread, NULL);
    /* When reading failed, the checker got a part only, and what it says of it is not the reason.
     */
    if (rc >= 0 && checker.rc < 0)
        slip_error_move(err, &checker.err);
    slip_error_release(&checker.err);
    return rc < 0 || checker.rc < 0 ? -1 : 0;
}

static int store_image(const struct slip_import *import, const struct slip_image_layer *layer,
                       struct slip_digest *ret, struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *history = json_array();
    json_t *row = json_object();
    time_t seconds = (time_t)import->epoch;
    char when[40] = "";
    struct tm utc;

    if (gmtime_r(&seconds, &utc))
        strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    json_object_set_new(row, "created", json_string(when));
    json_object_set_new(row, "created_by", json_string("slipway import"));
    json_array_append_new(history, row);
    const struct slip_image_spec spec = {
        .layers = layer,
        .nlayers = 1,
        .config = import->config,
        .history = history,
        .created = import->epoch,
    };
    return slip_image_store(import->store, &spec, ret, err);
}

int slip_import_tar(const struct slip_import *import, int fd, struct slip_digest *ret_manifest,
                    struct slip_error *err)
{
    slip_cleanup(slip_draft_release) struct slip_draft draft = SLIP_DRAFT_INIT;
    struct slip_packed packed;
    struct slip_digest digest;

    if (slip_draft_open(&draft, import->store, err) < 0)
        return -1;
    slip_cleanup(slip_packer_freep) struct slip_packer *packer =
        slip_packer_open(SLIP_GZIP, 0, 0, to_draft, &draft, err);
    if (!packer || feed_both(fd, packer, err) < 0 || slip_packer_finish(packer, &packed, err) < 0 ||
        slip_draft_commit(&draft, &packed.out, &digest, err) < 0)
        return -1;
    const struct slip_image_layer layer = {
        .digest = packed.out,
        .diff_id = packed.in,
        .size = packed.out_size,
    };
    return store_image(import, &layer, ret_manifest, err);
}

int slip_import_directory(const struct slip_import *import, const char *path,
                          struct slip_digest *ret_manifest, struct slip_error *err)
{
    const struct slip_build_options options = { .tier = import->tier };
    struct slip_builder b = { .options = &options,
                              .store = import->store,
                              .events = import->events };
    slip_cleanup(slip_tree_release) struct slip_tree tree = SLIP_TREE_INIT;
    slip_cleanup(slip_draft_release) struct slip_draft draft = SLIP_DRAFT_INIT;
    struct slip_layer_info info;
    struct slip_digest digest;

    if (slip_builder_enter(&b, err) < 0)
        return -1;
    slip_cleanup(slip_closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return slip_fail_errno(err, "cannot open '%s'", path);
    const struct slip_diff_options diff = {
        .epoch = import->epoch,
        .emulated = b.tier == SLIP_TIER_SINGLE,
    };
    if (slip_diff(fd, -1, &diff, &tree, err) < 0)
        return slip_error_context(err, "'%s'", path);
    slip_tree_finish(&tree, import->epoch);
    if (slip_draft_open(&draft, import->store, err) < 0 ||
        slip_layer_write(&tree, SLIP_GZIP, 0, 0, to_draft, &draft, &info, err) < 0 ||
        slip_draft_commit(&draft, &info.digest, &digest, err) < 0)
        return -1;
    const struct slip_image_layer layer = {
        .digest = info.digest,
        .diff_id = info.diff_id,
        .size = info.size,
    };
    return store_image(import, &layer, ret_manifest, err);
}
