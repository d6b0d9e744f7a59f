#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "layer/debts.h"
#include "layer/unpack.h"
#include "util/fs.h"
#include "util/mem.h"

#define MAX_DEPTH 256
#define MAX_REMEMBERED ((size_t)256 << 20)
#define REMEMBER_OVERHEAD 64u /* of one path, about */

int slip_unpack_refuse(const struct slip_unpack *u, const char *why, struct slip_error *err)
{
    return slip_fail(err, SLIP_EINPUT, "'%s' %s", u->shown, why);
}

int slip_unpack_fail(const struct slip_unpack *u, const char *what, struct slip_error *err)
{
    return slip_fail_errno(err, "cannot %s '%s'", what, u->shown);
}

int slip_unpack_count(struct slip_unpack *u, struct slip_error *err)
{
    if (++u->entries <= u->options->max_entries)
        return 0;
    return slip_fail(err, SLIP_EINPUT, "the archive has more than %llu entries",
                     (unsigned long long)u->options->max_entries);
}

int slip_unpack_remember(struct slip_unpack *u, const char *path, struct slip_error *err)
{
    u->remembered += strlen(path) + REMEMBER_OVERHEAD;
    return u->remembered > MAX_REMEMBERED
               ? slip_fail(err, SLIP_EINPUT, "the archive has too many long names")
               : 0;
}

int slip_unpack_clean(const struct slip_unpack *u, const char *name, struct slip_buf *ret,
                      struct slip_error *err)
{
    int depth = 0;

    slip_buf_clear(ret);
    if (!*name)
        return slip_unpack_refuse(u, "has an empty name", err);
    for (const char *p = name; *p;) {
        size_t n = strcspn(p, "/");
        if (n > NAME_MAX)
            return slip_unpack_refuse(u, "has a name of more than 255 bytes", err);
        if (n == 2 && memcmp(p, "..", 2) == 0)
            return slip_unpack_refuse(u, "has '..' in its name", err);
        if (n && !(n == 1 && *p == '.')) {
            if (++depth > MAX_DEPTH || ret->len + n + 2 > PATH_MAX)
                return slip_unpack_refuse(u, "lies too deep", err);
            if (ret->len)
                slip_buf_putc(ret, '/');
            slip_buf_put(ret, p, n);
        }
        p += n + (p[n] == '/');
    }
    slip_buf_puts(ret, ""); /* a string, even when it is the root */
    return 0;
}

static void forget(struct slip_unpack *u)
{
    for (size_t i = 0; i < SLIP_UNPACK_DIRS; i++) {
        if (u->cache[i].path)
            (void)close(u->cache[i].fd);
        free(SLIP_TAKE_PTR(u->cache[i].path));
    }
    u->stale = false;
}

void slip_unpack_release_places(struct slip_unpack *u)
{
    forget(u);
    slip_map_release(&u->made);
    slip_map_release(&u->purged);
}

int slip_unpack_own(struct slip_unpack *u, int parent, const char *name, struct slip_error *err)
{
    if (!u->options->debts || !u->options->debts->dirs.n)
        return 0;
    slip_cleanup(slip_freep) char *where = slip_debts_path(u->root, parent, name);
    if (!where)
        return slip_unpack_fail(u, "find the directory of", err);
    slip_debts_drop_dir(u->options->debts, where);
    return 0;
}

void slip_unpack_note(struct slip_unpack *u, const char *path)
{
    if (u->options->overlay)
        return; /* everything there is the archive's own */
    slip_cleanup(slip_freep) char *at = slip_xstrdup(path);
    for (char *slash = at; slash && *at && !slip_map_get(&u->made, at);) {
        slip_map_set(&u->made, at, u);
        if ((slash = strrchr(at, '/')))
            *slash = '\0';
    }
}

int slip_unpack_clear(struct slip_unpack *u, int parent, const char *name, struct slip_error *err)
{
    struct stat st;

    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : slip_unpack_fail(u, "replace", err);
    u->stale = true;
    if (slip_remove_tree(parent, name, err) < 0)
        return slip_error_context(err, "cannot replace '%s'", u->shown);
    return !S_ISDIR(st.st_mode);
}

int slip_unpack_mkdir(struct slip_unpack *u, int parent, const char *name, struct slip_error *err)
{
    struct stat st;

    if (mkdirat(parent, name, 0700) == 0)
        return 0;
    if (errno != EEXIST || fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return slip_unpack_fail(u, "make directory", err);
    if (S_ISDIR(st.st_mode))
        return 0;
    int hid = slip_unpack_clear(u, parent, name, err);
    if (hid < 0)
        return -1;
    if (mkdirat(parent, name, 0700) < 0)
        return slip_unpack_fail(u, "make directory", err);
    /* What was here hid a directory of the layers below; the new one must go on hiding it. */
    if (!hid || !u->options->overlay)
        return 0;
    return slip_unpack_set_opaque(u, parent, name, err) < 0 ? -1 : 1;
}

static bool is_missing(void)
{
    return errno == ENOENT || errno == ENOTDIR;
}

/* A directory that no entry has told about: 0755, root's. */
static int make_implied(struct slip_unpack *u, const char *path, struct slip_error *err)
{
    const char *name;
    slip_cleanup(slip_closep) int parent = slip_open_parent(u->root, path, &name);

    if (parent < 0)
        return slip_unpack_fail(u, "find the directory of", err);
    if (slip_unpack_count(u, err) < 0 || slip_unpack_remember(u, path, err) < 0)
        return -1;
    int cut = slip_unpack_mkdir(u, parent, name, err);
    if (cut < 0)
        return -1;
    slip_cleanup(slip_closep) int fd =
        openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fchmod(fd, 0755) < 0)
        return slip_unpack_fail(u, "make the directory of", err);
    if (!u->options->debts || cut)
        return 0;
    slip_cleanup(slip_freep) char *where = slip_debts_path(u->root, fd, "");
    if (!where)
        return slip_unpack_fail(u, "find the directory of", err);
    slip_debts_add_dir(u->options->debts, where);
    return 0;
}

/* Every part of `path` that is not a directory, nor a link to one, becomes a directory. */
static int make_parents(struct slip_unpack *u, const char *path, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *part = slip_xstrdup(path);

    for (char *end = part; end;) {
        end = strchr(end + 1, '/');
        if (end)
            *end = '\0';
        slip_cleanup(slip_closep) int fd =
            slip_open_in_root(u->root, part, O_PATH | O_DIRECTORY, 0);
        if (fd < 0 && (is_missing() ? make_implied(u, part, err)
                                    : slip_unpack_fail(u, "find the directory of", err)) < 0)
            return -1;
        if (end)
            *end = '/';
    }
    return 0;
}

static size_t slot_of(const char *path)
{
    size_t h = 5381;

    while (*path)
        h = h * 33 + (unsigned char)*path++;
    return h % SLIP_UNPACK_DIRS;
}

int slip_unpack_parent(struct slip_unpack *u, const char *path, struct slip_error *err)
{
    if (u->stale)
        forget(u);
    size_t i = slot_of(path);
    if (u->cache[i].path && strcmp(u->cache[i].path, path) == 0)
        return u->cache[i].fd;
    int fd = slip_open_in_root(u->root, path, O_PATH | O_DIRECTORY, 0);
    if (fd < 0 && is_missing()) {
        if (make_parents(u, path, err) < 0)
            return -1;
        fd = slip_open_in_root(u->root, path, O_PATH | O_DIRECTORY, 0);
    }
    if (fd < 0)
        return slip_unpack_fail(u, "find the directory of", err);
    if (u->stale)
        forget(u);
    if (u->cache[i].path)
        (void)close(u->cache[i].fd);
    free(u->cache[i].path);
    u->cache[i].path = slip_xstrdup(path);
    u->cache[i].fd = fd;
    return fd;
}
