#include "layer/diff.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "layer/attrs.h"
#include "util/fs.h"
#include "util/mem.h"

#define COMPARE_CHUNK ((size_t)128 << 10)
#define MAX_DEPTH 1000

/* A file with several names in the upper directory. */
struct name {
    dev_t dev;
    ino_t ino;
    size_t entry;
};

struct diff {
    int upper; /* borrowed */
    const struct slip_diff_options *options;
    struct slip_tree tree; /* owned until it is handed over */
    struct name *names;    /* owned */
    size_t nnames, names_cap;
    int depth;
};

static void diff_release(struct diff *d)
{
    slip_tree_release(&d->tree);
    free(d->names);
}

static bool is_whiteout(const struct stat *st)
{
    return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

static int64_t clamp(const struct diff *d, const struct stat *st)
{
    return st->st_mtim.tv_sec > d->options->epoch ? d->options->epoch : st->st_mtim.tv_sec;
}

static void add_whiteout(struct diff *d, const char *path)
{
    struct slip_entry *e = slip_tree_add(&d->tree, path, S_IFREG);

    e->whiteout = true;
    e->mtime = d->options->epoch;
}

static struct slip_entry *add(struct diff *d, const char *path, const struct stat *st,
                              const struct slip_owner *owner)
{
    struct slip_entry *e = slip_tree_add(&d->tree, path, st->st_mode);

    e->root = d->upper;
    e->uid = owner->uid;
    e->gid = owner->gid;
    e->mtime = clamp(d, st);
    e->rdev = S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode) ? st->st_rdev : 0;
    e->size = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0;
    if (S_ISREG(st->st_mode) && (S_ISCHR(owner->mode) || S_ISBLK(owner->mode))) {
        e->mode = (owner->mode & S_IFMT) | (st->st_mode & 07777); /* a note of a device */
        e->rdev = owner->rdev;
        e->size = 0;
    }
    return e;
}

/* The owner as the image shall say it. */
static struct slip_owner owner_of(const struct diff *d, const struct stat *st,
                                  const struct slip_attrs *attrs)
{
    if (!d->options->emulated)
        return (struct slip_owner){ .uid = st->st_uid, .gid = st->st_gid };
    return attrs ? attrs->owner : (struct slip_owner){ 0 };
}

static bool same_meta(const struct diff *d, const struct stat *a, const struct slip_attrs *aa,
                      const struct stat *b, const struct slip_attrs *ba)
{
    struct slip_owner x = owner_of(d, a, aa), y = owner_of(d, b, ba);

    return a->st_mode == b->st_mode && x.uid == y.uid && x.gid == y.gid && x.mode == y.mode &&
           x.rdev == y.rdev && slip_attrs_equal(aa, ba);
}

/* 1, 0, -1 with errno. */
static int same_bytes(int a, int b)
{
    slip_cleanup(slip_freep) char *x = slip_xmalloc(2 * COMPARE_CHUNK);
    char *y = x + COMPARE_CHUNK;

    for (;;) {
        ssize_t n = slip_read_full(a, x, COMPARE_CHUNK), m = slip_read_full(b, y, COMPARE_CHUNK);
        if (n < 0 || m < 0)
            return -1;
        if (n != m || memcmp(x, y, (size_t)n) != 0)
            return 0;
        if (n == 0)
            return 1;
    }
}

/* A file that was copied up and is still what it was (after chown to the same owner, say). */
static int is_untouched(const struct diff *d, int fd, const struct stat *st,
                        const struct slip_attrs *attrs, int lower, const char *name,
                        struct slip_error *err)
{
    slip_cleanup(slip_attrs_release) struct slip_attrs below = SLIP_ATTRS_INIT;
    struct stat was;

    if (lower < 0 || st->st_nlink > 1 || fstatat(lower, name, &was, AT_SYMLINK_NOFOLLOW) < 0 ||
        !S_ISREG(was.st_mode) || was.st_size != st->st_size ||
        was.st_mtim.tv_sec != st->st_mtim.tv_sec || was.st_mtim.tv_nsec != st->st_mtim.tv_nsec)
        return 0;
    slip_cleanup(slip_closep) int before =
        openat(lower, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (before < 0)
        return slip_fail_errno(err, "cannot read '%s' below the changes", name);
    if (slip_attrs_read(&below, before, err) < 0)
        return -1;
    if (!same_meta(d, st, attrs, &was, &below))
        return 0;
    int same = same_bytes(fd, before);
    return same < 0 ? slip_fail_errno(err, "cannot compare '%s'", name) : same;
}

static int add_file(struct diff *d, int dir, const char *name, const char *path,
                    const struct stat *st, int lower, struct slip_error *err)
{
    slip_cleanup(slip_attrs_release) struct slip_attrs attrs = SLIP_ATTRS_INIT;
    slip_cleanup(slip_closep) int fd =
        openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat below;

    if (fd < 0)
        return slip_fail_errno(err, "cannot read '%s'", path);
    if (slip_attrs_read(&attrs, fd, err) < 0)
        return slip_error_context(err, "'%s'", path);
    if (attrs.whiteout && st->st_size == 0) {
        if (lower >= 0 && fstatat(lower, name, &below, AT_SYMLINK_NOFOLLOW) == 0)
            add_whiteout(d, path);
        return 0;
    }
    int untouched = is_untouched(d, fd, st, &attrs, lower, name, err);
    if (untouched)
        return untouched < 0 ? -1 : 0;
    const struct slip_owner owner = owner_of(d, st, &attrs);
    struct slip_entry *e = add(d, path, st, &owner);
    slip_attrs_give(&attrs, e);
    if (st->st_nlink > 1 && S_ISREG(e->mode)) {
        d->names = slip_xgrow(d->names, d->nnames, &d->names_cap, sizeof *d->names);
        d->names[d->nnames++] = (struct name){ st->st_dev, st->st_ino, d->tree.n - 1 };
    }
    return 0;
}

static int add_symlink(struct diff *d, int dir, const char *name, const char *path,
                       const struct stat *st, struct slip_error *err)
{
    char target[4097];
    ssize_t n = readlinkat(dir, name, target, sizeof target);
    const struct slip_owner owner = owner_of(d, st, NULL);

    if (n < 0 || (size_t)n == sizeof target)
        return slip_fail_errno(err, "cannot read the link '%s'", path);
    add(d, path, st, &owner)->link = slip_xstrndup(target, (size_t)n);
    return 0;
}

static int walk(struct diff *d, int dir, int lower, const char *path, struct slip_error *err);

/* 1: something is there that an opaque mark would hide. */
static int has_entries(int dir, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    return slip_list_dir(dir, ".", &names, err) < 0 ? -1 : names.n > 0;
}

static int add_dir(struct diff *d, int dir, const char *name, const char *path,
                   const struct stat *st, int lower, struct slip_error *err)
{
    slip_cleanup(slip_attrs_release) struct slip_attrs attrs = SLIP_ATTRS_INIT;
    slip_cleanup(slip_attrs_release) struct slip_attrs below = SLIP_ATTRS_INIT;
    slip_cleanup(slip_closep) int fd =
        openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    slip_cleanup(slip_closep) int was =
        lower < 0 ? -1 : openat(lower, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat before;
    bool same = false;
    int hides = 0;

    if (fd < 0)
        return slip_fail_errno(err, "cannot read '%s'", path);
    if (slip_attrs_read(&attrs, fd, err) < 0)
        return slip_error_context(err, "'%s'", path);
    if (was >= 0) {
        if (fstat(was, &before) < 0)
            return slip_fail_errno(err, "cannot read '%s' below the changes", path);
        if (slip_attrs_read(&below, was, err) < 0 ||
            (attrs.opaque && (hides = has_entries(was, err)) < 0))
            return -1;
        same = !hides && same_meta(d, st, &attrs, &before, &below);
    }
    const struct slip_owner owner = owner_of(d, st, &attrs);
    struct slip_entry *e = add(d, path, st, &owner);
    e->opaque = hides;
    slip_attrs_give(&attrs, e);
    size_t own = d->tree.n;
    if (walk(d, fd, attrs.opaque ? -1 : was, path, err) < 0)
        return -1;
    if (same && d->tree.n == own)
        slip_tree_drop_last(&d->tree);
    return 0;
}

static int add_any(struct diff *d, int dir, const char *name, const char *path, int lower,
                   struct slip_error *err)
{
    struct stat st, below;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return slip_fail_errno(err, "cannot read '%s'", path);
    if (d->options->keep && !d->options->keep(d->options->user, path, st.st_mode))
        return 0;
    if (is_whiteout(&st)) {
        if (lower >= 0 && fstatat(lower, name, &below, AT_SYMLINK_NOFOLLOW) == 0)
            add_whiteout(d, path);
        return 0;
    }
    if (S_ISREG(st.st_mode))
        return add_file(d, dir, name, path, &st, lower, err);
    if (S_ISDIR(st.st_mode))
        return add_dir(d, dir, name, path, &st, lower, err);
    if (S_ISLNK(st.st_mode))
        return add_symlink(d, dir, name, path, &st, err);
    if (!S_ISSOCK(st.st_mode)) {
        const struct slip_owner owner = owner_of(d, &st, NULL);
        add(d, path, &st, &owner);
    }
    return 0;
}

static int walk(struct diff *d, int dir, int lower, const char *path, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    if (d->depth == MAX_DEPTH)
        return slip_fail(err, SLIP_EINPUT, "'%.100s...' lies too deep", path);
    d->depth++;
    if (slip_list_dir(dir, ".", &names, err) < 0)
        return slip_error_context(err, "'/%s'", path);
    for (size_t i = 0; i < names.n; i++) {
        slip_cleanup(slip_freep) char *below =
            slip_xasprintf("%s%s%s", path, *path ? "/" : "", names.v[i]);
        if (add_any(d, dir, names.v[i], below, lower, err) < 0)
            return -1;
    }
    d->depth--;
    return 0;
}

static int by_file_then_path(const void *a, const void *b, void *entries)
{
    const struct name *x = a, *y = b;
    const struct slip_entry *e = entries;

    if (x->dev != y->dev)
        return x->dev < y->dev ? -1 : 1;
    if (x->ino != y->ino)
        return x->ino < y->ino ? -1 : 1;
    return strcmp(e[x->entry].path, e[y->entry].path);
}

/* Of several names of one file, the first in byte order is the file, the others link to it. */
static void link_names(struct diff *d)
{
    struct slip_entry *e = d->tree.entries;
    size_t first = 0;

    if (d->nnames)
        qsort_r(d->names, d->nnames, sizeof *d->names, by_file_then_path, e);
    for (size_t i = 1; i < d->nnames; i++) {
        if (d->names[i].dev != d->names[first].dev || d->names[i].ino != d->names[first].ino) {
            first = i;
            continue;
        }
        e[d->names[i].entry].hardlink = true;
        e[d->names[i].entry].link = slip_xstrdup(e[d->names[first].entry].path);
    }
}

int slip_diff(int upper, int lower, const struct slip_diff_options *options, struct slip_tree *ret,
              struct slip_error *err)
{
    slip_cleanup(diff_release) struct diff d = { .upper = upper, .options = options };
    slip_cleanup(slip_closep) int top = openat(upper, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (top < 0)
        return slip_fail_errno(err, "cannot read the changes");
    if (walk(&d, top, lower, "", err) < 0)
        return -1;
    link_names(&d);
    slip_tree_finish(&d.tree, options->epoch);
    *ret = d.tree;
    d.tree = SLIP_TREE_INIT;
    return 0;
}
