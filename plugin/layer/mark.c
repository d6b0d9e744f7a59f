#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "layer/unpack.h"
#include "util/fs.h"
#include "util/mem.h"

bool slip_unpack_is_whiteout(const struct stat *st)
{
    return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

static int set_opaque(const struct slip_apply_options *options, int dir)
{
    return fsetxattr(dir, options->userxattr ? "user.overlay.opaque" : "trusted.overlay.opaque",
                     "y", 1, 0);
}

int slip_unpack_set_opaque(const struct slip_unpack *u, int parent, const char *name,
                           struct slip_error *err)
{
    slip_cleanup(slip_closep) int fd =
        openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0 || set_opaque(u->options, fd) < 0)
        return slip_unpack_fail(u, "mark as opaque the directory of", err);
    return 0;
}

bool slip_unpack_is_opaque(int dir)
{
    char path[32], value;

    slip_fd_path(dir, path);
    return getxattr(path, "trusted.overlay.opaque", &value, 1) == 1 ||
           getxattr(path, "user.overlay.opaque", &value, 1) == 1;
}

int slip_unpack_make_opaque(const struct slip_apply_options *options, int dir,
                            struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    struct stat st;

    if (slip_unpack_is_opaque(dir))
        return 0;
    if (set_opaque(options, dir) < 0)
        return slip_fail_errno(err, "cannot mark a directory as opaque");
    if (slip_list_dir(dir, ".", &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++)
        if (fstatat(dir, names.v[i], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            slip_unpack_is_whiteout(&st) && unlinkat(dir, names.v[i], 0) < 0)
            return slip_fail_errno(err, "cannot remove a whiteout");
    return 0;
}

static int remove_old(struct slip_unpack *u, int parent, const char *name, const char *path,
                      struct slip_error *err);

/* Removes from `dir` (which is `path`) what this archive has not brought. Once is enough, and all
 * that keeps an archive of many marks from taking a time that is the square of its size. */
static int purge(struct slip_unpack *u, int dir, const char *path, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    char inode[48];
    struct stat st;

    if (fstat(dir, &st) < 0)
        return slip_unpack_fail(u, "apply", err);
    snprintf(inode, sizeof inode, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    if (slip_map_get(&u->purged, inode))
        return 0;
    slip_map_set(&u->purged, inode, u);
    if (slip_list_dir(dir, ".", &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        slip_cleanup(slip_freep) char *below =
            slip_xasprintf("%s%s%s", path, *path ? "/" : "", names.v[i]);
        if (remove_old(u, dir, names.v[i], below, err) < 0)
            return -1;
    }
    return 0;
}

/* Removes `name` (which is `path`), but nothing that this archive has brought. */
static int remove_old(struct slip_unpack *u, int parent, const char *name, const char *path,
                      struct slip_error *err)
{
    if (!slip_map_get(&u->made, path))
        return slip_unpack_clear(u, parent, name, err) < 0 ? -1 : 0;
    slip_cleanup(slip_closep) int dir =
        openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return dir < 0 ? 0 /* a file of this archive */ : purge(u, dir, path, err);
}

/* slip_unpack_make_opaque(), by name. */
static int make_opaque(struct slip_unpack *u, int parent, const char *name, struct slip_error *err)
{
    slip_cleanup(slip_closep) int dir =
        openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (dir < 0)
        return slip_unpack_fail(u, "open", err);
    return slip_unpack_make_opaque(u->options, dir, err) < 0
               ? slip_error_context(err, "'%s'", u->shown)
               : 0;
}

static int apply_opaque(struct slip_unpack *u, int parent, const char *dir, struct slip_error *err)
{
    if (u->options->overlay)
        return make_opaque(u, parent, ".", err);
    slip_unpack_note(u, dir);
    slip_cleanup(slip_closep) int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return slip_unpack_fail(u, "open", err);
    return purge(u, fd, dir, err);
}

/* In an overlay layer directory, everything that is there is this archive's: a file hides what is
 * below it anyway, a directory has to be told to. */
static int overlay_whiteout(struct slip_unpack *u, int parent, const char *name,
                            struct slip_error *err)
{
    struct stat st;

    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return !S_ISDIR(st.st_mode)                        ? 0
               : slip_unpack_own(u, parent, name, err) < 0 ? -1
                                                           : make_opaque(u, parent, name, err);
    if (slip_unpack_is_opaque(parent))
        return 0;
    if (mknodat(parent, name, S_IFCHR, makedev(0, 0)) < 0)
        return slip_unpack_fail(u, "make the whiteout", err);
    return 0;
}

int slip_unpack_mark(struct slip_unpack *u, int parent, const char *name, const char *dir,
                     struct slip_error *err)
{
    const char *gone = name + strlen(".wh.");

    if (strcmp(gone, ".wh..opq") == 0)
        return apply_opaque(u, parent, dir, err);
    if (!*gone || strcmp(gone, ".") == 0 || strcmp(gone, "..") == 0)
        return slip_unpack_refuse(u, "is a whiteout of no name", err);
    if (u->options->overlay)
        return overlay_whiteout(u, parent, gone, err);
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s%s%s", dir, *dir ? "/" : "", gone);
    return remove_old(u, parent, gone, path, err);
}
