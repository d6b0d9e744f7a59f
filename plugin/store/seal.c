#include "store/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "util/fs.h"
#include "util/mem.h"

#define PIECE ((size_t)256 << 10)
#define ATTRS_LIMIT ((size_t)64 << 10) /* as the kernel has it, for the list and for each */

struct seal {
    struct slip_sha256 sha;
    char *piece; /* owned, PIECE bytes; attributes and content pass through it */
};

static int add_attr(struct seal *s, const char *path, const char *name)
{
    ssize_t n = lgetxattr(path, name, s->piece, ATTRS_LIMIT);

    if (n < 0)
        return -1;
    slip_sha256_field(&s->sha, name);
    slip_sha256_number(&s->sha, (uint64_t)n);
    slip_sha256_update(&s->sha, s->piece, (size_t)n);
    return 0;
}

/* By name; those that belong to the machine and not to the file are left out. */
static int add_attrs(struct seal *s, const char *path, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    ssize_t n = llistxattr(path, s->piece, ATTRS_LIMIT);

    if (n < 0 && errno != ENOTSUP)
        return slip_fail_errno(err, "cannot list attributes");
    for (const char *p = s->piece; n > 0 && p < s->piece + n; p += strlen(p) + 1)
        if (strcmp(p, "security.selinux") != 0 && strcmp(p, "security.ima") != 0)
            slip_strv_add(&names, p);
    slip_strv_sort(&names);
    for (size_t i = 0; i < names.n; i++)
        if (add_attr(s, path, names.v[i]) < 0)
            return slip_fail_errno(err, "cannot read attribute '%s'", names.v[i]);
    slip_sha256_field(&s->sha, NULL);
    return 0;
}

static int add_content(struct seal *s, int fd, struct slip_error *err)
{
    ssize_t n;

    while ((n = slip_read_full(fd, s->piece, PIECE)) > 0)
        slip_sha256_update(&s->sha, s->piece, (size_t)n);
    return n < 0 ? slip_fail_errno(err, "cannot read") : 0;
}

static int add_dir(struct seal *s, int dir, struct slip_error *err);

/* What the entry holds: bytes, a target, or more entries. */
static int add_inside(struct seal *s, int parent, const char *name, const struct stat *st,
                      struct slip_error *err)
{
    bool is_dir = S_ISDIR(st->st_mode);

    if (S_ISLNK(st->st_mode)) {
        ssize_t n = readlinkat(parent, name, s->piece, PIECE);
        if (n < 0)
            return slip_fail_errno(err, "cannot read the link");
        slip_sha256_update(&s->sha, s->piece, (size_t)n);
        return 0;
    }
    if (!is_dir && !S_ISREG(st->st_mode))
        return 0;
    slip_cleanup(slip_closep) int fd =
        openat(parent, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (is_dir ? O_DIRECTORY : 0));
    if (fd < 0)
        return slip_fail_errno(err, "cannot open");
    return is_dir ? add_dir(s, fd, err) : add_content(s, fd, err);
}

static int add_entry(struct seal *s, int parent, const char *name, struct slip_error *err)
{
    char path[32];
    struct stat st;

    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return slip_fail_errno(err, "cannot look at it");
    slip_sha256_field(&s->sha, name);
    slip_sha256_number(&s->sha, st.st_mode);
    slip_sha256_number(&s->sha, st.st_uid);
    slip_sha256_number(&s->sha, st.st_gid);
    slip_sha256_number(&s->sha, st.st_rdev);
    slip_sha256_number(&s->sha, S_ISDIR(st.st_mode) ? 0 : (uint64_t)st.st_size);
    slip_cleanup(slip_freep) char *whole =
        slip_xasprintf("%s/%s", slip_fd_path(parent, path), name);
    return add_attrs(s, whole, err) < 0 ? -1 : add_inside(s, parent, name, &st, err);
}

static int add_dir(struct seal *s, int dir, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    if (slip_list_dir(dir, ".", &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++)
        if (add_entry(s, dir, names.v[i], err) < 0)
            return slip_error_context(err, "'%s'", names.v[i]);
    slip_sha256_field(&s->sha, NULL);
    return 0;
}

int slip_seal(int dir, struct slip_digest *ret, struct slip_error *err)
{
    struct seal s = { .piece = slip_xmalloc(PIECE) };
    int rc = add_dir(&s, dir, err);

    if (rc == 0)
        slip_sha256_finish(&s.sha, ret);
    slip_sha256_release(&s.sha);
    free(s.piece);
    return rc;
}
