#include "archive/pax.h"

#include <ctype.h>
#include <string.h>

#include "util/mem.h"
#include "util/str.h"

#define XATTR_PREFIX "SCHILY.xattr."
#define SPARSE_PREFIX "GNU.sparse."
#define MAX_SIZE ((uint64_t)1 << 53)
#define MAX_ID ((uint64_t)UINT32_MAX - 1) /* (uid_t)-1 means "leave it" to chown(2) */
#define MAX_TIME ((int64_t)1 << 40)

struct record {
    char *key, *value;
    size_t len;
};

/* Takes the record at *at off the text. 1, 0 at the end, -1. */
static int next(char **at, char *end, struct record *ret, struct slip_error *err)
{
    char *p = *at;
    size_t len = 0;

    if (p == end)
        return 0;
    while (p < end && isdigit((unsigned char)*p) && len <= (size_t)(end - *at))
        len = len * 10 + (size_t)(*p++ - '0');
    size_t digits = (size_t)(p - *at);
    if (digits == 0 || (digits > 1 && **at == '0') || p == end || *p != ' ' ||
        len > (size_t)(end - *at) || len < digits + 4 || (*at)[len - 1] != '\n')
        return slip_fail(err, SLIP_EINPUT, "a pax record has a wrong length");
    char *key = p + 1, *last = *at + len - 1, *equals = memchr(key, '=', (size_t)(last - key));
    if (!equals || equals == key || memchr(key, '\0', (size_t)(equals - key)))
        return slip_fail(err, SLIP_EINPUT, "a pax record has no key");
    *equals = '\0';
    *last = '\0';
    *ret = (struct record){ key, equals + 1, (size_t)(last - equals) - 1 };
    *at += len;
    return 1;
}

static int number(const struct record *r, uint64_t max, uint64_t *ret, struct slip_error *err)
{
    if (strlen(r->value) != r->len || slip_parse_uint(r->value, max, ret) < 0)
        return slip_fail(err, SLIP_EINPUT, "the pax record '%s' is not a number it may be", r->key);
    return 0;
}

/* "[-]seconds[.fraction]"; the fraction is cut off, towards the past. */
static int when(const struct record *r, int64_t *ret, struct slip_error *err)
{
    bool negative = r->value[0] == '-';
    const char *digits = r->value + negative, *end = digits + strspn(digits, "0123456789");
    slip_cleanup(slip_freep) char *whole = slip_xstrndup(digits, (size_t)(end - digits));
    bool fraction = *end == '.' && end[1 + strspn(end + 1, "0")];
    uint64_t seconds;

    if (strlen(r->value) != r->len || (*end && *end != '.') ||
        (*end && end[1 + strspn(end + 1, "0123456789")]) ||
        slip_parse_uint(whole, (uint64_t)MAX_TIME, &seconds) < 0)
        return slip_fail(err, SLIP_EINPUT, "the pax record '%s' is not a time", r->key);
    *ret = negative ? -(int64_t)seconds - fraction : (int64_t)seconds;
    return 0;
}

static int text(const struct record *r, bool *has, struct slip_buf *ret, struct slip_error *err)
{
    if (*has)
        return slip_fail(err, SLIP_EINPUT, "the pax record '%s' stands there twice", r->key);
    if (r->len == 0 || strlen(r->value) != r->len)
        return slip_fail(err, SLIP_EINPUT, "the pax record '%s' %s", r->key,
                         r->len ? "holds a NUL byte" : "is empty");
    *has = true;
    slip_buf_put(ret, r->value, r->len);
    return 0;
}

static int xattr(struct slip_pax *pax, const struct record *r, struct slip_error *err)
{
    const char *name = r->key + strlen(XATTR_PREFIX);

    if (!*name || strlen(name) > 255 || r->len > SLIP_PAX_XATTR_LIMIT)
        return slip_fail(err, SLIP_EINPUT, "the extended attribute '%.64s' is too large", name);
    pax->xattrs = slip_xgrow(pax->xattrs, pax->nxattrs, &pax->cap, sizeof *pax->xattrs);
    pax->xattrs[pax->nxattrs++] = (struct slip_tar_xattr){ name, r->value, r->len };
    return 0;
}

/* Versions 0.0 (offset and numbytes, again and again), 0.1 (map) and 1.0 (only the numbers). */
static int sparse(struct slip_pax *pax, const struct record *r, const char *key,
                  struct slip_error *err)
{
    uint64_t len;

    pax->sparse.any = true;
    if (strcmp(key, "major") == 0)
        return number(r, 9, &pax->sparse.major, err);
    if (strcmp(key, "minor") == 0)
        return number(r, 9, &pax->sparse.minor, err);
    if (strcmp(key, "size") == 0 || strcmp(key, "realsize") == 0) {
        pax->sparse.has_size = true;
        return number(r, MAX_SIZE, &pax->sparse.size, err);
    }
    if (strcmp(key, "name") == 0)
        return text(r, &pax->sparse.has_name, &pax->sparse.name, err);
    if (strcmp(key, "offset") == 0) {
        pax->sparse.has_at = true;
        return number(r, MAX_SIZE, &pax->sparse.at, err);
    }
    if (strcmp(key, "numbytes") == 0) {
        if (!SLIP_TAKE(pax->sparse.has_at, false))
            return slip_fail(err, SLIP_EINPUT, "the map of a sparse file is none");
        return number(r, MAX_SIZE, &len, err) < 0
                   ? -1
                   : slip_sparse_add(&pax->sparse.map, pax->sparse.at, len, err);
    }
    if (strcmp(key, "map") == 0 && strlen(r->value) == r->len)
        return slip_sparse_add_list(&pax->sparse.map, r->value, err);
    if (strcmp(key, "numblocks") == 0) /* can be counted */
        return 0;
    return slip_fail(err, SLIP_EINPUT, "the pax record '%s' is not understood", r->key);
}

static int take(struct slip_pax *pax, const struct record *r, struct slip_error *err)
{
    if (strcmp(r->key, "path") == 0)
        return text(r, &pax->has_path, &pax->path, err);
    if (strcmp(r->key, "linkpath") == 0)
        return text(r, &pax->has_link, &pax->link, err);
    if (strcmp(r->key, "size") == 0) {
        if (pax->has_size)
            return slip_fail(err, SLIP_EINPUT, "the pax record 'size' stands there twice");
        pax->has_size = true;
        return number(r, MAX_SIZE, &pax->size, err);
    }
    if (strcmp(r->key, "uid") == 0) {
        pax->has_uid = true;
        return number(r, MAX_ID, &pax->uid, err);
    }
    if (strcmp(r->key, "gid") == 0) {
        pax->has_gid = true;
        return number(r, MAX_ID, &pax->gid, err);
    }
    if (strcmp(r->key, "mtime") == 0) {
        pax->has_mtime = true;
        return when(r, &pax->mtime, err);
    }
    if (slip_starts_with(r->key, XATTR_PREFIX))
        return xattr(pax, r, err);
    if (slip_starts_with(r->key, SPARSE_PREFIX))
        return sparse(pax, r, r->key + strlen(SPARSE_PREFIX), err);
    return 0;
}

int slip_pax_parse(struct slip_pax *pax, char *from, size_t len, struct slip_error *err)
{
    char *at = from;
    struct record r;
    int rc;

    while ((rc = next(&at, from + len, &r, err)) > 0)
        if (take(pax, &r, err) < 0)
            return -1;
    return rc;
}

int slip_pax_check_global(char *from, size_t len, struct slip_error *err)
{
    char *at = from;
    struct record r;
    int rc;

    while ((rc = next(&at, from + len, &r, err)) > 0)
        if (strcmp(r.key, "comment") != 0) /* git archive puts the commit there */
            return slip_fail(err, SLIP_EINPUT,
                             "a global pax header sets '%s' for every entry that follows", r.key);
    return rc;
}

void slip_pax_clear(struct slip_pax *pax)
{
    struct slip_pax kept = {
        .path = pax->path, .link = pax->link, .xattrs = pax->xattrs, .cap = pax->cap
    };

    kept.sparse.name = pax->sparse.name;
    kept.sparse.map = pax->sparse.map;
    *pax = kept;
    slip_buf_clear(&pax->path);
    slip_buf_clear(&pax->link);
    slip_buf_clear(&pax->sparse.name);
    slip_sparse_clear(&pax->sparse.map);
}

void slip_pax_release(struct slip_pax *pax)
{
    slip_buf_release(&pax->path);
    slip_buf_release(&pax->link);
    slip_buf_release(&pax->sparse.name);
    slip_sparse_release(&pax->sparse.map);
    free(pax->xattrs);
    *pax = SLIP_PAX_INIT;
}
