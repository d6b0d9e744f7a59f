#include "image/statement.h"

#include <string.h>

#include "image/referrer.h"
#include "util/base64.h"
#include "util/mem.h"

#define ENVELOPE "application/vnd.dsse.envelope.v1+json"
#define SIGNATURES 16u /* of one envelope that are looked at */

/* What can be signed, by its artifactType. */
static const struct kind {
    const char *name, *artifact_type, *predicate_type;
} kinds[] = {
    { "provenance", SLIP_IN_TOTO, SLIP_SLSA_PROVENANCE },
    { "spdx", "application/spdx+json", "https://spdx.dev/Document" },
    { "cyclonedx", "application/vnd.cyclonedx+json", "https://cyclonedx.org/bom" },
};

const char *slip_predicate_type(const char *name)
{
    for (size_t i = 0; i < SLIP_ARRAY_LEN(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return kinds[i].predicate_type;
    return name;
}

/* --- envelopes ------------------------------------------------------------------------------- */

void slip_dsse_encode(const char *type, const void *body, size_t n, struct slip_buf *ret)
{
    slip_buf_printf(ret, "DSSEv1 %zu %s %zu ", strlen(type), type, n);
    slip_buf_put(ret, body, n);
}

static char *base64_of(const struct slip_buf *bytes)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    slip_base64_put(&text, bytes->data, bytes->len);
    return slip_buf_take(&text);
}

/* Caller frees; NULL with *err. */
static char *seal(const char *type, const struct slip_buf *body, const struct slip_pem *key,
                  struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf encoded = SLIP_BUF_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf signature = SLIP_BUF_INIT;

    slip_dsse_encode(type, body->data, body->len, &encoded);
    if (slip_pem_sign(key, encoded.data, encoded.len, &signature, err) < 0)
        return NULL;
    slip_cleanup(slip_freep) char *payload = base64_of(body);
    slip_cleanup(slip_freep) char *sig = base64_of(&signature);
    slip_cleanup(slip_json_decrefp) json_t *envelope =
        json_pack("{s:s, s:s, s:[{s:s, s:s}]}", "payloadType", type, "payload", payload,
                  "signatures", "keyid", "", "sig", sig);
    return slip_json_text(envelope);
}

int slip_dsse_open(const char *envelope, size_t n, const char *type, const struct slip_pem *key,
                   struct slip_buf *ret)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_json_decrefp) json_t *json =
        slip_json_parse(envelope, n, "envelope", &ignored);
    slip_cleanup(slip_buf_release) struct slip_buf body = SLIP_BUF_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf encoded = SLIP_BUF_INIT;
    const char *said = slip_json_str(json, "payloadType");
    const char *payload = slip_json_str(json, "payload");
    const json_t *signatures = json_object_get(json, "signatures"), *one;
    size_t i;

    if (!said || strcmp(said, type) != 0 || !payload ||
        slip_base64_get(&body, payload, strlen(payload)) < 0)
        return 0;
    slip_dsse_encode(type, body.data ? body.data : "", body.len, &encoded);
    json_array_foreach (signatures, i, one) {
        slip_cleanup(slip_buf_release) struct slip_buf signature = SLIP_BUF_INIT;
        const char *sig = slip_json_str(one, "sig");
        if (i == SIGNATURES)
            return 0;
        if (!sig || slip_base64_get(&signature, sig, strlen(sig)) < 0 ||
            !slip_pem_verify(key, encoded.data, encoded.len, &signature))
            continue;
        slip_buf_release(ret);
        *ret = body;
        body = SLIP_BUF_INIT;
        return 1;
    }
    return 0;
}

/* --- finding --------------------------------------------------------------------------------- */

static bool is_about(const json_t *statement, const struct slip_digest *manifest)
{
    const json_t *subject;
    size_t i;

    json_array_foreach (json_object_get(statement, "subject"), i, subject) {
        const char *hex = slip_json_str(json_object_get(subject, "digest"), "sha256");
        if (hex && strcmp(hex, manifest->hex) == 0)
            return true;
    }
    return false;
}

/* How near a layer came. */
enum stage { MALFORMED, OTHER_KEY, OTHER_KIND, OTHER_IMAGE };

struct search {
    struct slip_store *store; /* all borrowed but what is found */
    const struct slip_digest *manifest;
    const char *predicate_type;
    const struct slip_pem *key;
    const struct slip_buf *like; /* only a statement of these very bytes is good; or NULL */
    struct slip_buf found;       /* owned */
};

static int judge(const struct search *s, const struct slip_buf *text, struct slip_error *err)
{
    static const char front[] = "https://in-toto.io/Statement/";
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_json_decrefp) json_t *statement =
        slip_json_parse(text->data ? text->data : "", text->len, "statement", &ignored);
    const char *type = slip_json_str(statement, "_type");
    const char *kind = slip_json_str(statement, "predicateType");

    if (!type || strncmp(type, front, sizeof front - 1) != 0 || !kind) {
        slip_fail(err, SLIP_EPOLICY, "what is signed is no statement");
        return MALFORMED;
    }
    if (strcmp(kind, s->predicate_type) != 0) {
        slip_fail(err, SLIP_EPOLICY, "it has none of this kind, but '%.200s'", kind);
        return OTHER_KIND;
    }
    if (!is_about(statement, s->manifest)) {
        slip_fail(err, SLIP_EPOLICY, "it is about another image");
        return OTHER_IMAGE;
    }
    return SLIP_LAYER_GOOD;
}

static int examine(void *user, const json_t *layer, struct slip_error *err)
{
    struct search *s = user;
    slip_cleanup(slip_buf_release) struct slip_buf envelope = SLIP_BUF_INIT;
    struct slip_descriptor d;

    slip_buf_release(&s->found);
    if (slip_descriptor_parse(layer, &d, err) < 0)
        return MALFORMED;
    if (strcmp(d.media_type, ENVELOPE) != 0) {
        slip_fail(err, SLIP_EPOLICY, "a statement is of an unknown type");
        return MALFORMED;
    }
    if (slip_blob_text(s->store, &d.digest, SLIP_STATEMENT_LIMIT, &envelope, err) < 0)
        return MALFORMED;
    if (!slip_dsse_open(envelope.data, envelope.len, SLIP_IN_TOTO, s->key, &s->found)) {
        slip_fail(err, SLIP_EPOLICY, "it is signed by another key, or was changed since");
        return OTHER_KEY;
    }
    if (s->like &&
        (s->like->len != s->found.len || memcmp(s->like->data, s->found.data, s->found.len) != 0))
        return MALFORMED;
    return judge(s, &s->found, err);
}

/* With `like`, only a statement of these very bytes will do. */
static int find(struct slip_store *store, const struct slip_digest *manifest,
                const char *predicate_type, const struct slip_pem *key, const struct slip_buf *like,
                struct slip_buf *ret, struct slip_error *ret_why, struct slip_error *err)
{
    struct search search = { store, manifest, predicate_type, key, like, SLIP_BUF_INIT };
    int rc =
        slip_companion_search(store, manifest, SLIP_COMPANION_ATT, examine, &search, ret_why, err);

    if (rc == 1) {
        slip_buf_release(ret);
        *ret = search.found;
    } else {
        slip_buf_release(&search.found);
    }
    return rc;
}

int slip_statement_find(struct slip_store *store, const struct slip_digest *manifest,
                        const char *predicate_type, const struct slip_pem *key,
                        struct slip_buf *ret, struct slip_error *ret_why, struct slip_error *err)
{
    return find(store, manifest, predicate_type, key, NULL, ret, ret_why, err);
}

/* --- signing --------------------------------------------------------------------------------- */

/* What is attached becomes a statement: in `text`, in place. NULL with *err. Borrowed. */
static const char *wrap(const struct kind *kind, const struct slip_digest *manifest,
                        struct slip_buf *text, json_t **ret, struct slip_error *err)
{
    json_t *json = slip_json_parse(text->data ? text->data : "", text->len, "document", err);

    *ret = json;
    if (!json)
        return NULL;
    if (strcmp(kind->artifact_type, SLIP_IN_TOTO) == 0) {
        const char *type = slip_json_str(json, "predicateType");
        if (!type || !is_about(json, manifest))
            slip_fail(err, SLIP_EINPUT, "it does not say %s",
                      type ? "that it is about this image" : "of what kind it is");
        return is_about(json, manifest) ? type : NULL;
    }
    *ret = json_pack("{s:s, s:[{s:{s:s}}], s:s, s:o}", "_type", SLIP_STATEMENT, "subject", "digest",
                     "sha256", manifest->hex, "predicateType", kind->predicate_type, "predicate",
                     json);
    slip_cleanup(slip_freep) char *whole = slip_json_text(*ret);
    slip_buf_clear(text);
    slip_buf_puts(text, whole);
    return kind->predicate_type;
}

static int add(struct slip_store *store, const struct slip_digest *manifest, const char *envelope,
               const char *predicate_type, struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *layers = json_array();
    struct slip_digest digest;

    if (slip_blob_put(store, envelope, strlen(envelope), &digest, err) < 0)
        return -1;
    json_t *layer = slip_descriptor_json(ENVELOPE, &digest, strlen(envelope));
    json_object_set_new(layer, "annotations",
                        json_pack("{s:s, s:s}", "dev.cosignproject.cosign/signature", "",
                                  "predicateType", predicate_type));
    json_array_append_new(layers, layer);
    return slip_companion_add(store, manifest, SLIP_COMPANION_ATT, layers, err);
}

static int sign_one(struct slip_store *store, const struct slip_digest *manifest,
                    const struct kind *kind, const struct slip_digest *referrer,
                    const struct slip_pem *key, struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf known = SLIP_BUF_INIT;
    slip_cleanup(slip_error_release) struct slip_error why = SLIP_ERROR_INIT;
    slip_cleanup(slip_json_decrefp) json_t *statement = NULL;

    if (slip_referrer_text(store, referrer, SLIP_STATEMENT_LIMIT / 2, &text, err) < 0)
        return -1;
    const char *type = wrap(kind, manifest, &text, &statement, err);
    if (!type)
        return -1;
    int there = find(store, manifest, type, key, &text, &known, &why, err);
    if (there)
        return there < 0 ? -1 : 0;
    slip_cleanup(slip_freep) char *envelope = seal(SLIP_IN_TOTO, &text, key, err);
    return envelope ? add(store, manifest, envelope, type, err) : -1;
}

int slip_statements_sign(struct slip_store *store, const struct slip_digest *manifest,
                         const struct slip_pem *key, struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *list = slip_referrers_list(store, manifest);
    const json_t *entry;
    int signed_now = 0;
    size_t i;

    json_array_foreach (list, i, entry) {
        const char *type = slip_json_str(entry, "artifactType");
        struct slip_descriptor d;
        for (size_t k = 0; type && k < SLIP_ARRAY_LEN(kinds); k++) {
            if (strcmp(kinds[k].artifact_type, type) != 0)
                continue;
            if (slip_descriptor_parse(entry, &d, err) < 0 ||
                sign_one(store, manifest, &kinds[k], &d.digest, key, err) < 0)
                return slip_error_context(err, "the attached '%s'", type);
            signed_now++;
        }
    }
    return signed_now;
}
