#include "image/signature.h"

#include <string.h>

#include "util/base64.h"
#include "util/mem.h"

#define ANNOTATION "dev.cosignproject.cosign/signature"
#define TYPE "cosign container image signature"

/* --- the text ----------------------------------------------------------------------------------
 */

char *slip_payload_text(const struct slip_digest *manifest, const char *identity)
{
    char name[72];
    slip_cleanup(slip_json_decrefp) json_t *payload =
        json_pack("{s:{s:{s:s}, s:{s:s}, s:s}, s:n}", "critical", "identity", "docker-reference",
                  identity, "image", "docker-manifest-digest", slip_digest_name(manifest, name),
                  "type", TYPE, "optional");

    return slip_json_text(payload);
}

int slip_payload_check(const char *text, size_t n, const struct slip_digest *manifest,
                       char **ret_identity, struct slip_error *err)
{
    slip_cleanup(slip_error_release) struct slip_error why = SLIP_ERROR_INIT;
    slip_cleanup(slip_json_decrefp) json_t *payload = slip_json_parse(text, n, "payload", &why);
    const json_t *critical = json_object_get(payload, "critical");
    const char *type = slip_json_str(critical, "type");
    const char *identity = slip_json_str(json_object_get(critical, "identity"), "docker-reference");
    const char *digest =
        slip_json_str(json_object_get(critical, "image"), "docker-manifest-digest");
    struct slip_digest said;

    if (!type || !identity || !digest)
        return slip_fail(err, SLIP_EPOLICY, "what is signed is no payload of an image signature");
    if (strcmp(type, TYPE) != 0)
        return slip_fail(err, SLIP_EPOLICY, "what is signed is no image");
    if (json_object_size(critical) != 3) /* critical: what is not understood must be refused */
        return slip_fail(err, SLIP_EPOLICY, "what is signed has conditions that are not known");
    if (slip_digest_parse(digest, &said, &why) < 0)
        return slip_fail(err, SLIP_EPOLICY, "what is signed names no digest");
    if (!slip_digest_equal(&said, manifest))
        return slip_fail(err, SLIP_EPOLICY, "it is the signature of sha256:%.12s, another image",
                         said.hex);
    *ret_identity = slip_xstrdup(identity);
    return 0;
}

/* --- one signature -----------------------------------------------------------------------------
 */

/* How near a layer came. */
enum stage { MALFORMED, OTHER_KEY, OTHER_IMAGE, OTHER_IDENTITY };

struct search {
    struct slip_store *store; /* all borrowed but what is found */
    const struct slip_digest *manifest;
    const char *identity;
    const struct slip_pem *key;
    char *found; /* owned: what it was signed as */
};

static int load_signature(const json_t *layer, struct slip_buf *ret, struct slip_error *err)
{
    const char *text = slip_json_str(json_object_get(layer, "annotations"), ANNOTATION);
    size_t n = text ? strlen(text) : 0;

    if (n == 0 || n > SLIP_SIGNATURE_LIMIT / 3 * 4 || slip_base64_get(ret, text, n) < 0)
        return slip_fail(err, SLIP_EPOLICY, "a signature is no base64");
    return 0;
}

static int load_payload(struct slip_store *store, const json_t *layer, struct slip_buf *ret,
                        struct slip_error *err)
{
    struct slip_descriptor d;

    if (slip_descriptor_parse(layer, &d, err) < 0)
        return -1;
    if (strcmp(d.media_type, SLIP_SIMPLE_SIGNING) != 0)
        return slip_fail(err, SLIP_EPOLICY, "a signature is of an unknown type");
    if (d.size == 0 || d.size > SLIP_PAYLOAD_LIMIT)
        return slip_fail(err, SLIP_EPOLICY, "what a signature signs has %llu bytes",
                         (unsigned long long)d.size);
    if (slip_blob_text(store, &d.digest, SLIP_PAYLOAD_LIMIT, ret, err) < 0)
        return -1;
    if (ret->len != d.size)
        return slip_fail(err, SLIP_EPOLICY, "what a signature signs is cut short");
    return 0;
}

static int examine(void *user, const json_t *layer, struct slip_error *err)
{
    struct search *s = user;
    slip_cleanup(slip_buf_release) struct slip_buf signature = SLIP_BUF_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf payload = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *signed_as = NULL;

    if (load_signature(layer, &signature, err) < 0 ||
        load_payload(s->store, layer, &payload, err) < 0)
        return MALFORMED;
    if (!slip_pem_verify(s->key, payload.data, payload.len, &signature)) {
        slip_fail(err, SLIP_EPOLICY, "it is signed by another key, or was changed since");
        return OTHER_KEY;
    }
    if (slip_payload_check(payload.data, payload.len, s->manifest, &signed_as, err) < 0)
        return OTHER_IMAGE;
    if (s->identity && strcmp(s->identity, signed_as) != 0) {
        slip_fail(err, SLIP_EPOLICY, "it is signed as '%.200s', not as '%s'", signed_as,
                  s->identity);
        slip_error_hint(err, "if that is as it should be, say so with --identity");
        return OTHER_IDENTITY;
    }
    s->found = SLIP_TAKE_PTR(signed_as);
    return SLIP_LAYER_GOOD;
}

int slip_signature_find(struct slip_store *store, const struct slip_digest *manifest,
                        const char *identity, const struct slip_pem *key, char **ret_identity,
                        struct slip_error *ret_why, struct slip_error *err)
{
    struct search search = { store, manifest, identity, key, NULL };
    int rc =
        slip_companion_search(store, manifest, SLIP_COMPANION_SIG, examine, &search, ret_why, err);

    if (rc == 1)
        *ret_identity = search.found;
    return rc;
}

/* --- signing -----------------------------------------------------------------------------------
 */

/* Signing again would add a signature that says nothing new. */
static bool is_signed(struct slip_store *store, const struct slip_digest *manifest,
                      const char *identity, const struct slip_pem *key)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_freep) char *as = NULL;
    slip_cleanup(slip_error_release) struct slip_error why = SLIP_ERROR_INIT;

    return slip_signature_find(store, manifest, identity, key, &as, &why, &ignored) == 1;
}

int slip_signature_make(struct slip_store *store, const struct slip_digest *manifest,
                        const char *identity, const struct slip_pem *key, struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf signature = SLIP_BUF_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf base64 = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *text = slip_payload_text(manifest, identity);
    struct slip_digest payload;

    if (is_signed(store, manifest, identity, key))
        return 0;
    if (slip_pem_sign(key, text, strlen(text), &signature, err) < 0 ||
        slip_blob_put(store, text, strlen(text), &payload, err) < 0)
        return -1;
    slip_base64_put(&base64, signature.data, signature.len);
    json_t *layer = slip_descriptor_json(SLIP_SIMPLE_SIGNING, &payload, strlen(text));
    json_object_set_new(layer, "annotations",
                        json_pack("{s:s}", ANNOTATION, slip_buf_str(&base64)));
    slip_cleanup(slip_json_decrefp) json_t *layers = json_array();
    json_array_append_new(layers, layer);
    return slip_companion_add(store, manifest, SLIP_COMPANION_SIG, layers, err);
}
