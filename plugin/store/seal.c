#include "store/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
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

/* A file or directory that is open is asked itself; the path is for what cannot be opened. */
struct subject {
    int fd; /* or -1 */
    const char *path;
};

static int add_attr(struct seal *s, const struct subject *of, const char *name)
{
    ssize_t n = of->fd >= 0 ? fgetxattr(of->fd, name, s->piece, ATTRS_LIMIT)
                            : lgetxattr(of->path, name, s->piece, ATTRS_LIMIT);

    if (n < 0)
        return -1;
    slip_sha256_field(&s->sha, name);
    slip_sha256_number(&s->sha, (uint64_t)n);
    slip_sha256_update(&s->sha, s->piece, (size_t)n);
    return 0;
}

/* By name; those that belong to the machine and not to the file are left out. */
static int add_attrs(struct seal *s, const struct subject *of, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    ssize_t n = of->fd >= 0 ? flistxattr(of->fd, s->piece, ATTRS_LIMIT)
                            : llistxattr(of->path, s->piece, ATTRS_LIMIT);

    if (n < 0 && errno != ENOTSUP)
        return slip_fail_errno(err, "cannot list attributes");
    for (const char *p = s->piece; n > 0 && p < s->piece + n; p += strlen(p) + 1)
        if (strcmp(p, "security.selinux") != 0 && strcmp(p, "security.ima") != 0)
            slip_strv_add(&names, p);
    slip_strv_sort(&names);
    for (size_t i = 0; i < names.n; i++)
        if (add_attr(s, of, names.v[i]) < 0)
            return slip_fail_errno(err, "cannot read attribute '%s'", names.v[i]);
    slip_sha256_field(&s->sha, NULL);
    return 0;
}

/* A checksum is enough to see that a disk or a memory has flipped bits, and costs a tenth. */
static int add_content(struct seal *s, int fd, struct slip_error *err)
{
    uint32_t sum = 0;
    ssize_t n;

    while ((n = slip_read_full(fd, s->piece, PIECE)) > 0)
        sum = libdeflate_crc32(sum, s->piece, (size_t)n);
    slip_sha256_number(&s->sha, sum);
    return n < 0 ? slip_fail_errno(err, "cannot read") : 0;
}

static int add_dir(struct seal *s, int dir, struct slip_error *err);

static int add_link(struct seal *s, int parent, const char *name, struct slip_error *err)
{
    ssize_t n = readlinkat(parent, name, s->piece, PIECE);

    if (n < 0)
        return slip_fail_errno(err, "cannot read the link");
    slip_sha256_update(&s->sha, s->piece, (size_t)n);
    return 0;
}

static void add_stat(struct seal *s, const char *name, const struct stat *st)
{
    slip_sha256_field(&s->sha, name);
    slip_sha256_number(&s->sha, st->st_mode);
    slip_sha256_number(&s->sha, st->st_uid);
    slip_sha256_number(&s->sha, st->st_gid);
    slip_sha256_number(&s->sha, st->st_rdev);
    slip_sha256_number(&s->sha, S_ISDIR(st->st_mode) ? 0 : (uint64_t)st->st_size);
}

static int add_entry(struct seal *s, int parent, const char *name, struct slip_error *err)
{
    char path[32];
    struct stat st;

    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return slip_fail_errno(err, "cannot look at it");
    bool is_dir = S_ISDIR(st.st_mode), opens = is_dir || S_ISREG(st.st_mode);
    slip_cleanup(slip_closep) int fd =
        opens ? openat(parent, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (is_dir ? O_DIRECTORY : 0))
              : -1;
    if (opens && fd < 0)
        return slip_fail_errno(err, "cannot open");
    slip_cleanup(slip_freep) char *whole =
        opens ? NULL : slip_xasprintf("%s/%s", slip_fd_path(parent, path), name);
    add_stat(s, name, &st);
    if (add_attrs(s, &(struct subject){ fd, whole }, err) < 0)
        return -1;
    return is_dir                ? add_dir(s, fd, err)
           : opens               ? add_content(s, fd, err)
           : S_ISLNK(st.st_mode) ? add_link(s, parent, name, err)
                                 : 0;
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
