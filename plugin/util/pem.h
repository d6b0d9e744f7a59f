/* pem.h - keys in PEM that sign and check what was signed, as OpenSSL and cosign do it.
 *
 * ECDSA over a NIST curve and RSA (PKCS #1 v1.5, at least 2048 bits) sign the SHA-256 of the bytes;
 * Ed25519 signs the bytes. Other kinds are refused. Private keys are PKCS #8 or the older forms,
 * public ones SubjectPublicKeyInfo ("BEGIN PUBLIC KEY").
 *
 *   openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes256 -out key.pem
 *   openssl pkey -in key.pem -pubout -out pub.pem
 *
 * Depends on: libcrypto, util/.
 */
#pragma once

#include <stddef.h>

#include "util/buf.h"
#include "util/error.h"

#define SLIP_PEM_LIMIT ((size_t)64 << 10)
#define SLIP_SIGNATURE_LIMIT ((size_t)4 << 10) /* bytes: RSA of 16384 bits has 2048 */

struct slip_pem {
    void *pkey; /* owned */
};

#define SLIP_PEM_INIT ((struct slip_pem){ 0 })

/* Asked only when the key is encrypted: puts the passphrase into `ret`. 0, or -1 with *err. */
typedef int slip_passphrase_fn(void *user, struct slip_buf *ret, struct slip_error *err);

/* `name` is what errors call it. The text and the passphrase are the caller's to wipe. */
int slip_pem_private(struct slip_pem *key, const struct slip_buf *pem, const char *name,
                     slip_passphrase_fn *ask, void *user, struct slip_error *err);
int slip_pem_public(struct slip_pem *key, const struct slip_buf *pem, const char *name,
                    struct slip_error *err);
void slip_pem_release(struct slip_pem *key);

/* Appends the signature of n bytes. */
int slip_pem_sign(const struct slip_pem *key, const void *p, size_t n, struct slip_buf *ret,
                  struct slip_error *err);
/* 1: the signature is that of these bytes by this key. 0: it is not, whatever it is. */
int slip_pem_verify(const struct slip_pem *key, const void *p, size_t n,
                    const struct slip_buf *signature);
