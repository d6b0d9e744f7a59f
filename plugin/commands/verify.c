#include "build/attached.h"
#include "build/prune.h"
#include "commands/pem.h"
#include "commands/target.h"
#include "image/signature.h"
#include "image/statement.h"
#include "util/str.h"

struct verify {
    bool store;
    const char *key_file, *identity, *statement;
    struct slip_pem key;
    char *wanted; /* owned: what the image must have been signed as; NULL: anything */
};

static void verify_release(struct verify *v)
{
    slip_pem_release(&v->key);
    free(v->wanted);
}

static void bad(void *user, const char *what)
{
    const struct slip_session *s = user;

    fprintf(s->err, "error: %s\n", what);
}

static int check_store(struct slip_session *s, struct slip_error *err)
{
    if (slip_store_enter(&s->store, getenv("SLIPWAY_TIER"), err) < 0)
        return -1;
    int findings = slip_store_verify(&s->store, bad, s, err);
    if (findings < 0)
        return -1;
    if (findings)
        return slip_fail(err, SLIP_EINTEGRITY,
                         "%d things in the store '%s' are not what they "
                         "should be",
                         findings, s->store.path);
    fprintf(s->out, "%s: every blob, record, snapshot and name is right\n", s->store.path);
    return 0;
}

/* Whoever can put an image under a name must not be able to pass off another one that is signed:
 * an image that is found by name must have been signed as that. */
static int settle_identity(struct verify *v, const char *image, struct slip_error *err)
{
    slip_cleanup(slip_error_release) struct slip_error no_digest = SLIP_ERROR_INIT;
    const char *name = v->identity ? v->identity : image;
    struct slip_digest digest;

    if (strcmp(name, "*") == 0 ||
        (!v->identity && (slip_starts_with(name, "oci:") || strstr(name, "-archive:") ||
                          slip_digest_parse(name, &digest, &no_digest) == 0)))
        return 0;
    v->wanted = slip_target_identity(name, err);
    return v->wanted ? 0 : -1;
}

/* A registry that has something there which is no signature has none. */
static int fetch(struct slip_session *s, const char *image, const struct slip_digest *manifest,
                 enum slip_companion kind, struct slip_error *err)
{
    int rc = slip_attached_fetch_companion(&s->sources, image, manifest, kind, err);

    if (rc < 0 && (err->code == SLIP_EINPUT || err->code == SLIP_EINTEGRITY))
        err->code = SLIP_EPOLICY;
    return rc;
}

/* The store's signatures first: what they say needs no registry. */
static int find_signature(const struct verify *v, struct slip_session *s, const char *image,
                          const struct slip_digest *manifest, char **ret_as,
                          struct slip_error *ret_why, struct slip_error *err)
{
    int good = slip_signature_find(&s->store, manifest, v->wanted, &v->key, ret_as, ret_why, err);

    if (good)
        return good;
    if (fetch(s, image, manifest, SLIP_COMPANION_SIG, err) < 0)
        return -1;
    return slip_signature_find(&s->store, manifest, v->wanted, &v->key, ret_as, ret_why, err);
}

static int check_image(struct verify *v, struct slip_session *s, const char *image,
                       struct slip_error *err)
{
    slip_cleanup(slip_freep) char *as = NULL;
    slip_cleanup(slip_error_release) struct slip_error why = SLIP_ERROR_INIT;
    struct slip_digest manifest;
    char name[72];

    if (slip_pem_file_public(&v->key, v->key_file, err) < 0 || settle_identity(v, image, err) < 0 ||
        slip_target_image(s, image, &manifest, NULL, err) < 0)
        return -1;
    int good = find_signature(v, s, image, &manifest, &as, &why, err);
    if (good < 0)
        return -1;
    if (!good) {
        slip_error_move(err, &why);
        return slip_error_context(err, "'%s' (sha256:%.12s) has no good signature by '%s'", image,
                                  manifest.hex, v->key_file);
    }
    fprintf(s->out, "%s%s%s\n", as, *as ? "@" : "", slip_digest_name(&manifest, name));
    return 0;
}

/* The statement itself goes to standard output: what it says is for others to judge. */
static int check_statement(struct verify *v, struct slip_session *s, const char *image,
                           struct slip_error *err)
{
    slip_cleanup(slip_error_release) struct slip_error why = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    const char *type = slip_predicate_type(v->statement);
    struct slip_digest manifest;

    if (slip_pem_file_public(&v->key, v->key_file, err) < 0 ||
        slip_target_image(s, image, &manifest, NULL, err) < 0)
        return -1;
    int good = slip_statement_find(&s->store, &manifest, type, &v->key, &text, &why, err);
    if (good == 0) {
        if (fetch(s, image, &manifest, SLIP_COMPANION_ATT, err) < 0)
            return -1;
        good = slip_statement_find(&s->store, &manifest, type, &v->key, &text, &why, err);
    }
    if (good < 0)
        return -1;
    if (!good) {
        slip_error_move(err, &why);
        return slip_error_context(err, "'%s' (sha256:%.12s) has no good '%s' signed by '%s'", image,
                                  manifest.hex, v->statement, v->key_file);
    }
    fwrite(slip_buf_str(&text), 1, text.len, s->out);
    return 0;
}

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    slip_cleanup(verify_release) struct verify v = { 0 };
    const struct slip_opt opts[] = {
        SLIP_OPT_TEXT('k', "key", &v.key_file, "FILE", "the public key, in PEM"),
        SLIP_OPT_TEXT(0, "identity", &v.identity, "REPOSITORY",
                      "what it must be signed as [its name]; * is anything"),
        SLIP_OPT_TEXT(0, "statement", &v.statement, "KIND",
                      "provenance, spdx, cyclonedx, a predicateType"),
        SLIP_OPT_FLAG(0, "store", &v.store, "read the whole store and check every digest"),
        SLIP_OPT_END,
    };
    int done = slip_command_opts(s, &slip_command_verify, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    if (v.store && argc == 0 && !v.key_file)
        return check_store(s, err);
    if (!v.store && argc == 1 && v.key_file)
        return v.statement ? check_statement(&v, s, argv[0], err)
                           : check_image(&v, s, argv[0], err);
    slip_fail(err, SLIP_EUSAGE, "'verify' needs either --store, or --key and an image");
    return slip_error_hint(err, "usage: slipway %s", slip_command_verify.synopsis);
}

const struct slip_command slip_command_verify = {
    .name = "verify",
    .synopsis = "verify --key FILE [--identity REPOSITORY|--statement KIND] IMAGE | --store",
    .summary = "check an image's signature, or the store against its digests",
    .about = "Looks for a signature of IMAGE by the key FILE in the store, in an oci:DIR, and in\n"
             "the repository where the image was pushed. Without a good one the status is 5. What\n"
             "is signed must be the digest of IMAGE, under the repository of its name. Prints\n"
             "what was signed. With --statement, a signed provenance or bill of materials is\n"
             "looked for instead, and printed.",
    .max_args = 1,
    .needs_store = true,
    .run = run,
};
