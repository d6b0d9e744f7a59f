/* digest.h - SHA-256, streamed, and its name in the OCI form `sha256:<64 hex digits>`.
 * Depends on: libcrypto (only its SHA-2; nothing of it is initialised).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

struct slip_digest {
    char hex[65]; /* lower case, NUL-terminated; "" when unset */
};

#define SLIP_DIGEST_INIT ((struct slip_digest){ { 0 } })

struct slip_sha256 {
    void *ctx; /* owned */
};

#define SLIP_SHA256_INIT ((struct slip_sha256){ 0 })

/* A zeroed struct starts by itself at the first update; finish resets it for the next use. */
void slip_sha256_update(struct slip_sha256 *sha, const void *p, size_t n);
void slip_sha256_finish(struct slip_sha256 *sha, struct slip_digest *ret);
void slip_sha256_release(struct slip_sha256 *sha);

/* For keys: strings go in with their length, so that ("ab","c") and ("a","bc") differ;
 * NULL differs from "". */
void slip_sha256_field(struct slip_sha256 *sha, const char *s);
void slip_sha256_number(struct slip_sha256 *sha, uint64_t n);

void slip_digest_of(const void *p, size_t n, struct slip_digest *ret);
/* Reads `fd` to its end; *ret_size may be NULL. */
int slip_digest_of_fd(int fd, struct slip_digest *ret, uint64_t *ret_size, struct slip_error *err);
/* The same with the SHA-1 that documents demand which are older than its end (SPDX 2.3, 8.4); it
 * protects nothing. */
int slip_digest_sums_of_fd(int fd, struct slip_digest *ret, char ret_sha1[41],
                           struct slip_error *err);
void slip_sha1_of(const void *p, size_t n, char ret[41]);
/* "sha256:<hex>" in `out`; returns out. */
const char *slip_digest_name(const struct slip_digest *digest, char out[72]);
/* Accepts exactly "sha256:" and 64 lower-case hex digits. */
int slip_digest_parse(const char *text, struct slip_digest *ret, struct slip_error *err);
/* Reads `fd` to its end: 1 when it is what "sha256:", "sha384:" or "sha512:" and lower-case hex
 * digits say, 0 when it is not; an algorithm that is none of these is SLIP_EINPUT. */
int slip_digest_check_fd(int fd, const char *want, struct slip_error *err);
int slip_digest_equal(const struct slip_digest *a, const struct slip_digest *b);
