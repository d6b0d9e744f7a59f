#include "commands/attest.h"

#include "commands/git.h"
#include "image/image.h"
#include "image/referrer.h"
#include "util/str.h"

/* One of the pairs between commas; `option` is what errors call it. */
static int set_pair(struct slip_attest *a, const char *option, const char *pair,
                    struct slip_error *err)
{
    static const struct {
        const char *pair;
        bool provenance, full;
    } known[] = {
        { "type=provenance", true, false },
        { "true", true, false },
        { "1", true, false },
        { "mode=min", true, false },
        { "mode=max", true, true },
        { "false", false, false },
        { "0", false, false },
        { "disabled=true", false, false },
        { "disabled=false", true, false },
    };
    static const char id[] = "builder-id=";

    if (slip_starts_with(pair, id) && pair[sizeof id - 1]) {
        free(a->builder_id);
        a->builder_id = slip_xstrdup(pair + sizeof id - 1);
        return 0;
    }
    for (size_t i = 0; i < SLIP_ARRAY_LEN(known); i++)
        if (strcmp(pair, known[i].pair) == 0) {
            a->provenance = known[i].provenance;
            a->full = known[i].full || (a->full && !slip_starts_with(pair, "mode="));
            return 0;
        }
    slip_fail(err, SLIP_EUSAGE, "%s does not know '%s'", option, pair);
    return slip_error_hint(err, "it is %s, with mode=min or mode=max",
                           strcmp(option, "--attest") == 0 ? "type=provenance" : "true or false");
}

static int parse(struct slip_attest *a, const char *option, const char *text,
                 struct slip_error *err)
{
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, ",");
        slip_cleanup(slip_freep) char *pair = slip_xstrndup(p, n);
        if (set_pair(a, option, pair, err) < 0)
            return -1;
        p += n + (p[n] == ',');
    }
    return 0;
}

int slip_attest_parse(const char *provenance, const struct slip_strv *attest,
                      struct slip_attest *ret, struct slip_error *err)
{
    if (provenance && parse(ret, "--provenance", provenance, err) < 0)
        return -1;
    for (size_t i = 0; i < attest->n; i++) {
        if (!slip_starts_with(attest->v[i], "type=")) {
            slip_fail(err, SLIP_EUSAGE, "--attest does not say its type in '%s'", attest->v[i]);
            return slip_error_hint(err, "write it as type=provenance,mode=max");
        }
        if (parse(ret, "--attest", attest->v[i], err) < 0)
            return -1;
    }
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

int slip_attest_write(const struct slip_attest *attest, struct slip_session *s,
                      const struct slip_front *front, const struct slip_built *built,
                      const struct slip_secrets *secrets, struct slip_error *err)
{
    slip_cleanup(slip_git_release) struct slip_git git = SLIP_GIT_INIT;
    const char *context = front->place.fetched ? NULL : front->contexts[0].path;
    struct slip_digest referrer;

    if (!attest->provenance)
        return 0;
    slip_cleanup(slip_freep) char *platform = platform_of(&s->store, &built->manifest, err);
    if (!platform)
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
    const struct slip_referrer_spec spec = {
        .subject = &built->manifest,
        .artifact_type = SLIP_IN_TOTO,
        .predicate = SLIP_SLSA_PROVENANCE,
        .bytes = text,
        .len = strlen(text),
    };
    return slip_referrer_store(&s->store, &spec, &referrer, err);
}
