#include "commands/attest.h"

#include <fcntl.h>

#include "commands/git.h"
#include "image/image.h"
#include "image/referrer.h"
#include "util/fs.h"
#include "util/str.h"

/* What one of the pairs between commas means; the first row that fits counts. */
static const struct pair {
    const char *kind, *text;
    bool on;
    int more; /* mode=max, or the format; -1: as it was */
} pairs[] = {
    { "provenance", "true", true, -1 },
    { "provenance", "1", true, -1 },
    { "provenance", "false", false, -1 },
    { "provenance", "0", false, -1 },
    { "provenance", "mode=min", true, 0 },
    { "provenance", "mode=max", true, 1 },
    { "provenance", "disabled=true", false, -1 },
    { "provenance", "disabled=false", true, -1 },
    { "sbom", "true", true, -1 },
    { "sbom", "1", true, -1 },
    { "sbom", "false", false, -1 },
    { "sbom", "0", false, -1 },
    { "sbom", "spdx", true, SLIP_SPDX },
    { "sbom", "cyclonedx", true, SLIP_CYCLONEDX },
    { "sbom", "format=spdx", true, SLIP_SPDX },
    { "sbom", "format=cyclonedx", true, SLIP_CYCLONEDX },
    { "sbom", "disabled=true", false, -1 },
    { "sbom", "disabled=false", true, -1 },
};

static void take(struct slip_attest *a, const struct pair *pair)
{
    if (strcmp(pair->kind, "sbom") == 0) {
        a->sbom = pair->on;
        a->format = pair->more >= 0 ? (enum slip_bill_format)pair->more : a->format;
        return;
    }
    a->provenance = pair->on;
    a->full = pair->more >= 0 ? pair->more : a->full;
}

/* `option` is what errors call it. */
static int set_pair(struct slip_attest *a, const char *option, const char *kind, const char *text,
                    struct slip_error *err)
{
    static const char id[] = "builder-id=";
    const char *known[SLIP_ARRAY_LEN(pairs)];
    size_t n = 0;

    if (strcmp(kind, "provenance") == 0 && slip_starts_with(text, id) && text[sizeof id - 1]) {
        free(a->builder_id);
        a->builder_id = slip_xstrdup(text + sizeof id - 1);
        return 0;
    }
    for (size_t i = 0; i < SLIP_ARRAY_LEN(pairs); i++) {
        if (strcmp(pairs[i].kind, kind) != 0)
            continue;
        if (strcmp(pairs[i].text, text) == 0) {
            take(a, &pairs[i]);
            return 0;
        }
        known[n++] = pairs[i].text;
    }
    slip_fail(err, SLIP_EUSAGE, "%s does not know '%s'", option, text);
    const char *near = slip_suggest(text, known, n);
    if (near)
        return slip_error_hint(err, "did you mean '%s'?", near);
    return slip_error_hint(err, strcmp(kind, "sbom") == 0 ? "it is true, spdx or cyclonedx"
                                                          : "it is true, mode=min or mode=max");
}

static int parse(struct slip_attest *a, const char *option, const char *kind, const char *text,
                 struct slip_error *err)
{
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, ",");
        slip_cleanup(slip_freep) char *pair = slip_xstrndup(p, n);
        if (set_pair(a, option, kind, pair, err) < 0)
            return -1;
        p += n + (p[n] == ',');
    }
    return 0;
}

/* "type=KIND[,...]" */
static int parse_attest(struct slip_attest *a, const char *text, struct slip_error *err)
{
    static const char *const kinds[] = { "provenance", "sbom" };
    static const char type[] = "type=";
    size_t n = strcspn(text, ",");
    slip_cleanup(slip_freep) char *kind =
        slip_starts_with(text, type) ? slip_xstrndup(text + 5, n - 5) : NULL;

    for (size_t i = 0; kind && i < SLIP_ARRAY_LEN(kinds); i++)
        if (strcmp(kind, kinds[i]) == 0)
            return set_pair(a, "--attest", kind, "true", err) < 0
                       ? -1
                       : parse(a, "--attest", kind, text + n + (text[n] == ','), err);
    const char *near = kind ? slip_suggest(kind, kinds, SLIP_ARRAY_LEN(kinds)) : NULL;
    if (!kind)
        slip_fail(err, SLIP_EUSAGE, "--attest does not say its type in '%s'", text);
    else
        slip_fail(err, SLIP_EUSAGE, "--attest has no type '%s'", kind);
    return near ? slip_error_hint(err, "did you mean 'type=%s'?", near)
                : slip_error_hint(err, "write it as type=provenance,mode=max or type=sbom");
}

int slip_attest_parse(const char *provenance, const char *sbom, const struct slip_strv *attest,
                      struct slip_attest *ret, struct slip_error *err)
{
    if ((provenance && parse(ret, "--provenance", "provenance", provenance, err) < 0) ||
        (sbom && parse(ret, "--sbom", "sbom", sbom, err) < 0))
        return -1;
    for (size_t i = 0; i < attest->n; i++)
        if (parse_attest(ret, attest->v[i], err) < 0)
            return -1;
    return 0;
}

void slip_attest_release(struct slip_attest *attest)
{
    free(attest->builder_id);
    *attest = SLIP_ATTEST_INIT;
}

static char *platform_of(struct slip_store *store, const struct slip_digest *manifest,
                         struct slip_error *err)
{
    slip_cleanup(slip_image_release) struct slip_image image = SLIP_IMAGE_INIT;

    if (slip_image_load(store, manifest, &image, err) < 0)
        return NULL;
    const char *os = slip_json_str(image.config, "os");
    const char *architecture = slip_json_str(image.config, "architecture");
    return slip_xasprintf("%s/%s", os ? os : "linux", architecture ? architecture : "unknown");
}

static int attach(struct slip_session *s, const struct slip_digest *manifest, const char *type,
                  const char *predicate, const char *text, struct slip_error *err)
{
    const struct slip_referrer_spec spec = {
        .subject = manifest,
        .artifact_type = type,
        .predicate = predicate,
        .replaces = true,
        .bytes = text,
        .len = strlen(text),
    };
    struct slip_digest referrer;

    return slip_referrer_store(&s->store, &spec, &referrer, err);
}

/* What a recipe includes is as much an input as what it stands in. */
static int add_included(const struct slip_front *front, json_t *materials, struct slip_error *err)
{
    const struct slip_strv *files = &front->recipe.files;

    for (size_t i = 1; front->is_recipe && i < files->n; i++) {
        slip_cleanup(slip_closep) int fd = open(files->v[i], O_RDONLY | O_CLOEXEC);
        struct slip_digest digest;
        if (fd < 0)
            return slip_fail_errno(err, "cannot read '%s'", files->v[i]);
        if (slip_digest_of_fd(fd, &digest, NULL, err) < 0)
            return slip_error_context(err, "'%s'", files->v[i]);
        json_array_append_new(materials,
                              json_pack("{s:{s:s}, s:o}", "digest", "sha256", digest.hex, "name",
                                        slip_shown_text(slip_path_base(files->v[i]))));
    }
    return 0;
}

static int write_provenance(const struct slip_attest *attest, struct slip_session *s,
                            const struct slip_front *front, const struct slip_built *built,
                            const struct slip_secrets *secrets, struct slip_error *err)
{
    slip_cleanup(slip_git_release) struct slip_git git = SLIP_GIT_INIT;
    const char *context = front->place.fetched ? NULL : front->contexts[0].path;
    slip_cleanup(slip_freep) char *platform = platform_of(&s->store, &built->manifest, err);

    if (!platform || add_included(front, built->materials, err) < 0)
        return -1;
    slip_git_look(context, &git);
    const struct slip_provenance provenance = {
        .plan = &front->plan,
        .materials = built->materials,
        .secrets = secrets,
        .file = front->source,
        .is_recipe = front->is_recipe,
        .full = attest->full,
        .platform = platform,
        .builder_id = attest->builder_id,
        .source = git.source,
        .commit = git.revision,
        .modified = git.revision && slip_git_is_modified(context),
    };
    slip_cleanup(slip_freep) char *text = slip_provenance_text(&provenance, &built->manifest);
    return attach(s, &built->manifest, SLIP_IN_TOTO, SLIP_SLSA_PROVENANCE, text, err);
}

static int write_bill(const struct slip_attest *attest, struct slip_session *s,
                      const struct slip_digest *manifest, const char *name,
                      struct slip_events *events, struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *bill =
        slip_bill(&s->sources, manifest, name, events, err);

    if (!bill)
        return -1;
    slip_cleanup(slip_freep) char *text = slip_bill_text(bill, attest->format);
    return attach(s, manifest, slip_bill_media_type(attest->format), NULL, text, err);
}

int slip_attest_write(const struct slip_attest *attest, struct slip_session *s,
                      const struct slip_front *front, const struct slip_built *built,
                      const char *name, const struct slip_secrets *secrets,
                      struct slip_events *events, struct slip_error *err)
{
    if (attest->provenance && write_provenance(attest, s, front, built, secrets, err) < 0)
        return -1;
    return attest->sbom ? write_bill(attest, s, &built->manifest, name, events, err) : 0;
}
