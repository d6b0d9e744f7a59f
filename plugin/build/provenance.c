#include "build/provenance.h"

#include "build/locate.h"
#include "build/remote.h"
#include "image/reference.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/secret.h"
#include "util/str.h"

#define BUILD_TYPE "urn:slipway:build:v1"
#define BUILDER_ID "urn:slipway:builder"

/* --- materials ------------------------------------------------------------------------------- */

struct materials {
    struct slip_builder *b;
    struct slip_map seen;
    json_t *list; /* owned */
};

static void materials_release(struct materials *m)
{
    slip_map_release(&m->seen);
    json_decref(m->list);
}

/* "sha256:<hex>" as a digest set. */
static json_t *digest_set(const char *digest)
{
    slip_cleanup(slip_freep) char *algorithm = slip_xstrndup(digest, strcspn(digest, ":"));

    return json_pack("{s:s}", algorithm, strchr(digest, ':') + 1);
}

/* `uri`, `name` and `digest` may be NULL, but not all. */
static void add(struct materials *m, const char *uri, const char *name, const char *digest)
{
    slip_cleanup(slip_freep) char *key =
        slip_xasprintf("%s\n%s\n%s", uri ? uri : "", name ? name : "", digest ? digest : "");

    if (slip_map_get(&m->seen, key))
        return;
    slip_map_set(&m->seen, key, m);
    json_t *row = json_object();
    if (uri)
        json_object_set_new(row, "uri", slip_shown_text(uri));
    if (digest)
        json_object_set_new(row, "digest", digest_set(digest));
    if (name)
        json_object_set_new(row, "name", slip_shown_text(name));
    json_array_append_new(m->list, row);
}

/* A package URL of type oci: "pkg:oci/debian@sha256%3A...?repository_url=...&tag=bookworm". */
static char *image_url(const struct slip_reference *ref, const char *hex)
{
    return slip_xasprintf("pkg:oci/%s@sha256%%3A%s?repository_url=%s/%s%s%s",
                          slip_path_base(ref->repository), hex, ref->registry, ref->repository,
                          ref->tag ? "&tag=" : "", ref->tag ? ref->tag : "");
}

static int add_image(struct materials *m, const struct slip_input *input, struct slip_error *err)
{
    slip_cleanup(slip_resolved_release) struct slip_resolved image = SLIP_RESOLVED_INIT;
    slip_cleanup(slip_reference_release) struct slip_reference ref = SLIP_REFERENCE_INIT;
    slip_cleanup(slip_error_release) struct slip_error unnamed = SLIP_ERROR_INIT;
    char digest[72];

    if (slip_base_resolve(m->b->sources, input, &image, err) < 0)
        return -1;
    slip_digest_name(&image.image.manifest_digest, digest);
    bool is_file = slip_starts_with(input->name, "oci:") || strstr(input->name, "-archive:");
    if (is_file || slip_image_reference(&ref, input->name, &unnamed) < 0) {
        add(m, NULL, slip_path_base(input->name), digest);
        return 0;
    }
    slip_cleanup(slip_freep) char *url = image_url(&ref, image.image.manifest_digest.hex);
    add(m, url, NULL, digest);
    return 0;
}

static int add_tree(struct materials *m, const struct slip_input *input, struct slip_error *err)
{
    slip_cleanup(slip_makings_release) struct slip_makings made = SLIP_MAKINGS_INIT;
    const struct slip_scan *scan = slip_builder_scan(m->b, input, err);
    char hex[65];

    if (!scan)
        return -1;
    slip_scan_made_of(scan, "", false, &made);
    slip_makings_finish(&made, hex);
    slip_cleanup(slip_freep) char *digest = slip_xasprintf("slipwayTree:%s", hex);
    add(m, NULL, *input->name ? input->name : "context", digest);
    return 0;
}

static int add_rootfs(struct materials *m, const struct slip_input *input, struct slip_error *err)
{
    char hex[65];
    bool is_dir;

    if (slip_locate_rootfs(m->b->store, input->name, hex, &is_dir, err) < 0)
        return -1;
    slip_cleanup(slip_freep) char *digest =
        slip_xasprintf("%s:%s", is_dir ? "slipwayTree" : "sha256", hex);
    add(m, NULL, slip_path_base(input->name), digest);
    return 0;
}

/* Queries of URLs often are permissions. */
static int add_remote(struct materials *m, const struct slip_input *input, struct slip_error *err)
{
    const struct slip_remote *remote = input->remote;
    bool is_git = remote->kind == SLIP_REMOTE_GIT;
    struct slip_fetched fetched;

    if (slip_remote_resolve(m->b->sources, remote, &fetched, err) < 0)
        return -1;
    slip_cleanup(slip_freep) char *bare =
        slip_xstrndup(remote->shown, strcspn(remote->shown, "?#"));
    slip_cleanup(slip_freep) char *uri =
        is_git ? slip_xasprintf("git+%s%s%s", bare, *remote->ref ? "@" : "", remote->ref)
               : slip_xstrdup(bare);
    add(m, uri, NULL, fetched.content);
    return 0;
}

static int add_input(struct materials *m, const struct slip_input *input, struct slip_error *err)
{
    switch (input->origin) {
    case SLIP_FROM_HOST:
        add(m, "urn:slipway:host", NULL, NULL);
        return 0;
    case SLIP_FROM_IMAGE:
        return add_image(m, input, err);
    case SLIP_FROM_CONTEXT:
        return add_tree(m, input, err);
    case SLIP_FROM_ROOTFS:
        return add_rootfs(m, input, err);
    case SLIP_FROM_URL:
    case SLIP_FROM_GIT:
        return add_remote(m, input, err);
    case SLIP_FROM_SCRATCH:
    case SLIP_FROM_STAGE:
    case SLIP_FROM_INLINE:
        break;
    }
    return 0;
}

json_t *slip_materials(struct slip_builder *b, struct slip_error *err)
{
    slip_cleanup(materials_release) struct materials m = { .b = b, .list = json_array() };

    for (size_t i = 0; i < b->plan->nsteps; i++) {
        const struct slip_input *input;
        for (size_t k = 0; (input = slip_step_input(b->plan->steps[i], k)); k++)
            if (add_input(&m, input, err) < 0)
                return NULL;
    }
    return SLIP_TAKE_PTR(m.list);
}

/* --- the statement --------------------------------------------------------------------------- */

static json_t *arguments(const struct slip_provenance *p)
{
    json_t *shown = json_object(), *value;
    const char *name;

    json_object_foreach (p->plan->args, name, value)
        json_object_set_new(
            shown, name, slip_name_sounds_secret(name) ? json_string("***") : json_incref(value));
    return shown;
}

static json_t *parameters(const struct slip_provenance *p)
{
    json_t *chosen = json_object();
    struct slip_digest digest;
    char name[72];

    slip_digest_of(p->file->text, p->file->len, &digest);
    slip_digest_name(&digest, name);
    json_object_set_new(chosen, "frontend", json_string(p->is_recipe ? "recipe" : "dockerfile"));
    json_object_set_new(chosen, "file",
                        json_pack("{s:o, s:o}", "name",
                                  slip_shown_text(slip_path_base(p->file->name)), "digest",
                                  digest_set(name)));
    json_object_set_new(chosen, "target", json_string(p->plan->target->name));
    json_object_set_new(chosen, "platform", json_string(p->platform));
    if (p->full)
        json_object_set_new(chosen, "args", arguments(p));
    return chosen;
}

/* The commit is one thing, what the build saw of the checkout another: both are told. */
static json_t *dependencies(const struct slip_provenance *p)
{
    json_t *list = json_copy((json_t *)(uintptr_t)p->materials), *row;

    if (!p->commit)
        return list;
    row = json_object();
    if (p->source)
        json_object_set_new(row, "uri", json_sprintf("git+%s", p->source));
    json_object_set_new(row, "digest", json_pack("{s:s}", "gitCommit", p->commit));
    json_object_set_new(row, "name", json_string("source"));
    if (p->modified)
        json_object_set_new(row, "annotations", json_pack("{s:b}", "modified", 1));
    json_array_append_new(list, row);
    return list;
}

static json_t *predicate(const struct slip_provenance *p)
{
    json_t *definition = json_object(), *details = json_object(), *builder = json_object();
    json_t *whole = json_object();

    json_object_set_new(definition, "buildType", json_string(BUILD_TYPE));
    json_object_set_new(definition, "externalParameters", parameters(p));
    json_object_set_new(definition, "resolvedDependencies", dependencies(p));
    json_object_set_new(builder, "id", json_string(p->builder_id ? p->builder_id : BUILDER_ID));
    json_object_set_new(builder, "version", json_pack("{s:s}", "slipway", SLIPWAY_VERSION));
    json_object_set_new(details, "builder", builder);
    json_object_set_new(whole, "buildDefinition", definition);
    json_object_set_new(whole, "runDetails", details);
    return whole;
}

static json_t *veiled(const json_t *json, const struct slip_secrets *secrets);

static json_t *veiled_text(const json_t *text, const struct slip_secrets *secrets)
{
    struct slip_veil veil = { .secrets = secrets };
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;

    slip_veil_put(&veil, json_string_value(text), json_string_length(text), &out);
    slip_veil_flush(&veil, &out);
    slip_veil_release(&veil);
    return slip_shown_text(slip_buf_str(&out));
}

/* What a secret could have got into by way of an argument. Keys too: a name may be one. */
static json_t *veiled(const json_t *json, const struct slip_secrets *secrets)
{
    json_t *copy, *value;
    const char *key;
    size_t i;

    if (json_is_string(json))
        return veiled_text(json, secrets);
    if (json_is_array(json)) {
        copy = json_array();
        json_array_foreach (json, i, value)
            json_array_append_new(copy, veiled(value, secrets));
        return copy;
    }
    if (!json_is_object(json))
        return json_incref((json_t *)(uintptr_t)json);
    copy = json_object();
    json_object_foreach ((json_t *)(uintptr_t)json, key, value) {
        slip_cleanup(slip_json_decrefp) json_t *name = json_string(key);
        slip_cleanup(slip_json_decrefp) json_t *shown = veiled_text(name, secrets);
        json_object_set_new(copy, json_string_value(shown), veiled(value, secrets));
    }
    return copy;
}

char *slip_provenance_text(const struct slip_provenance *p, const struct slip_digest *manifest)
{
    slip_cleanup(slip_json_decrefp) json_t *statement = json_object();
    slip_cleanup(slip_json_decrefp) json_t *open = predicate(p);

    json_object_set_new(statement, "_type", json_string(SLIP_STATEMENT));
    json_object_set_new(statement, "subject",
                        json_pack("[{s:{s:s}}]", "digest", "sha256", manifest->hex));
    json_object_set_new(statement, "predicateType", json_string(SLIP_SLSA_PROVENANCE));
    json_object_set_new(statement, "predicate", veiled(open, p->secrets));
    slip_cleanup(slip_freep) char *text = json_dumps(statement, JSON_INDENT(2));
    return slip_xasprintf("%s\n", text);
}
