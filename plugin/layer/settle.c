/* settle.c - what an unpacked layer owes is looked up in the layers below it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "layer/debts.h"
#include "layer/unpack.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

#define LIST_MAX 65536
#define VALUE_MAX 65536

struct settling {
    struct slip_debts *debts;
    int root, lower; /* borrowed */
    const struct slip_apply_options *options;
    struct slip_map copied; /* targets to the links that hold them now */
};

static int fail_settle(const char *what, const char *path, struct slip_error *err)
{
    return slip_fail_errno(err, "cannot %s '%s'", what, path);
}

/* Directory `path` of the layer itself: links are not followed, for there are none in a debt. */
static int open_own(const struct settling *s, const char *path)
{
    return slip_open_beneath(s->root, path, O_RDONLY | O_DIRECTORY, 0);
}

static char *dirname_of(const char *path)
{
    size_t n = (size_t)(slip_path_base(path) - path);

    return slip_xstrndup(path, n ? n - 1 : 0);
}

static int copy_xattrs(int from, int to)
{
    slip_cleanup(slip_freep) char *names = slip_xmalloc(LIST_MAX);
    slip_cleanup(slip_freep) char *value = slip_xmalloc(VALUE_MAX);
    ssize_t n = flistxattr(from, names, LIST_MAX);

    if (n < 0)
        return errno == EOPNOTSUPP ? 0 : -1;
    for (const char *name = names; name < names + n; name += strlen(name) + 1) {
        if (slip_starts_with(name, "trusted.overlay.") || slip_starts_with(name, "user.overlay."))
            continue;
        ssize_t len = fgetxattr(from, name, value, VALUE_MAX);
        if (len >= 0 && fsetxattr(to, name, value, (size_t)len, 0) < 0 && errno != EPERM &&
            errno != EOPNOTSUPP)
            return -1;
    }
    return 0;
}

/* Owner, mode, attributes and time of a file or directory, from a layer below to this one. */
static int copy_meta(const struct settling *s, int from, int to, const char *path,
                     struct slip_error *err)
{
    struct stat st;

    if (fstat(from, &st) < 0 || (!s->options->emulated && fchown(to, st.st_uid, st.st_gid) < 0) ||
        fchmod(to, st.st_mode & 07777) < 0 || copy_xattrs(from, to) < 0 ||
        futimens(to, (const struct timespec[2]){ st.st_mtim, st.st_mtim }) < 0)
        return fail_settle("copy from the layers below what is said of", path, err);
    return 0;
}

/* A directory above `path` that hides what is below it makes `path` the layer's own. */
static bool is_hidden(const struct settling *s, const char *path)
{
    slip_cleanup(slip_freep) char *above = dirname_of(path);
    slip_cleanup(slip_closep) int fd = open_own(s, above);

    if (fd >= 0 && slip_unpack_is_opaque(fd))
        return true;
    return *above && is_hidden(s, above);
}

/* Where `path` leads in the layers below, links followed as far as they lead to a directory. NULL
 * when it cannot be told. */
static char *resolve(const struct settling *s, const char *path)
{
    slip_cleanup(slip_closep) int fd = slip_open_in_root(s->lower, path, O_PATH | O_DIRECTORY, 0);

    if (fd >= 0)
        return slip_debts_path(s->lower, fd, "");
    if (errno != ENOENT && errno != ENOTDIR)
        return NULL;
    slip_cleanup(slip_freep) char *above = dirname_of(path);
    slip_cleanup(slip_freep) char *to = *above ? resolve(s, above) : slip_xstrdup("");
    return to ? slip_xasprintf("%s%s%s", to, *to ? "/" : "", slip_path_base(path)) : NULL;
}

/* 1: `path` of the layer has now what the same directory below says of it. 0: there is none. -1. */
static int take_meta(const struct settling *s, const char *path, const char *below,
                     struct slip_error *err)
{
    slip_cleanup(slip_closep) int to = open_own(s, path);
    slip_cleanup(slip_closep) int from =
        slip_open_beneath(s->lower, below, O_RDONLY | O_DIRECTORY, 0);

    if (to < 0 || from < 0)
        return 0; /* replaced by a later entry; or nothing below */
    return copy_meta(s, from, to, path, err) < 0 ? -1 : 1;
}

/* Directory `path` in the layer, made like those below. fd; -1 with *err empty when the layer has
 * something else there. */
static int make_like_below(const struct settling *s, const char *path, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *part = slip_xstrdup(path);

    for (char *end = part; end;) {
        if ((end = strchr(end, '/')))
            *end = '\0';
        slip_cleanup(slip_freep) char *above = dirname_of(part);
        slip_cleanup(slip_closep) int parent = open_own(s, above);
        if (parent < 0)
            return -1;
        if (mkdirat(parent, slip_path_base(part), 0755) == 0) {
            if (take_meta(s, part, part, err) < 0)
                return -1;
        } else if (errno != EEXIST) {
            return fail_settle("make directory", part, err);
        }
        if (end)
            *end++ = '/';
    }
    return open_own(s, path);
}

static int merge(const struct settling *s, int from, int to, struct slip_error *err);

/* Both directories have `name`. */
static int merge_one(const struct settling *s, int from, int to, const char *name,
                     struct slip_error *err)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    slip_cleanup(slip_closep) int old = openat(from, name, flags);
    slip_cleanup(slip_closep) int new = openat(to, name, flags);
    struct stat st;

    if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return fail_settle("merge", name, err);
    if (old >= 0 && new >= 0)
        return merge(s, old, new, err);
    if (slip_unpack_is_whiteout(&st)) /* what is there hides it as well */
        return 0;
    if (slip_remove_tree(to, name, err) < 0)
        return -1;
    return renameat(from, name, to, name) < 0 ? fail_settle("move", name, err) : 0;
}

/* Moves everything from one directory of the layer into another. */
static int merge(const struct settling *s, int from, int to, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    bool opaque = slip_unpack_is_opaque(to);
    struct stat st;

    if (slip_unpack_is_opaque(from) && !opaque) {
        if (slip_unpack_make_opaque(s->options, to, err) < 0)
            return -1;
        opaque = true;
    }
    if (slip_list_dir(from, ".", &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        const char *name = names.v[i];
        bool idle = opaque && fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                    slip_unpack_is_whiteout(&st);
        if (idle || renameat2(from, name, to, name, RENAME_NOREPLACE) == 0)
            continue;
        if (errno != EEXIST)
            return fail_settle("move", name, err);
        if (merge_one(s, from, to, name, err) < 0)
            return -1;
    }
    return 0;
}

/* The layers below have a link to directory `to` where this layer implied a directory. */
static int move_dir(const struct settling *s, const char *path, const char *to,
                    struct slip_error *err)
{
    slip_cleanup(slip_freep) char *above = dirname_of(path);
    slip_cleanup(slip_closep) int parent = open_own(s, above);
    slip_cleanup(slip_closep) int from = open_own(s, path);

    if (from < 0 || parent < 0 || is_hidden(s, to))
        return 0;
    slip_cleanup(slip_closep) int into = make_like_below(s, to, err);
    if (into < 0)
        return err->code ? -1 : 0;
    if (merge(s, from, into, err) < 0)
        return -1;
    return slip_remove_tree(parent, slip_path_base(path), err);
}

static int settle_dirs(const struct settling *s, struct slip_error *err)
{
    const struct slip_map *dirs = &s->debts->dirs;

    for (int moving = 0; moving < 2; moving++)
        for (size_t i = 0; i < dirs->n; i++) {
            const char *path = dirs->entries[i].key;
            if (!dirs->entries[i].value || is_hidden(s, path))
                continue;
            slip_cleanup(slip_freep) char *to = resolve(s, path);
            if (!to)
                return fail_settle("find in the layers below", path, err);
            bool elsewhere = strcmp(to, path) != 0;
            if (moving ? elsewhere && move_dir(s, path, to, err) < 0
                       : take_meta(s, path, to, err) < 0)
                return -1;
        }
    return 0;
}

static int refuse_link(const struct slip_debt_link *link, const char *why, struct slip_error *err)
{
    return slip_fail(err, SLIP_EINPUT, "'%s' is a hard link to %s", link->path, why);
}

/* Replaces the empty file by a link to what is `first` in the layer. */
static int link_again(const struct settling *s, int dir, const char *name, const char *first,
                      struct slip_error *err)
{
    slip_cleanup(slip_freep) char *above = dirname_of(first);
    slip_cleanup(slip_closep) int from = open_own(s, above);

    if (from < 0 || unlinkat(dir, name, 0) < 0 ||
        linkat(from, slip_path_base(first), dir, name, 0) < 0)
        return fail_settle("make the hard link", name, err);
    return 0;
}

static int copy_file(const struct settling *s, int from, int dir, const char *name,
                     const struct stat *st, struct slip_error *err)
{
    /* Without the right to override modes, the empty file must be opened up first. */
    int opened = fchmodat(dir, name, 0600, 0);
    slip_cleanup(slip_closep) int to =
        opened < 0 ? -1 : openat(dir, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

    if ((uint64_t)st->st_size > s->debts->bytes)
        return slip_fail(err, SLIP_EINPUT, "'%s' is more than the archive may unpack to", name);
    s->debts->bytes -= (uint64_t)st->st_size;
    if (to < 0)
        return fail_settle("open", name, err);
    if (slip_copy_fd(from, to, err) < 0)
        return slip_error_context(err, "cannot copy '%s'", name);
    return copy_meta(s, from, to, name, err);
}

static int copy_link(const struct settling *s, int from, const char *base, int dir,
                     const char *name, const struct stat *st, struct slip_error *err)
{
    char to[PATH_MAX];
    ssize_t n = readlinkat(from, base, to, sizeof to - 1);

    if (n < 0)
        return fail_settle("read the link", base, err);
    to[n] = '\0';
    if (unlinkat(dir, name, 0) < 0 || symlinkat(to, dir, name) < 0 ||
        (!s->options->emulated &&
         fchownat(dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0))
        return fail_settle("copy the link", name, err);
    return 0;
}

static int settle_link(struct settling *s, const struct slip_debt_link *link,
                       struct slip_error *err)
{
    const char *name = slip_path_base(link->path), *base = slip_path_base(link->target);
    slip_cleanup(slip_freep) char *above = dirname_of(link->path);
    slip_cleanup(slip_freep) char *beside = dirname_of(link->target);
    slip_cleanup(slip_closep) int dir = open_own(s, above);
    const char *first = slip_map_get(&s->copied, link->target);
    struct stat st;

    if (dir < 0 || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        slip_debts_target(s->debts, &st) != link->target)
        return 0; /* a later entry took its place */
    if (first)
        return link_again(s, dir, name, first, err);
    slip_map_set(&s->copied, link->target, link->path);
    slip_cleanup(slip_closep) int from =
        slip_open_in_root(s->lower, beside, O_PATH | O_DIRECTORY, 0);
    if (from < 0 || fstatat(from, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return refuse_link(link, "a name that is neither in the archive nor below it", err);
    if (S_ISLNK(st.st_mode))
        return copy_link(s, from, base, dir, name, &st, err);
    if (!S_ISREG(st.st_mode))
        return refuse_link(link, "something that cannot have any", err);
    slip_cleanup(slip_closep) int fd =
        openat(from, base, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return fail_settle("open", link->target, err);
    return copy_file(s, fd, dir, name, &st, err);
}

int slip_debts_settle(struct slip_debts *debts, int root, int lower,
                      const struct slip_apply_options *options, struct slip_error *err)
{
    struct settling s = { .debts = debts, .root = root, .lower = lower, .options = options };
    int rc = 0;

    for (size_t i = 0; i < debts->nlinks && rc == 0; i++)
        rc = settle_link(&s, &debts->links[i], err);
    slip_map_release(&s.copied);
    return rc < 0 ? -1 : settle_dirs(&s, err);
}
