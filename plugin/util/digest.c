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

void slip_sha256_finish(struct slip_sha256 *sha, struct slip_digest *ret)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char raw[SHA256_DIGEST_LENGTH];

    slip_sha256_update(sha, "", 0);
    SHA256_Final(raw, sha->ctx);
    for (size_t i = 0; i < sizeof raw; i++) {
        ret->hex[2 * i] = digits[raw[i] >> 4];
        ret->hex[2 * i + 1] = digits[raw[i] & 15];
    }
    ret->hex[64] = '\0';
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

int slip_digest_of_fd(int fd, struct slip_digest *ret, uint64_t *ret_size, struct slip_error *err)
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;
    slip_cleanup(slip_freep) char *chunk = slip_xmalloc(READ_CHUNK);
    uint64_t size = 0;

    for (;;) {
        ssize_t n = read(fd, chunk, READ_CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return slip_fail_errno(err, "cannot read");
        if (n == 0)
            break;
        slip_sha256_update(&sha, chunk, (size_t)n);
        size += (uint64_t)n;
    }
    slip_sha256_finish(&sha, ret);
    if (ret_size)
        *ret_size = size;
    return 0;
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
