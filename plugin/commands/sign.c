#include "commands/pem.h"
#include "commands/target.h"
#include "image/signature.h"
#include "image/statement.h"

static int sign_statements(struct slip_session *s, const struct slip_digest *manifest,
                           const struct slip_pem *key, struct slip_error *err)
{
    int n = slip_statements_sign(&s->store, manifest, key, err);

    if (n != 0)
        return n < 0 ? -1 : 0;
    slip_fail(err, SLIP_EUSAGE, "no provenance and no bill of materials is attached in the store");
    return slip_error_hint(err, "'slipway build --provenance=true --sbom=spdx' attaches both");
}

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    const char *key_file = NULL, *identity = NULL;
    bool statements = false;
    const struct slip_opt opts[] = {
        SLIP_OPT_TEXT('k', "key", &key_file, "FILE", "the private key, in PEM"),
        SLIP_OPT_TEXT(0, "identity", &identity, "REPOSITORY",
                      "what to sign it as [the repository of its name]"),
        SLIP_OPT_FLAG(0, "statements", &statements, "also sign provenance and bills of materials"),
        SLIP_OPT_END,
    };
    slip_cleanup(slip_pem_release) struct slip_pem key = SLIP_PEM_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_freep) char *as = NULL;
    struct slip_digest manifest;
    char digest[72];
    int done = slip_command_opts(s, &slip_command_sign, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    if (!key_file) {
        slip_fail(err, SLIP_EUSAGE, "'sign' needs the private key to sign with");
        return slip_error_hint(err, "usage: slipway %s", slip_command_sign.synopsis);
    }
    if (slip_pem_file_private(&key, key_file, err) < 0 ||
        slip_target_image(s, argv[0], &manifest, &names, err) < 0)
        return -1;
    const char *name = identity ? identity : names.n ? names.v[0] : NULL;
    if (name && !(as = slip_target_identity(name, err)))
        return -1;
    if ((statements && sign_statements(s, &manifest, &key, err) < 0) ||
        slip_signature_make(&s->store, &manifest, as ? as : "", &key, err) < 0 ||
        slip_target_attached(s, argv[0], &manifest, err) < 0)
        return slip_error_context(err, "cannot sign '%s'", argv[0]);
    fprintf(s->out, "%s%s%s\n", as ? as : "", as ? "@" : "", slip_digest_name(&manifest, digest));
    return 0;
}

const struct slip_command slip_command_sign = {
    .name = "sign",
    .synopsis = "sign --key FILE [--identity REPOSITORY] [--statements] IMAGE",
    .summary = "sign an image with a key",
    .about = "Signs the digest of IMAGE and the repository of its name, as cosign does. The\n"
             "signature is kept beside the image; 'slipway push' sends it along, or again for an\n"
             "image that was pushed before. To an oci:DIR it is added there. A key that is\n"
             "encrypted is opened with SLIPWAY_KEY_PASSWORD, or by asking on the terminal.\n"
             "--statements also signs the provenance and the bills of materials that are\n"
             "attached, as 'cosign attest' does.",
    .min_args = 1,
    .max_args = 1,
    .needs_store = true,
    .run = run,
};
