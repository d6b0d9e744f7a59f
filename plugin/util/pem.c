#include "util/pem.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "util/mem.h"

#define RSA_BITS 2048

static void bio_freep(BIO **bio)
{
    BIO_free(*bio);
}

static void ctx_freep(EVP_MD_CTX **ctx)
{
    EVP_MD_CTX_free(*ctx);
}

/* --- reading -----------------------------------------------------------------------------------
 */

struct asking {
    slip_passphrase_fn *ask;
    void *user;
    bool asked, failed;
    struct slip_error *err;
};

static int on_passphrase(char *to, int room, int writing, void *user)
{
    struct asking *a = user;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    (void)writing;
    a->asked = true;
    a->failed = a->ask(a->user, &text, a->err) < 0;
    int n = a->failed || text.len > (size_t)room ? -1 : (int)text.len;
    if (n > 0)
        memcpy(to, text.data, (size_t)n);
    if (text.data)
        explicit_bzero(text.data, text.cap);
    return n;
}

/* Else OpenSSL asks by itself. */
static int on_no_passphrase(char *to, int room, int writing, void *user)
{
    (void)to, (void)room, (void)writing, (void)user;
    return -1;
}

static bool holds(const struct slip_buf *pem, const char *what)
{
    return pem->len && memmem(pem->data, pem->len, what, strlen(what));
}

/* What kinds sign as cosign's do. */
static int check_kind(EVP_PKEY *pkey, const char *name, struct slip_error *err)
{
    int kind = EVP_PKEY_get_base_id(pkey);

    if (kind == EVP_PKEY_RSA && EVP_PKEY_get_bits(pkey) < RSA_BITS)
        return slip_fail(err, SLIP_EINPUT, "'%s' is an RSA key of %d bits, which is too few", name,
                         EVP_PKEY_get_bits(pkey));
    if (kind == EVP_PKEY_EC || kind == EVP_PKEY_RSA || kind == EVP_PKEY_ED25519)
        return 0;
    slip_fail(err, SLIP_EINPUT, "'%s' is a key of a kind that signs no image", name);
    return slip_error_hint(err, "ECDSA, RSA and Ed25519 do");
}

static int no_private(const struct slip_buf *pem, const struct asking *a, const char *name,
                      struct slip_error *err)
{
    if (a->failed)
        return slip_error_context(err, "'%s'", name);
    if (a->asked)
        return slip_fail(err, SLIP_EINPUT, "the passphrase does not open '%s'", name);
    slip_fail(err, SLIP_EINPUT, "'%s' is no private key in PEM", name);
    if (holds(pem, "SIGSTORE PRIVATE KEY") || holds(pem, "COSIGN PRIVATE KEY"))
        return slip_error_hint(err, "this form is cosign's own; keys that both take are made with "
                                    "'openssl genpkey' and 'cosign import-key-pair'");
    if (holds(pem, "PUBLIC KEY"))
        return slip_error_hint(err, "it is a public key, which checks what the private one signed");
    return slip_error_hint(err, "'openssl genpkey -algorithm EC -pkeyopt "
                                "ec_paramgen_curve:P-256 -out key.pem' makes one");
}

int slip_pem_private(struct slip_pem *key, const struct slip_buf *pem, const char *name,
                     slip_passphrase_fn *ask, void *user, struct slip_error *err)
{
    slip_cleanup(bio_freep) BIO *bio = BIO_new_mem_buf(pem->data ? pem->data : "", (int)pem->len);
    struct asking asking = { .ask = ask, .user = user, .err = err };

    key->pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, on_passphrase, &asking) : NULL;
    ERR_clear_error();
    if (!key->pkey)
        return no_private(pem, &asking, name, err);
    return check_kind(key->pkey, name, err);
}

int slip_pem_public(struct slip_pem *key, const struct slip_buf *pem, const char *name,
                    struct slip_error *err)
{
    slip_cleanup(bio_freep) BIO *bio = BIO_new_mem_buf(pem->data ? pem->data : "", (int)pem->len);

    key->pkey = bio ? PEM_read_bio_PUBKEY(bio, NULL, on_no_passphrase, NULL) : NULL;
    ERR_clear_error();
    if (key->pkey)
        return check_kind(key->pkey, name, err);
    slip_fail(err, SLIP_EINPUT, "'%s' is no public key in PEM", name);
    if (holds(pem, "PRIVATE KEY"))
        return slip_error_hint(err,
                               "it is a private key; 'openssl pkey -in %s -pubout' tells its "
                               "public one",
                               name);
    return -1;
}

void slip_pem_release(struct slip_pem *key)
{
    EVP_PKEY_free(key->pkey);
    key->pkey = NULL;
}

/* --- using -------------------------------------------------------------------------------------
 */

static const EVP_MD *hash_of(EVP_PKEY *pkey)
{
    return EVP_PKEY_get_base_id(pkey) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
}

int slip_pem_sign(const struct slip_pem *key, const void *p, size_t n, struct slip_buf *ret,
                  struct slip_error *err)
{
    slip_cleanup(ctx_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t size = SLIP_SIGNATURE_LIMIT;
    char *at = slip_buf_reserve(ret, size);

    if (!ctx || EVP_DigestSignInit(ctx, NULL, hash_of(key->pkey), NULL, key->pkey) != 1 ||
        EVP_DigestSign(ctx, (unsigned char *)at, &size, p, n) != 1) {
        ERR_clear_error();
        return slip_fail(err, SLIP_ESYSTEM, "the key cannot sign");
    }
    ret->len += size;
    return 0;
}

int slip_pem_verify(const struct slip_pem *key, const void *p, size_t n,
                    const struct slip_buf *signature)
{
    slip_cleanup(ctx_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const unsigned char *bytes = (const unsigned char *)(signature->data ? signature->data : "");

    int good = ctx && EVP_DigestVerifyInit(ctx, NULL, hash_of(key->pkey), NULL, key->pkey) == 1 &&
               EVP_DigestVerify(ctx, bytes, signature->len, p, n) == 1;
    ERR_clear_error();
    return good;
}
