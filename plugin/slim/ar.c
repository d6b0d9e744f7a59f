#include "slim/ar.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "util/mem.h"
#include "util/str.h"

#define MAGIC_SIZE 8u
#define HEADER_SIZE 60u
#define TABLE_LIMIT ((uint64_t)256 << 20)

static bool read_at(const struct slip_ar *ar, void *p, size_t n, uint64_t at)
{
    for (char *to = p; n;) {
        ssize_t got = pread(ar->fd, to, n, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        to += got;
        n -= (size_t)got;
        at += (uint64_t)got;
    }
    return true;
}

static int damaged(struct slip_error *err, uint64_t offset)
{
    return slip_fail(err, SLIP_EINPUT, "the archive is damaged at byte %llu",
                     (unsigned long long)offset);
}

/* The name and the size in a header; the name without the blanks after it. */
static int read_header(const struct slip_ar *ar, uint64_t offset, char ret_name[17],
                       uint64_t *ret_size, struct slip_error *err)
{
    char header[HEADER_SIZE], digits[11];

    if (offset > ar->size || ar->size - offset < HEADER_SIZE ||
        !read_at(ar, header, sizeof header, offset) || memcmp(header + 58, "`\n", 2) != 0)
        return damaged(err, offset);
    memcpy(ret_name, header, 16);
    ret_name[16] = '\0';
    for (size_t n = 16; n && ret_name[n - 1] == ' '; n--)
        ret_name[n - 1] = '\0';
    snprintf(digits, sizeof digits, "%.10s", header + 48);
    digits[strcspn(digits, " ")] = '\0';
    if (slip_parse_uint(digits, UINT64_MAX, ret_size) < 0)
        return damaged(err, offset);
    return 0;
}

static int read_table(const struct slip_ar *ar, uint64_t at, uint64_t size, struct slip_buf *ret,
                      struct slip_error *err)
{
    if (size > TABLE_LIMIT || size > ar->size - at)
        return damaged(err, at);
    slip_buf_clear(ret);
    if (!read_at(ar, slip_buf_reserve(ret, size), size, at))
        return damaged(err, at);
    ret->len = size;
    ret->data[size] = '\0';
    return 0;
}

static uint64_t padded(uint64_t n)
{
    return n + (n & 1);
}

/* Index and names come first; what follows them are members. */
static int read_tables(struct slip_ar *ar, struct slip_error *err)
{
    uint64_t at = MAGIC_SIZE, size;
    char name[17];

    while (at < ar->size) {
        if (read_header(ar, at, name, &size, err) < 0)
            return -1;
        bool wide = strcmp(name, "/SYM64/") == 0, is_index = wide || strcmp(name, "/") == 0;
        if (!is_index && strcmp(name, "//") != 0)
            break;
        if (read_table(ar, at + HEADER_SIZE, size, is_index ? &ar->index : &ar->names, err) < 0)
            return -1;
        ar->wide = is_index ? wide : ar->wide;
        at += HEADER_SIZE + padded(size);
    }
    ar->first = at;
    return 1;
}

int slip_ar_open(struct slip_ar *ar, int fd, const char *path, struct slip_error *err)
{
    char magic[MAGIC_SIZE];
    struct stat st;

    if (fstat(fd, &st) < 0)
        return slip_fail_errno(err, "cannot look at '%s'", path);
    ar->fd = fd;
    ar->size = (uint64_t)st.st_size;
    if (!S_ISREG(st.st_mode) || ar->size < MAGIC_SIZE || !read_at(ar, magic, sizeof magic, 0))
        return 0;
    ar->thin = memcmp(magic, "!<thin>\n", sizeof magic) == 0;
    if (!ar->thin && memcmp(magic, "!<arch>\n", sizeof magic) != 0)
        return 0;
    return read_tables(ar, err) < 0 ? slip_error_context(err, "'%s'", path) : 1;
}

/* "/12": the name at byte 12 of the names, up to "/\n". NULL when there is none. */
static char *long_name(const struct slip_ar *ar, const char *digits)
{
    uint64_t at;

    if (slip_parse_uint(digits, UINT64_MAX, &at) < 0 || at >= ar->names.len)
        return NULL;
    const char *name = ar->names.data + at;
    const char *end = memchr(name, '\n', ar->names.len - at);
    size_t n = end ? (size_t)(end - name) : ar->names.len - at;
    if (n && name[n - 1] == '/')
        n--;
    return n && n < PATH_MAX && !memchr(name, '\0', n) ? slip_xstrndup(name, n) : NULL;
}

int slip_ar_member(const struct slip_ar *ar, uint64_t offset, struct slip_ar_member *ret,
                   struct slip_error *err)
{
    struct slip_ar_member m = SLIP_AR_MEMBER_INIT;
    char name[17];

    if (offset == ar->size || (offset == ar->size + 1 && (ar->size & 1)))
        return 0; /* the last member may lack its padding */
    if (offset < MAGIC_SIZE)
        return damaged(err, offset);
    if (read_header(ar, offset, name, &m.size, err) < 0)
        return -1;
    if (!ar->thin && m.size > ar->size - offset - HEADER_SIZE)
        return damaged(err, offset);
    m.at = ar->thin ? 0 : offset + HEADER_SIZE;
    m.next = offset + HEADER_SIZE + (ar->thin ? 0 : padded(m.size));
    if (name[0] == '/') {
        m.name = long_name(ar, name + 1);
        if (!m.name)
            return damaged(err, offset);
    } else {
        size_t n = strlen(name);
        m.name = slip_xstrndup(name, n && name[n - 1] == '/' ? n - 1 : n);
    }
    *ret = m;
    return 1;
}

static uint64_t number_at(const struct slip_ar *ar, size_t i)
{
    const size_t width = ar->wide ? 8 : 4;
    const unsigned char *p = (const unsigned char *)ar->index.data + i * width;
    uint64_t n = 0;

    for (size_t k = 0; k < width; k++)
        n = n << 8 | p[k];
    return n;
}

int slip_ar_symbols(const struct slip_ar *ar,
                    void (*each)(void *user, const char *name, uint64_t member), void *user,
                    struct slip_error *err)
{
    const size_t width = ar->wide ? 8 : 4, len = ar->index.len;

    if (len == 0)
        return 0;
    uint64_t n = len < width ? 0 : number_at(ar, 0);
    if (len < width || n > len / width - 1 || n > INT_MAX)
        return damaged(err, MAGIC_SIZE);
    const char *name = ar->index.data + width * (size_t)(n + 1), *end = ar->index.data + len;
    for (size_t i = 0; i < n; i++) {
        const char *nul = name < end ? memchr(name, '\0', (size_t)(end - name)) : NULL;
        if (!nul)
            return damaged(err, MAGIC_SIZE);
        each(user, name, number_at(ar, i + 1));
        name = nul + 1;
    }
    return (int)n;
}

void slip_ar_member_release(struct slip_ar_member *member)
{
    free(member->name);
    *member = SLIP_AR_MEMBER_INIT;
}

void slip_ar_release(struct slip_ar *ar)
{
    slip_buf_release(&ar->index);
    slip_buf_release(&ar->names);
    *ar = SLIP_AR_INIT;
}
