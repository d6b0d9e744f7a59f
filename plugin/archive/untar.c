#include "archive/untar.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "archive/inflate.h"
#include "archive/pax.h"
#include "archive/ustar.h"
#include "util/mem.h"
#include "util/str.h"

#define HEADER_LIMIT ((uint64_t)1 << 20) /* of one pax header or long name */
#define MAX_SIZE ((int64_t)1 << 53)
#define MAX_TIME ((int64_t)1 << 40)
#define MAX_ID ((int64_t)UINT32_MAX - 1)

struct slip_untar {
    struct slip_inflate *from; /* owned */
    const char *p;             /* borrowed from `from`: bytes not used yet */
    size_t n;
    bool any;       /* something was read at all */
    uint64_t body;  /* of the current entry, still to come */
    unsigned pad;   /* after it */
    bool ended;     /* the end-of-archive mark, or the end of the file */
    uint64_t entry; /* number of the current one, for errors */

    struct slip_sparse map; /* where the body belongs; one piece unless the file is sparse */

    struct slip_pax pax;
    struct slip_buf records;    /* text of the pax header */
    struct slip_buf name, link; /* of the current entry */
    bool has_name, has_link;    /* given by GNU long names */
};

struct slip_untar *slip_untar_open(int fd, uint64_t limit, bool hash, struct slip_error *err)
{
    struct slip_inflate *from = slip_inflate_open(fd, limit, hash, err);

    if (!from)
        return NULL;
    struct slip_untar *u = slip_xcalloc(1, sizeof *u);
    u->from = from;
    return u;
}

/* Makes sure that there is something at u->p. 1, 0 at the end of the file, -1. */
static int fill(struct slip_untar *u, struct slip_error *err)
{
    if (u->n)
        return 1;
    int rc = slip_inflate_next(u->from, &u->p, &u->n, err);
    u->any |= rc > 0;
    return rc;
}

static int fail_short(struct slip_error *err)
{
    return slip_fail(err, SLIP_EINPUT, "the archive is cut off");
}

/* 1: `to` holds n bytes. 0: the file ended before the first. -1. */
static int take(struct slip_untar *u, void *to, size_t n, struct slip_error *err)
{
    size_t got = 0;

    while (got < n) {
        int rc = fill(u, err);
        if (rc < 0)
            return -1;
        if (rc == 0)
            return got ? fail_short(err) : 0;
        size_t piece = u->n < n - got ? u->n : n - got;
        memcpy((char *)to + got, u->p, piece);
        u->p += piece;
        u->n -= piece;
        got += piece;
    }
    return 1;
}

static int skip(struct slip_untar *u, uint64_t n, struct slip_error *err)
{
    while (n) {
        int rc = fill(u, err);
        if (rc < 0)
            return -1;
        if (rc == 0)
            return fail_short(err);
        size_t piece = u->n < n ? u->n : (size_t)n;
        u->p += piece;
        u->n -= piece;
        n -= piece;
    }
    return 0;
}

static bool is_zero(const struct slip_ustar *h)
{
    static const struct slip_ustar zero;

    return memcmp(h, &zero, sizeof zero) == 0;
}

/* The body of a header that tells about the next one. */
static int take_text(struct slip_untar *u, uint64_t size, struct slip_buf *ret,
                     struct slip_error *err)
{
    if (size > HEADER_LIMIT)
        return slip_fail(err, SLIP_EINPUT, "a header of %llu bytes is larger than the limit",
                         (unsigned long long)size);
    slip_buf_clear(ret);
    char *to = slip_buf_reserve(ret, (size_t)size + 1);
    int rc = size ? take(u, to, (size_t)size, err) : 1;
    if (rc <= 0)
        return rc < 0 ? -1 : fail_short(err);
    ret->len = (size_t)size;
    ret->data[ret->len] = '\0';
    return skip(u, -size % SLIP_TAR_BLOCK, err);
}

static int take_long_name(struct slip_untar *u, uint64_t size, bool *has, struct slip_buf *ret,
                          struct slip_error *err)
{
    if (*has)
        return slip_fail(err, SLIP_EINPUT, "an entry has two long names");
    if (take_text(u, size, ret, err) < 0)
        return -1;
    size_t len = strlen(ret->data);
    for (size_t i = len; i < ret->len; i++)
        if (ret->data[i])
            return slip_fail(err, SLIP_EINPUT, "a long name holds a NUL byte");
    ret->len = len;
    *has = true;
    return 0;
}

/* A header that is no entry. 1: taken. 0: it is an entry. -1. */
static int take_meta(struct slip_untar *u, const struct slip_ustar *h, uint64_t size,
                     struct slip_error *err)
{
    switch (h->typeflag) {
    case 'x':
        if (u->records.len)
            return slip_fail(err, SLIP_EINPUT, "an entry has two pax headers");
        if (take_text(u, size, &u->records, err) < 0 ||
            slip_pax_parse(&u->pax, u->records.data, u->records.len, err) < 0)
            return -1;
        return 1;
    case 'g': {
        slip_cleanup(slip_buf_release) struct slip_buf global = SLIP_BUF_INIT;
        if (take_text(u, size, &global, err) < 0 ||
            slip_pax_check_global(global.data, global.len, err) < 0)
            return -1;
        return 1;
    }
    case 'L':
        return take_long_name(u, size, &u->has_name, &u->name, err) < 0 ? -1 : 1;
    case 'K':
        return take_long_name(u, size, &u->has_link, &u->link, err) < 0 ? -1 : 1;
    }
    return 0;
}

static int put_type(const struct slip_ustar *h, struct slip_tar_entry *e, struct slip_error *err)
{
    switch (h->typeflag) {
    case '\0':
    case '0':
    case '7':
        e->mode |= S_IFREG;
        return 0;
    case '1':
        e->mode |= S_IFREG;
        e->hardlink = true;
        return 0;
    case '2':
        e->mode |= S_IFLNK;
        return 0;
    case '3':
        e->mode |= S_IFCHR;
        return 0;
    case '4':
        e->mode |= S_IFBLK;
        return 0;
    case '5':
        e->mode |= S_IFDIR;
        return 0;
    case '6':
        e->mode |= S_IFIFO;
        return 0;
    case 'S':
        if (memcmp(h->magic, "ustar ", 6) != 0)
            break;
        e->mode |= S_IFREG;
        e->sparse = true;
        return 0;
    }
    return slip_fail(err, SLIP_EINPUT, "an entry has the unknown type 0x%02x",
                     (unsigned char)h->typeflag);
}

static void put_names(struct slip_untar *u, const struct slip_ustar *h)
{
    if (u->pax.sparse.has_name || u->pax.has_path) {
        slip_buf_clear(&u->name);
        slip_buf_puts(&u->name,
                      u->pax.sparse.has_name ? u->pax.sparse.name.data : u->pax.path.data);
    } else if (!u->has_name) {
        slip_buf_clear(&u->name);
        if (memcmp(h->magic, "ustar", 6) == 0 && h->prefix[0]) {
            slip_buf_put(&u->name, h->prefix, strnlen(h->prefix, sizeof h->prefix));
            slip_buf_putc(&u->name, '/');
        }
        slip_buf_put(&u->name, h->name, strnlen(h->name, sizeof h->name));
    }
    if (u->pax.has_link) {
        slip_buf_clear(&u->link);
        slip_buf_puts(&u->link, u->pax.link.data);
    } else if (!u->has_link) {
        slip_buf_clear(&u->link);
        slip_buf_put(&u->link, h->linkname, strnlen(h->linkname, sizeof h->linkname));
    }
}

static int put_numbers(struct slip_untar *u, const struct slip_ustar *h, struct slip_tar_entry *e,
                       struct slip_error *err)
{
    int64_t mode, uid, gid, mtime, maj = 0, min = 0;

    if (slip_ustar_number(h->mode, sizeof h->mode, "mode", 0, INT32_MAX, &mode, err) < 0 ||
        slip_ustar_number(h->uid, sizeof h->uid, "user id", 0, MAX_ID, &uid, err) < 0 ||
        slip_ustar_number(h->gid, sizeof h->gid, "group id", 0, MAX_ID, &gid, err) < 0 ||
        slip_ustar_number(h->mtime, sizeof h->mtime, "time", -MAX_TIME, MAX_TIME, &mtime, err) < 0)
        return -1;
    bool device = h->typeflag == '3' || h->typeflag == '4';
    if (device &&
        (slip_ustar_number(h->devmajor, sizeof h->devmajor, "device", 0, 0xfff, &maj, err) < 0 ||
         slip_ustar_number(h->devminor, sizeof h->devminor, "device", 0, 0xfffff, &min, err) < 0))
        return -1;
    e->mode = (mode_t)mode & 07777;
    e->uid = (uid_t)(u->pax.has_uid ? u->pax.uid : (uint64_t)uid);
    e->gid = (gid_t)(u->pax.has_gid ? u->pax.gid : (uint64_t)gid);
    e->mtime = u->pax.has_mtime ? u->pax.mtime : mtime;
    e->rdev = makedev((unsigned)maj, (unsigned)min);
    return 0;
}

/* pax may say a size that the field cannot hold; anything else would be two truths. */
static int put_size(struct slip_untar *u, uint64_t size, struct slip_tar_entry *e,
                    struct slip_error *err)
{
    if (u->pax.has_size && u->pax.size != size && u->pax.size < (uint64_t)1 << 33)
        return slip_fail(err, SLIP_EINPUT, "header and pax header give two sizes");
    if (u->pax.has_size)
        size = u->pax.size;
    if (e->hardlink && size)
        return slip_fail(err, SLIP_EINPUT, "a hard link has a body");
    e->size = S_ISREG(e->mode) ? size : 0;
    u->body = e->size;
    u->pad = (unsigned)(-u->body % SLIP_TAR_BLOCK);
    return 0;
}

static int take_pieces(struct slip_untar *u, const struct slip_gnu_piece *pieces, size_t n,
                       struct slip_error *err)
{
    int64_t at, len;

    for (size_t i = 0; i < n && pieces[i].len[0]; i++)
        if (slip_ustar_number(pieces[i].at, sizeof pieces[i].at, "offset", 0, MAX_SIZE, &at, err) <
                0 ||
            slip_ustar_number(pieces[i].len, sizeof pieces[i].len, "length", 0, MAX_SIZE, &len,
                              err) < 0 ||
            slip_sparse_add(&u->map, (uint64_t)at, (uint64_t)len, err) < 0)
            return -1;
    return 0;
}

/* The map of an old header goes on in the blocks behind it. */
static int take_old_map(struct slip_untar *u, const struct slip_ustar *h, uint64_t *ret_size,
                        struct slip_error *err)
{
    struct slip_gnu_sparse first;
    struct slip_gnu_pieces next;
    int64_t size;

    memcpy(&first, h, sizeof first);
    if (slip_ustar_number(first.size, sizeof first.size, "real size", 0, MAX_SIZE, &size, err) <
            0 ||
        take_pieces(u, first.pieces, SLIP_ARRAY_LEN(first.pieces), err) < 0)
        return -1;
    for (char more = first.more; more; more = next.more) {
        int rc = take(u, &next, sizeof next, err);
        if (rc <= 0)
            return rc < 0 ? -1 : fail_short(err);
        if (take_pieces(u, next.pieces, SLIP_ARRAY_LEN(next.pieces), err) < 0)
            return -1;
    }
    *ret_size = (uint64_t)size;
    return 0;
}

/* The map of version 1.0 stands in front of the body, in whole blocks. */
static int take_text_map(struct slip_untar *u, struct slip_error *err)
{
    struct slip_sparse_text text = { 0 };
    char block[SLIP_TAR_BLOCK];
    int done = 0;

    while (!done) {
        if (u->body < sizeof block)
            return slip_fail(err, SLIP_EINPUT, "the map of a sparse file is cut off");
        int rc = take(u, block, sizeof block, err);
        if (rc <= 0)
            return rc < 0 ? -1 : fail_short(err);
        u->body -= sizeof block;
        done = slip_sparse_add_text(&u->map, &text, block, sizeof block, err);
        if (done < 0)
            return -1;
    }
    return 0;
}

static int take_pax_map(struct slip_untar *u, struct slip_error *err)
{
    const struct slip_pax *pax = &u->pax;

    if (!pax->sparse.has_size || pax->sparse.has_at || pax->sparse.major > 1 ||
        pax->sparse.minor > 1 - pax->sparse.major)
        return slip_fail(err, SLIP_EINPUT, "a sparse file is described in no known way");
    for (size_t i = 0; i < pax->sparse.map.n; i++) {
        const struct slip_piece *piece = &pax->sparse.map.pieces[i];
        if (slip_sparse_add(&u->map, piece->at, piece->len, err) < 0)
            return -1;
    }
    return pax->sparse.major == 1 ? take_text_map(u, err) : 0;
}

/* Where the body belongs. */
static int put_map(struct slip_untar *u, const struct slip_ustar *h, struct slip_tar_entry *e,
                   struct slip_error *err)
{
    bool old = e->sparse;

    slip_sparse_clear(&u->map);
    e->sparse |= u->pax.sparse.any;
    if (e->sparse && (!S_ISREG(e->mode) || e->hardlink || (old && u->pax.sparse.any)))
        return slip_fail(err, SLIP_EINPUT, "a sparse file is described in no known way");
    if (old && take_old_map(u, h, &e->size, err) < 0)
        return -1;
    if (!old && e->sparse) {
        e->size = u->pax.sparse.size;
        if (take_pax_map(u, err) < 0)
            return -1;
    }
    if (!e->sparse && slip_sparse_add(&u->map, 0, e->size, err) < 0)
        return -1;
    return slip_sparse_begin(&u->map, e->size, u->body, err);
}

static int put_entry(struct slip_untar *u, const struct slip_ustar *h, uint64_t size,
                     struct slip_tar_entry *e, struct slip_error *err)
{
    *e = (struct slip_tar_entry){ 0 };
    if (put_numbers(u, h, e, err) < 0 || put_type(h, e, err) < 0 || put_size(u, size, e, err) < 0 ||
        put_map(u, h, e, err) < 0)
        return -1;
    put_names(u, h);
    e->path = slip_buf_str(&u->name);
    if (S_ISREG(e->mode) && !e->hardlink && slip_ends_with(e->path, "/")) { /* as in old tars */
        if (size)
            return slip_fail(err, SLIP_EINPUT, "a directory has a body");
        e->mode = (e->mode & 07777) | S_IFDIR;
    }
    if (e->hardlink || S_ISLNK(e->mode))
        e->link = slip_buf_str(&u->link);
    e->xattrs = u->pax.xattrs;
    e->nxattrs = u->pax.nxattrs;
    return 1;
}

static int next(struct slip_untar *u, struct slip_tar_entry *ret, struct slip_error *err)
{
    struct slip_ustar h;
    int64_t size;

    if (skip(u, SLIP_TAKE(u->body, 0), err) < 0 || skip(u, SLIP_TAKE(u->pad, 0), err) < 0)
        return -1;
    slip_pax_clear(&u->pax);
    slip_buf_clear(&u->records);
    u->has_name = u->has_link = false;
    for (;;) {
        int rc = u->ended ? 0 : take(u, &h, sizeof h, err);
        if (rc < 0)
            return -1;
        if (rc == 0 || is_zero(&h)) {
            if (!u->any)
                return slip_fail(err, SLIP_EINPUT, "the archive is empty: not even an end mark");
            if (u->has_name || u->has_link || u->records.len)
                return fail_short(err);
            u->ended = true;
            return 0;
        }
        if (slip_ustar_check(&h, err) < 0 ||
            slip_ustar_number(h.size, sizeof h.size, "size", 0, MAX_SIZE, &size, err) < 0)
            return -1;
        rc = take_meta(u, &h, (uint64_t)size, err);
        if (rc <= 0)
            return rc < 0 ? -1 : put_entry(u, &h, (uint64_t)size, ret, err);
    }
}

int slip_untar_next(struct slip_untar *u, struct slip_tar_entry *ret, struct slip_error *err)
{
    u->entry++;
    int rc = next(u, ret, err);
    return rc < 0
               ? slip_error_context(err, "entry %llu of the archive", (unsigned long long)u->entry)
               : rc;
}

int slip_untar_data(struct slip_untar *u, const char **ret_p, size_t *ret_n, struct slip_error *err)
{
    uint64_t hole = slip_sparse_hole(&u->map), left = slip_sparse_left(&u->map);

    *ret_p = NULL;
    *ret_n = (size_t)hole;
    if (hole || !left)
        return hole > 0;
    int rc = fill(u, err);
    if (rc <= 0)
        return rc < 0 ? -1 : fail_short(err);
    size_t piece = u->n < left ? u->n : (size_t)left;
    *ret_p = u->p;
    *ret_n = piece;
    u->p += piece;
    u->n -= piece;
    u->body -= piece;
    slip_sparse_take(&u->map, piece);
    return 1;
}

int slip_untar_drain(struct slip_untar *u, uint64_t bytes, struct slip_digest *ret,
                     struct slip_error *err)
{
    int rc;

    do {
        u->n = 0;
    } while ((rc = fill(u, err)) > 0);
    if (rc < 0 || slip_inflate_check(u->from, bytes, err) < 0)
        return -1;
    if (ret)
        slip_inflate_finish(u->from, ret);
    return 0;
}

void slip_untar_free(struct slip_untar *u)
{
    if (!u)
        return;
    slip_inflate_free(u->from);
    slip_pax_release(&u->pax);
    slip_sparse_release(&u->map);
    slip_buf_release(&u->records);
    slip_buf_release(&u->name);
    slip_buf_release(&u->link);
    free(u);
}
