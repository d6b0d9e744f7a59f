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

static bool is_whiteout(const struct stat *st)
{
    return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

int slip_unpack_set_opaque(const struct slip_unpack *u, int parent, const char *name,
                           struct slip_error *err)
{
    const char *mark = u->options->userxattr ? "user.overlay.opaque" : "trusted.overlay.opaque";
    slip_cleanup(slip_closep) int fd =
        openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0 || fsetxattr(fd, mark, "y", 1, 0) < 0)
        return slip_unpack_fail(u, "mark as opaque the directory of", err);
    return 0;
}

/* overlayfs shows plain whiteouts that stand in an opaque directory. */
static int drop_whiteouts(const struct slip_unpack *u, int dir, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    struct stat st;

    if (slip_list_dir(dir, ".", &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++)
        if (fstatat(dir, names.v[i], &st, AT_SYMLINK_NOFOLLOW) == 0 && is_whiteout(&st) &&
            unlinkat(dir, names.v[i], 0) < 0)
            return slip_unpack_fail(u, "apply", err);
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

static int is_opaque(int dir)
{
    slip_cleanup(slip_closep) int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char value;

    return fd >= 0 && (fgetxattr(fd, "trusted.overlay.opaque", &value, 1) == 1 ||
                       fgetxattr(fd, "user.overlay.opaque", &value, 1) == 1);
}

/* Hides what the layers below have in this directory. overlayfs would show plain whiteouts that
 * stand in an opaque directory, so they go. */
static int make_opaque(struct slip_unpack *u, int parent, const char *name, struct slip_error *err)
{
    slip_cleanup(slip_closep) int dir =
        openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (dir < 0)
        return slip_unpack_fail(u, "open", err);
    if (is_opaque(dir))
        return 0;
    return slip_unpack_set_opaque(u, dir, ".", err) < 0 ? -1 : drop_whiteouts(u, dir, err);
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
        return S_ISDIR(st.st_mode) ? make_opaque(u, parent, name, err) : 0;
    if (is_opaque(parent))
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
