#include "layer/apply.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "archive/untar.h"
#include "layer/debts.h"
#include "layer/owner.h"
#include "layer/unpack.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

#define DEFAULT_BYTES ((uint64_t)64 << 30)
#define DEFAULT_ENTRIES ((uint64_t)2000000)
#define ENTRY_OVERHEAD ((uint64_t)4096) /* headers, on average */

static void unpack_release(struct slip_unpack *u)
{
    slip_unpack_release_places(u);
    for (size_t i = 0; i < u->nlater; i++)
        free(u->later[i].path);
    free(u->later);
    slip_buf_release(&u->path);
    slip_buf_release(&u->link);
}

/* Names are untrusted: no control bytes, no end of the terminal. */
static void show(struct slip_unpack *u, const char *name)
{
    size_t n = 0;

    for (; name[n] && n < sizeof u->shown - 1; n++)
        u->shown[n] = (unsigned char)name[n] < 0x20 || name[n] == 0x7f ? '?' : name[n];
    u->shown[n] = '\0';
}

static int write_body(struct slip_unpack *u, struct slip_untar *from, int fd,
                      const struct slip_tar_entry *e, struct slip_error *err)
{
    const char *p;
    size_t n;
    int rc;

    while ((rc = slip_untar_data(from, &p, &n, err)) > 0)
        if (p ? slip_write_all(fd, p, n) < 0 : lseek(fd, (off_t)n, SEEK_CUR) < 0)
            return slip_unpack_fail(u, "write", err);
    if (rc == 0 && e->sparse && ftruncate(fd, (off_t)e->size) < 0) /* it may end in a hole */
        return slip_unpack_fail(u, "write", err);
    return rc;
}

/* A new file, never one that is there. */
static int create(struct slip_unpack *u, int parent, const char *name, struct slip_error *err)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(parent, name, flags, 0600);

    if (fd < 0 && errno == EEXIST) {
        if (slip_unpack_clear(u, parent, name, err) < 0)
            return -1;
        fd = openat(parent, name, flags, 0600);
    }
    return fd < 0 ? slip_unpack_fail(u, "create", err) : fd;
}

static int put_file(struct slip_unpack *u, struct slip_untar *from, int parent, const char *name,
                    const struct slip_tar_entry *e, struct slip_error *err)
{
    slip_cleanup(slip_closep) int fd = create(u, parent, name, err);

    if (fd < 0 || write_body(u, from, fd, e, err) < 0)
        return -1;
    return slip_unpack_meta(u, fd, e, err);
}

static int put_symlink(struct slip_unpack *u, int parent, const char *name,
                       const struct slip_tar_entry *e, struct slip_error *err)
{
    if (!*e->link || strlen(e->link) >= PATH_MAX)
        return slip_unpack_refuse(u, "is a link to no possible name", err);
    if (slip_unpack_clear(u, parent, name, err) < 0)
        return -1;
    if (symlinkat(e->link, parent, name) < 0)
        return slip_unpack_fail(u, "make the link", err);
    return slip_unpack_meta_at(u, parent, name, e, err);
}

/* Where devices cannot be made, a file with a note stands for one (owner.h). */
static int put_device_note(struct slip_unpack *u, int parent, const char *name,
                           const struct slip_tar_entry *e, struct slip_error *err)
{
    const struct slip_owner owner = { e->uid, e->gid, e->mode, e->rdev };
    slip_cleanup(slip_closep) int fd = create(u, parent, name, err);

    if (fd < 0)
        return -1;
    if (slip_owner_set(fd, &owner) < 0 || fchmod(fd, e->mode & 07777) < 0)
        return slip_unpack_fail(u, "note the device", err);
    return 0;
}

static int put_node(struct slip_unpack *u, int parent, const char *name,
                    const struct slip_tar_entry *e, struct slip_error *err)
{
    bool device = !S_ISFIFO(e->mode);

    if (S_ISCHR(e->mode) && e->rdev == makedev(0, 0))
        return slip_unpack_refuse(u, "is a character device 0:0, which would remove a file", err);
    if (device && u->options->emulated)
        return put_device_note(u, parent, name, e, err);
    if (slip_unpack_clear(u, parent, name, err) < 0)
        return -1;
    if (mknodat(parent, name, (e->mode & S_IFMT) | 0600, e->rdev) < 0) {
        if (device && errno == EPERM) /* in a user namespace */
            return put_device_note(u, parent, name, e, err);
        return slip_unpack_fail(u, "make", err);
    }
    return slip_unpack_meta_at(u, parent, name, e, err);
}

/* An empty file stands for a link to what only the layers below may have. */
static int owe_link(struct slip_unpack *u, int parent, const char *name, const char *target,
                    struct slip_error *err)
{
    slip_cleanup(slip_closep) int fd = create(u, parent, name, err);
    slip_cleanup(slip_freep) char *path = slip_debts_path(u->root, parent, name);

    if (fd < 0)
        return -1;
    if (!path || slip_debts_add_link(u->options->debts, path, target, fd) < 0)
        return slip_unpack_fail(u, "make the hard link", err);
    return 0;
}

static int put_hardlink(struct slip_unpack *u, int parent, const char *name,
                        const struct slip_tar_entry *e, struct slip_error *err)
{
    struct slip_debts *debts = u->options->debts;
    struct stat to, here;

    if (slip_unpack_clean(u, e->link, &u->link, err) < 0)
        return slip_error_context(err, "target of a hard link");
    const char *base = slip_path_base(u->link.data), *owed;
    slip_cleanup(slip_freep) char *dir = slip_xstrndup(u->link.data, (size_t)(base - u->link.data));
    slip_cleanup(slip_closep) int from = slip_open_beneath(u->root, dir, O_PATH | O_DIRECTORY, 0);
    if (*base && debts && (from < 0 || fstatat(from, base, &to, AT_SYMLINK_NOFOLLOW) < 0))
        return owe_link(u, parent, name, u->link.data, err);
    if (!*base || from < 0 || fstatat(from, base, &to, AT_SYMLINK_NOFOLLOW) < 0)
        return slip_unpack_refuse(u, "is a hard link to a name that is not in the archive", err);
    if (S_ISDIR(to.st_mode) || slip_unpack_is_whiteout(&to))
        return slip_unpack_refuse(u, "is a hard link to something that cannot have any", err);
    if (fstatat(parent, name, &here, AT_SYMLINK_NOFOLLOW) == 0 && here.st_ino == to.st_ino &&
        here.st_dev == to.st_dev)
        return 0;
    if (debts && (owed = slip_debts_target(debts, &to)))
        return owe_link(u, parent, name, owed, err);
    if (slip_unpack_clear(u, parent, name, err) < 0)
        return -1;
    /* Flags 0: a link to a symbolic link is one, it is not followed. Owner, mode and times are the
     * first name's; what the entry says of them is ignored. */
    if (linkat(from, base, parent, name, 0) < 0)
        return slip_unpack_fail(u, "make the hard link", err);
    return 0;
}

static int put_dir(struct slip_unpack *u, int parent, const char *name,
                   const struct slip_tar_entry *e, struct slip_error *err)
{
    if (slip_unpack_mkdir(u, parent, name, err) < 0 || slip_unpack_own(u, parent, name, err) < 0)
        return -1;
    return slip_unpack_meta_later(u, parent, name, e, err);
}

static int put(struct slip_unpack *u, struct slip_untar *from, int parent, const char *name,
               const struct slip_tar_entry *e, struct slip_error *err)
{
    if (e->hardlink)
        return put_hardlink(u, parent, name, e, err);
    switch (e->mode & S_IFMT) {
    case S_IFREG:
        return put_file(u, from, parent, name, e, err);
    case S_IFLNK:
        return put_symlink(u, parent, name, e, err);
    case S_IFDIR:
        return put_dir(u, parent, name, e, err);
    default:
        return put_node(u, parent, name, e, err);
    }
}

static int check_limits(struct slip_unpack *u, const struct slip_tar_entry *e,
                        struct slip_error *err)
{
    if (slip_unpack_count(u, err) < 0)
        return -1;
    if (e->size > u->options->max_bytes - u->bytes)
        return slip_unpack_refuse(u, "is more than the archive may unpack to", err);
    u->bytes += e->size;
    return 0;
}

/* aufs kept its own state in names that begin with .wh..wh.; nothing in them is for us. Any other
 * directory called .wh.* is nothing that a layer can have. 1: skip. 0: go on. -1. */
static int check_marks(const struct slip_unpack *u, const struct slip_tar_entry *e,
                       const char *base, struct slip_error *err)
{
    for (const char *p = u->path.data; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL) {
        if (!slip_starts_with(p, ".wh."))
            continue;
        bool last = p == base;
        if (slip_starts_with(p, ".wh..wh.") && !(last && strcmp(p, ".wh..wh..opq") == 0))
            return 1;
        if (!last || !S_ISREG(e->mode))
            return slip_unpack_refuse(u, "is no whiteout, but is called like one", err);
    }
    return 0;
}

static int apply_entry(struct slip_unpack *u, struct slip_untar *from,
                       const struct slip_tar_entry *e, struct slip_error *err)
{
    show(u, e->path);
    if (check_limits(u, e, err) < 0 || slip_unpack_clean(u, e->path, &u->path, err) < 0)
        return -1;
    if (!*u->path.data) { /* the root itself */
        if (!S_ISDIR(e->mode))
            return slip_unpack_refuse(u, "is the root, and not a directory", err);
        return u->options->keep_root ? 0 : slip_unpack_meta_later(u, u->root, ".", e, err);
    }
    const char *name = slip_path_base(u->path.data);
    int skip = check_marks(u, e, name, err);
    if (skip)
        return skip < 0 ? -1 : 0;
    size_t above = name > u->path.data ? (size_t)(name - u->path.data) - 1 : 0;
    slip_cleanup(slip_freep) char *dir = slip_xstrndup(u->path.data, above);
    int parent = slip_unpack_parent(u, dir, err);
    if (parent < 0)
        return -1;
    if (slip_starts_with(name, ".wh."))
        return slip_unpack_mark(u, parent, name, dir, err);
    if (!u->options->overlay && slip_unpack_remember(u, u->path.data, err) < 0)
        return -1;
    slip_unpack_note(u, u->path.data);
    return put(u, from, parent, name, e, err);
}

/* The most that a tar within the limits can be. */
static uint64_t stream_limit(const struct slip_apply_options *o)
{
    uint64_t headers =
        o->max_entries > UINT64_MAX / ENTRY_OVERHEAD ? UINT64_MAX : o->max_entries * ENTRY_OVERHEAD;

    return headers > UINT64_MAX - o->max_bytes ? UINT64_MAX : headers + o->max_bytes;
}

int slip_apply(int fd, int root, const struct slip_apply_options *options,
               struct slip_digest *ret_diff_id, struct slip_error *err)
{
    struct slip_apply_options o = *options;
    slip_cleanup(unpack_release) struct slip_unpack u = { .root = root, .options = &o };
    struct slip_tar_entry entry;
    struct slip_digest diff_id;
    int rc;

    o.max_bytes = o.max_bytes ? o.max_bytes : DEFAULT_BYTES;
    o.max_entries = o.max_entries ? o.max_entries : DEFAULT_ENTRIES;
    slip_cleanup(slip_untar_freep) struct slip_untar *from =
        slip_untar_open(fd, stream_limit(&o), ret_diff_id, err);
    if (!from)
        return -1;
    /* A layer that does not speak of the root leaves it as everybody expects one. */
    if (o.overlay && fchmodat(root, ".", 0755, 0) < 0)
        return slip_fail_errno(err, "cannot set the mode of the root");
    while ((rc = slip_untar_next(from, &entry, err)) > 0)
        if (apply_entry(&u, from, &entry, err) < 0)
            return -1;
    if (rc < 0 || slip_unpack_meta_finish(&u, err) < 0 ||
        slip_untar_drain(from, u.bytes, ret_diff_id ? &diff_id : NULL, err) < 0)
        return -1;
    if (o.debts)
        o.debts->bytes = o.max_bytes - u.bytes;
    if (ret_diff_id)
        *ret_diff_id = diff_id;
    return 0;
}
