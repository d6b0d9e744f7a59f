#include "util/digest.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "util/mem.h"

#define READ_CHUNK ((size_t)128 << 10)

static void start(struct slip_sha256 *sha)
{
    /* Without this, the first digest reads openssl.cnf, which costs half a millisecond. */
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    sha->ctx = EVP_MD_CTX_new();
    if (!sha->ctx || !EVP_DigestInit_ex(sha->ctx, EVP_sha256(), NULL))
        abort(); /* libcrypto without SHA-256 is no libcrypto */
}

void slip_sha256_update(struct slip_sha256 *sha, const void *p, size_t n)
{
    if (!sha->ctx)
        start(sha);
    EVP_DigestUpdate(sha->ctx, p, n);
}

void slip_sha256_finish(struct slip_sha256 *sha, struct slip_digest *ret)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char raw[EVP_MAX_MD_SIZE];

    if (!sha->ctx)
        start(sha);
    EVP_DigestFinal_ex(sha->ctx, raw, NULL);
    for (size_t i = 0; i < 32; i++) {
        ret->hex[2 * i] = digits[raw[i] >> 4];
        ret->hex[2 * i + 1] = digits[raw[i] & 15];
    }
    ret->hex[64] = '\0';
    EVP_DigestInit_ex(sha->ctx, EVP_sha256(), NULL);
}

void slip_sha256_release(struct slip_sha256 *sha)
{
    EVP_MD_CTX_free(sha->ctx);
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
