#include <fcntl.h>

#include "commands/target.h"
#include "image/layout_referrers.h"
#include "util/fs.h"
#include "util/str.h"

/* Documents say what they are by a key at their top. */
static const char *type_of(const struct slip_buf *text)
{
    static const struct {
        const char *key, *type;
    } known[] = {
        { "spdxVersion", "application/spdx+json" },
        { "bomFormat", "application/vnd.cyclonedx+json" },
        { "predicateType", "application/vnd.in-toto+json" },
    };
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;

    if (text->len == 0 || *text->data != '{')
        return NULL;
    slip_cleanup(slip_json_decrefp) json_t *json =
        slip_json_parse(text->data, text->len, "document", &ignored);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(known); i++)
        if (slip_json_str(json, known[i].key))
            return known[i].type;
    return NULL;
}

/* "type/subtype" of RFC 6838, which registries insist on. */
static bool is_media_type(const char *type)
{
    size_t n = strcspn(type, "/");

    return n && type[n] && type[n + 1] && !strpbrk(type, " \t\r\n\"\\;,") &&
           !strchr(type + n + 1, '/');
}

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    const char *type = NULL;
    const struct slip_opt opts[] = {
        SLIP_OPT_TEXT(0, "type", &type, "TYPE", "the kind of document [as it says itself]"),
        SLIP_OPT_END,
    };
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    struct slip_digest manifest, referrer;
    char name[72];
    int done = slip_command_opts(s, &slip_command_attach, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    if (type && !is_media_type(type))
        return slip_fail(err, SLIP_EUSAGE, "--type is a media type such as text/plain, not '%s'",
                         type);
    if (slip_target_image(s, argv[0], &manifest, NULL, err) < 0 ||
        slip_read_file(AT_FDCWD, argv[1], SLIP_REFERRER_LIMIT, &text, err) < 0)
        return -1;
    if (!type && !(type = type_of(&text))) {
        slip_fail(err, SLIP_EUSAGE, "'%s' does not say what kind of document it is", argv[1]);
        return slip_error_hint(err, "say it: --type text/plain, say");
    }
    const struct slip_referrer_spec spec = {
        .subject = &manifest,
        .artifact_type = type,
        .title = slip_path_base(argv[1]),
        .bytes = slip_buf_str(&text),
        .len = text.len,
    };
    if (slip_referrer_store(&s->store, &spec, &referrer, err) < 0 ||
        slip_target_attached(s, argv[0], &manifest, err) < 0)
        return -1;
    fprintf(s->out, "%s\n", slip_digest_name(&referrer, name));
    return 0;
}

const struct slip_command slip_command_attach = {
    .name = "attach",
    .synopsis = "attach [--type TYPE] IMAGE FILE",
    .summary = "attach a document to an image",
    .about =
        "Attaches FILE to IMAGE, whose digest stays as it is: a bill of materials, a report, a\n"
        "licence. SPDX, CycloneDX and in-toto documents are known by their content. To an\n"
        "oci:DIR it is added there; 'slipway push' sends it along, 'slipway inspect\n"
        "--referrers' lists what is attached.",
    .min_args = 2,
    .max_args = 2,
    .needs_store = true,
    .run = run,
};
