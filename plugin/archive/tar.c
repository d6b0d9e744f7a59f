#include "archive/tar.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "archive/ustar.h"
#include "util/mem.h"
#include "util/str.h"

#define SEVEN_DIGITS 07777777u       /* what uid, gid, devmajor and devminor can hold */
#define ELEVEN_DIGITS 077777777777ll /* what size and mtime can hold */

static const char zeros[2 * SLIP_TAR_BLOCK];

static void octal(char *field, size_t width, uint64_t value)
{
    for (size_t i = width - 1; i-- > 0; value >>= 3)
        field[i] = (char)('0' + (value & 7));
}

static void seal(struct slip_ustar *h)
{
    unsigned sum = 0;

    memcpy(h->magic, "ustar", 6);
    memcpy(h->version, "00", 2);
    memset(h->chksum, ' ', sizeof h->chksum);
    for (size_t i = 0; i < sizeof *h; i++)
        sum += ((const unsigned char *)h)[i];
    octal(h->chksum, 7, sum);
    h->chksum[6] = '\0';
}

/* "<length> <key>=<value>\n", where the length counts its own digits. */
static void record(struct slip_buf *out, const char *key, const char *value, size_t n)
{
    char digits[24];
    size_t rest = 1 + strlen(key) + 1 + n + 1, len = rest + 1;

    while (rest + (size_t)snprintf(digits, sizeof digits, "%zu", len) != len)
        len = rest + strlen(digits);
    slip_buf_printf(out, "%s %s=", digits, key);
    slip_buf_put(out, value, n);
    slip_buf_putc(out, '\n');
}

static void number(struct slip_buf *out, const char *key, int64_t value)
{
    char text[24];

    record(out, key, text, (size_t)snprintf(text, sizeof text, "%" PRId64, value));
}

/* Splits at a slash into prefix and name. False when it does not fit. */
static bool put_name(struct slip_ustar *h, const char *path, size_t len)
{
    if (len <= sizeof h->name) {
        memcpy(h->name, path, len);
        return true;
    }
    if (len > sizeof h->prefix + 1 + sizeof h->name)
        return false;
    /* The first slash from which the rest fits: what is before it is the shortest prefix. */
    const char *slash = memchr(path + len - sizeof h->name - 1, '/', sizeof h->name);
    if (!slash || slash == path || (size_t)(slash - path) > sizeof h->prefix ||
        slash + 1 == path + len)
        return false;
    memcpy(h->prefix, path, (size_t)(slash - path));
    memcpy(h->name, slash + 1, len - (size_t)(slash - path) - 1);
    return true;
}

static char typeflag(const struct slip_tar_entry *e)
{
    if (e->hardlink)
        return '1';
    switch (e->mode & S_IFMT) {
    case S_IFREG:
        return '0';
    case S_IFLNK:
        return '2';
    case S_IFCHR:
        return '3';
    case S_IFBLK:
        return '4';
    case S_IFDIR:
        return '5';
    case S_IFIFO:
        return '6';
    }
    return 0;
}

/* The bytes of records that ustar cannot say, keys in byte order. */
static int put_records(struct slip_buf *pax, const struct slip_tar_entry *e, bool long_path,
                       const char *path, uint64_t size, struct slip_error *err)
{
    for (size_t i = 0; i < e->nxattrs; i++) {
        const struct slip_tar_xattr *x = &e->xattrs[i];
        if (strchr(x->name, '='))
            return slip_fail(err, SLIP_EINPUT,
                             "'%s' has the extended attribute '%s', whose name tar cannot hold",
                             e->path, x->name);
        slip_cleanup(slip_freep) char *key = slip_xasprintf("SCHILY.xattr.%s", x->name);
        record(pax, key, x->value, x->len);
    }
    if (e->gid > SEVEN_DIGITS)
        number(pax, "gid", e->gid);
    if (e->link && strlen(e->link) > sizeof((struct slip_ustar *)0)->linkname)
        record(pax, "linkpath", e->link, strlen(e->link));
    if (e->mtime < 0 || e->mtime > ELEVEN_DIGITS)
        number(pax, "mtime", e->mtime);
    if (long_path)
        record(pax, "path", path, strlen(path));
    if (size > (uint64_t)ELEVEN_DIGITS)
        number(pax, "size", (int64_t)size);
    if (e->uid > SEVEN_DIGITS)
        number(pax, "uid", e->uid);
    return 0;
}

/* The pax header is an entry of its own, in front. Its name never becomes a file. */
static void put_pax(struct slip_buf *out, const char *path, const struct slip_buf *pax)
{
    struct slip_ustar h = { 0 };
    size_t len = strlen(path);

    while (len && path[len - 1] == '/')
        len--;
    const char *slash = memrchr(path, '/', len), *base = slash ? slash + 1 : path;
    int n = (int)(len - (size_t)(base - path));
    char name[sizeof h.name + 1];
    snprintf(name, sizeof name, "PaxHeaders/%.*s", n, base);
    memcpy(h.name, name, strlen(name));
    octal(h.mode, sizeof h.mode, 0644);
    octal(h.uid, sizeof h.uid, 0);
    octal(h.gid, sizeof h.gid, 0);
    octal(h.size, sizeof h.size, pax->len);
    octal(h.mtime, sizeof h.mtime, 0);
    h.typeflag = 'x';
    seal(&h);
    slip_buf_put(out, &h, sizeof h);
    slip_buf_put(out, pax->data, pax->len);
    slip_buf_put(out, zeros, -pax->len % SLIP_TAR_BLOCK);
}

static int put_entry(struct slip_buf *out, const struct slip_tar_entry *e, const char *path,
                     uint64_t size, struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf pax = SLIP_BUF_INIT;
    struct slip_ustar h = { .typeflag = typeflag(e) };
    bool device = S_ISCHR(e->mode) || S_ISBLK(e->mode);

    if (!h.typeflag)
        return slip_fail(err, SLIP_EINPUT, "'%s' is of a type that tar cannot hold", e->path);
    bool fits = put_name(&h, path, strlen(path));
    if (put_records(&pax, e, !fits, path, size, err) < 0)
        return -1;
    if (!fits)
        memcpy(h.name, path, sizeof h.name);
    if (pax.len)
        put_pax(out, path, &pax);
    if (e->link)
        memcpy(h.linkname, e->link, strnlen(e->link, sizeof h.linkname));
    octal(h.mode, sizeof h.mode, e->mode & 07777);
    octal(h.uid, sizeof h.uid, e->uid > SEVEN_DIGITS ? 0 : e->uid);
    octal(h.gid, sizeof h.gid, e->gid > SEVEN_DIGITS ? 0 : e->gid);
    octal(h.size, sizeof h.size, size > (uint64_t)ELEVEN_DIGITS ? 0 : size);
    octal(h.mtime, sizeof h.mtime,
          e->mtime < 0 || e->mtime > ELEVEN_DIGITS ? 0 : (uint64_t)e->mtime);
    octal(h.devmajor, sizeof h.devmajor, device ? major(e->rdev) : 0);
    octal(h.devminor, sizeof h.devminor, device ? minor(e->rdev) : 0);
    seal(&h);
    slip_buf_put(out, &h, sizeof h);
    return 0;
}

int slip_tar_begin(struct slip_tar *tar, const struct slip_tar_entry *entry, struct slip_error *err)
{
    bool dir = S_ISDIR(entry->mode) && !entry->hardlink;
    bool body = S_ISREG(entry->mode) && !entry->hardlink;
    uint64_t size = body ? entry->size : 0;
    slip_cleanup(slip_freep) char *path =
        slip_xasprintf(dir && !slip_ends_with(entry->path, "/") ? "%s/" : "%s", entry->path);

    if (tar->left)
        return slip_fail(err, SLIP_ESYSTEM, "'%s' begins inside the entry before it", entry->path);
    slip_buf_clear(&tar->head);
    if (put_entry(&tar->head, entry, path, size, err) < 0)
        return -1;
    tar->left = size;
    tar->pad = (unsigned)(-size % SLIP_TAR_BLOCK);
    return tar->sink(tar->user, tar->head.data, tar->head.len, err);
}

int slip_tar_passed(struct slip_tar *tar, size_t n, struct slip_error *err)
{
    if (n > tar->left)
        return slip_fail(err, SLIP_ESYSTEM, "an entry of the archive got more than its size");
    tar->left -= n;
    if (tar->left || !tar->pad)
        return 0;
    return tar->sink(tar->user, zeros, SLIP_TAKE(tar->pad, 0), err);
}

int slip_tar_body(struct slip_tar *tar, const void *p, size_t n, struct slip_error *err)
{
    if (n <= tar->left && tar->sink(tar->user, p, n, err) < 0)
        return -1;
    return slip_tar_passed(tar, n, err);
}

int slip_tar_finish(struct slip_tar *tar, struct slip_error *err)
{
    if (tar->left)
        return slip_fail(err, SLIP_ESYSTEM, "the last entry of the archive got less than its size");
    return tar->sink(tar->user, zeros, sizeof zeros, err);
}

void slip_tar_release(struct slip_tar *tar)
{
    slip_buf_release(&tar->head);
    tar->left = 0;
    tar->pad = 0;
}
