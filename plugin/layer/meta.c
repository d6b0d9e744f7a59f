#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "layer/owner.h"
#include "layer/unpack.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

static void times_of(int64_t mtime, struct timespec ret[2])
{
    ret[0] = ret[1] = (struct timespec){ .tv_sec = mtime };
}

/* What an archive may not set: labels that this host's policy hands out, and our own notes. */
static bool is_ours(const char *name)
{
    static const char *const names[] = { "security.selinux",  "security.ima",    "security.evm",
                                         "security.apparmor", "system.nfs4_acl", SLIP_OWNER_XATTR };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Marks of overlayfs would be obeyed in a layer directory, and what is no such directory yet may
 * become one. Escaped, they are shown to the payload as what they were (Linux 6.7); older kernels
 * show nothing. The other family has no meaning. */
static char *safe_name(const struct slip_unpack *u, const char *name)
{
    static const char *const families[] = { "trusted.overlay.", "user.overlay." };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(families); i++)
        if (slip_starts_with(name, families[i])) {
            bool obeyed = (i == 1) == u->options->userxattr;
            return obeyed && u->options->overlay
                       ? slip_xasprintf("%soverlay.%s", families[i], name + strlen(families[i]))
                       : NULL;
        }
    return is_ours(name) ? NULL : slip_xstrdup(name);
}

/* Whether an attribute that could not be set may be left out: this file system or this user cannot
 * have it, as tar does; an ACL of nobody that is known here, or of nonsense. */
static bool may_lack(const char *name)
{
    return errno == EPERM || errno == EOPNOTSUPP ||
           (errno == EINVAL && slip_starts_with(name, "system.posix_acl_"));
}

/* `fd` may be O_PATH, also of a symbolic link: the link in /proc leads to it and no further. */
static int set_xattrs(const struct slip_unpack *u, int fd, const struct slip_tar_entry *e,
                      struct slip_error *err)
{
    char path[32];

    for (size_t i = 0; i < e->nxattrs; i++) {
        slip_cleanup(slip_freep) char *name = safe_name(u, e->xattrs[i].name);
        if (name &&
            setxattr(slip_fd_path(fd, path), name, e->xattrs[i].value, e->xattrs[i].len, 0) < 0 &&
            !may_lack(name))
            return slip_unpack_fail(u, "set an extended attribute of", err);
    }
    return 0;
}

static int fail_owner(const struct slip_unpack *u, struct slip_error *err)
{
    bool may_not = errno == EPERM || errno == EINVAL;

    slip_unpack_fail(u, "set the owner of", err);
    return may_not ? slip_error_hint(err, "this user may not own files as other users: subordinate "
                                          "ids (/etc/subuid) or root emulation are needed")
                   : -1;
}

/* The real owner, or a note of it. */
static int set_owner(const struct slip_unpack *u, int fd, const struct slip_tar_entry *e,
                     struct slip_error *err)
{
    const struct slip_owner owner = { e->uid, e->gid, e->mode, e->rdev };

    if (u->options->disown)
        return 0;
    if (!u->options->emulated)
        return fchown(fd, e->uid, e->gid) < 0 ? fail_owner(u, err) : 0;
    if ((e->uid || e->gid) && slip_owner_set(fd, &owner) < 0)
        return fail_owner(u, err);
    return 0;
}

int slip_unpack_meta(const struct slip_unpack *u, int fd, const struct slip_tar_entry *e,
                     struct slip_error *err)
{
    struct timespec times[2];

    /* chown clears set-user-id and capabilities, so it goes first. */
    if (set_owner(u, fd, e, err) < 0)
        return -1;
    if (fchmod(fd, e->mode & 07777) < 0)
        return slip_unpack_fail(u, "set the mode of", err);
    if (set_xattrs(u, fd, e, err) < 0)
        return -1;
    times_of(e->mtime, times);
    if (u->options->keep_times && futimens(fd, times) < 0)
        return slip_unpack_fail(u, "set the time of", err);
    return 0;
}

int slip_unpack_meta_at(const struct slip_unpack *u, int parent, const char *name,
                        const struct slip_tar_entry *e, struct slip_error *err)
{
    struct timespec times[2];
    char path[32];

    if (!u->options->emulated && !u->options->disown &&
        fchownat(parent, name, e->uid, e->gid, AT_SYMLINK_NOFOLLOW) < 0)
        return fail_owner(u, err);
    if (!S_ISLNK(e->mode) || e->nxattrs) {
        slip_cleanup(slip_closep) int fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            return slip_unpack_fail(u, "open", err);
        if (!S_ISLNK(e->mode) && chmod(slip_fd_path(fd, path), e->mode & 07777) < 0)
            return slip_unpack_fail(u, "set the mode of", err);
        if (set_xattrs(u, fd, e, err) < 0)
            return -1;
    }
    times_of(e->mtime, times);
    if (u->options->keep_times && utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) < 0)
        return slip_unpack_fail(u, "set the time of", err);
    return 0;
}

int slip_unpack_meta_later(struct slip_unpack *u, int parent, const char *name,
                           const struct slip_tar_entry *e, struct slip_error *err)
{
    slip_cleanup(slip_closep) int fd =
        openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return slip_unpack_fail(u, "open", err);
    if (set_xattrs(u, fd, e, err) < 0 || slip_unpack_remember(u, u->path.data, err) < 0)
        return -1;
    u->later = slip_xgrow(u->later, u->nlater, &u->later_cap, sizeof *u->later);
    u->later[u->nlater++] =
        (struct slip_unpack_dir){ slip_xstrdup(u->path.data), e->mode, e->uid, e->gid, e->mtime };
    return 0;
}

int slip_unpack_meta_finish(struct slip_unpack *u, struct slip_error *err)
{
    slip_cleanup(slip_map_release) struct slip_map done = SLIP_MAP_INIT;

    for (size_t i = u->nlater; i-- > 0;) {
        const struct slip_unpack_dir *d = &u->later[i];
        if (slip_map_get(&done, d->path))
            continue; /* what the archive says last counts */
        slip_map_set(&done, d->path, u);
        const struct slip_tar_entry e = {
            .path = d->path, .mode = d->mode, .uid = d->uid, .gid = d->gid, .mtime = d->mtime
        };
        slip_cleanup(slip_closep) int fd =
            slip_open_in_root(u->root, d->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
        if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
            continue; /* a later entry put something else there */
        snprintf(u->shown, sizeof u->shown, "%s", d->path);
        if (fd < 0)
            return slip_unpack_fail(u, "open", err);
        if (slip_unpack_meta(u, fd, &e, err) < 0)
            return -1;
    }
    return 0;
}
