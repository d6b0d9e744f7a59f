/* The plain SHA-256 functions, not EVP: they are the same assembler, but looking the algorithm up
 * through providers costs the first digest of a process most of a millisecond, which is more than
 * the rest of a build that has nothing to do. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "util/digest.h"

#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "util/mem.h"

#define READ_CHUNK ((size_t)128 << 10)

void slip_sha256_update(struct slip_sha256 *sha, const void *p, size_t n)
{
    if (!sha->ctx) {
        sha->ctx = slip_xmalloc(sizeof(SHA256_CTX));
        SHA256_Init(sha->ctx);
    }
    SHA256_Update(sha->ctx, p, n);
}

static void put_hex(const unsigned char *raw, size_t n, char *ret)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        *ret++ = digits[raw[i] >> 4];
        *ret++ = digits[raw[i] & 15];
    }
    *ret = '\0';
}

void slip_sha256_finish(struct slip_sha256 *sha, struct slip_digest *ret)
{
    unsigned char raw[SHA256_DIGEST_LENGTH];

    slip_sha256_update(sha, "", 0);
    SHA256_Final(raw, sha->ctx);
    put_hex(raw, sizeof raw, ret->hex);
    SHA256_Init(sha->ctx);
}

void slip_sha256_release(struct slip_sha256 *sha)
{
    free(sha->ctx);
    sha->ctx = NULL;
}

void slip_sha256_number(struct slip_sha256 *sha, uint64_t n)
{
    unsigned char bytes[8];

    for (size_t i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(n >> (8 * i));
    slip_sha256_update(sha, bytes, sizeof bytes);
}

void slip_sha256_field(struct slip_sha256 *sha, const char *s)
{
    if (!s) {
        slip_sha256_number(sha, UINT64_MAX);
        return;
    }
    size_t n = strlen(s);
    slip_sha256_number(sha, n);
    slip_sha256_update(sha, s, n);
}

void slip_digest_of(const void *p, size_t n, struct slip_digest *ret)
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;

    slip_sha256_update(&sha, p, n);
    slip_sha256_finish(&sha, ret);
}

/* Hands all that `fd` has to `update`. */
static int each_chunk(int fd, void (*update)(void *user, const void *p, size_t n), void *user,
                      struct slip_error *err)
{
    slip_cleanup(slip_freep) char *chunk = slip_xmalloc(READ_CHUNK);

    for (;;) {
        ssize_t n = read(fd, chunk, READ_CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return slip_fail_errno(err, "cannot read");
        if (n == 0)
            return 0;
        update(user, chunk, (size_t)n);
    }
}

struct sized {
    struct slip_sha256 *sha;
    uint64_t size;
};

static void update_sized(void *user, const void *p, size_t n)
{
    struct sized *s = user;

    slip_sha256_update(s->sha, p, n);
    s->size += n;
}

int slip_digest_of_fd(int fd, struct slip_digest *ret, uint64_t *ret_size, struct slip_error *err)
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;
    struct sized s = { .sha = &sha };

    if (each_chunk(fd, update_sized, &s, err) < 0)
        return -1;
    slip_sha256_finish(&sha, ret);
    if (ret_size)
        *ret_size = s.size;
    return 0;
}

struct both {
    struct slip_sha256 sha;
    SHA_CTX sha1;
};

static void update_both(void *user, const void *p, size_t n)
{
    struct both *b = user;

    slip_sha256_update(&b->sha, p, n);
    SHA1_Update(&b->sha1, p, n);
}

int slip_digest_sums_of_fd(int fd, struct slip_digest *ret, char ret_sha1[41],
                           struct slip_error *err)
{
    unsigned char raw[SHA_DIGEST_LENGTH];
    struct both both = { .sha = SLIP_SHA256_INIT };

    SHA1_Init(&both.sha1);
    int rc = each_chunk(fd, update_both, &both, err);
    if (rc == 0) {
        slip_sha256_finish(&both.sha, ret);
        SHA1_Final(raw, &both.sha1);
        put_hex(raw, sizeof raw, ret_sha1);
    }
    slip_sha256_release(&both.sha);
    return rc;
}

void slip_sha1_of(const void *p, size_t n, char ret[41])
{
    unsigned char raw[SHA_DIGEST_LENGTH];

    SHA1(p, n, raw);
    put_hex(raw, sizeof raw, ret);
}

static void update_512(void *user, const void *p, size_t n)
{
    SHA512_Update(user, p, n);
}

/* SHA-384 is SHA-512 with another start and a shorter end. */
static int check_512(int fd, size_t bytes, const char *hex, struct slip_error *err)
{
    unsigned char raw[SHA512_DIGEST_LENGTH];
    char have[2 * SHA512_DIGEST_LENGTH + 1];
    SHA512_CTX ctx;

    if (bytes == SHA384_DIGEST_LENGTH)
        SHA384_Init(&ctx);
    else
        SHA512_Init(&ctx);
    if (each_chunk(fd, update_512, &ctx, err) < 0)
        return -1;
    SHA512_Final(raw, &ctx);
    put_hex(raw, bytes, have);
    return strcmp(have, hex) == 0;
}

int slip_digest_check_fd(int fd, const char *want, struct slip_error *err)
{
    struct slip_digest have;

    if (strncmp(want, "sha512:", 7) == 0)
        return check_512(fd, SHA512_DIGEST_LENGTH, want + 7, err);
    if (strncmp(want, "sha384:", 7) == 0)
        return check_512(fd, SHA384_DIGEST_LENGTH, want + 7, err);
    if (strncmp(want, "sha256:", 7) != 0)
        return slip_fail(err, SLIP_EINPUT, "'%.100s' is not a digest that is known here", want);
    return slip_digest_of_fd(fd, &have, NULL, err) < 0 ? -1 : strcmp(have.hex, want + 7) == 0;
}

const char *slip_digest_name(const struct slip_digest *digest, char out[72])
{
    snprintf(out, 72, "sha256:%s", digest->hex);
    return out;
}

int slip_digest_parse(const char *text, struct slip_digest *ret, struct slip_error *err)
{
    if (strncmp(text, "sha256:", 7) != 0 || strlen(text) != 71 ||
        strspn(text + 7, "0123456789abcdef") != 64)
        return slip_fail(err, SLIP_EINPUT, "'%.100s' is not a sha256 digest", text);
    memcpy(ret->hex, text + 7, 65);
    return 0;
}

int slip_digest_equal(const struct slip_digest *a, const struct slip_digest *b)
{
    return strcmp(a->hex, b->hex) == 0;
}
