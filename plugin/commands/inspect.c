#include "build/attached.h"
#include "commands/layers.h"
#include "commands/target.h"
#include "image/image.h"
#include "store/blob.h"
#include "util/json.h"

/* The list as an index has it: what it says is what the registry said, and not checked. */
static int show_referrers(struct slip_session *s, const char *name,
                          const struct slip_digest *manifest, struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *list = NULL;

    if (slip_attached_list(&s->sources, name, manifest, &list, err) < 0)
        return -1;
    slip_cleanup(slip_freep) char *text = json_dumps(list, JSON_INDENT(2));
    fprintf(s->out, "%s\n", text ? text : "[]");
    return 0;
}

static int show_referrer(struct slip_session *s, const char *name,
                         const struct slip_digest *manifest, const char *which,
                         struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    struct slip_digest referrer;

    if (slip_attached_find(&s->sources, name, manifest, which, &referrer, err) < 0 ||
        slip_referrer_text(&s->store, &referrer, SLIP_REFERRER_LIMIT, &text, err) < 0)
        return -1;
    fwrite(slip_buf_str(&text), 1, text.len, s->out);
    return 0;
}

/* What each layer holds needs its bytes. They are read when they are here; `--layers` has them
 * fetched. */
static bool is_held(struct slip_session *s, const struct slip_image *image)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;

    for (size_t i = 0; i < image->nlayers; i++)
        if (slip_blob_has(&s->store, &image->layers[i].digest, &ignored) != 1)
            return false;
    return true;
}

/* Also what the layers hold, if they are here. */
static int add_contents(struct slip_session *s, const char *name, const struct slip_image *image,
                        json_t *shown, struct slip_error *err)
{
    slip_cleanup(slip_contents_release) struct slip_contents contents = SLIP_CONTENTS_INIT;

    if (!is_held(s, image))
        return 0;
    if (slip_contents_read(&s->sources, name, &image->manifest_digest, &contents, err) < 0)
        return -1;
    slip_layers_json(&contents, shown);
    return 0;
}

static int show_layers(struct slip_session *s, const char *name, const struct slip_digest *manifest,
                       struct slip_error *err)
{
    slip_cleanup(slip_contents_release) struct slip_contents contents = SLIP_CONTENTS_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    if (slip_contents_read(&s->sources, name, manifest, &contents, err) < 0)
        return -1;
    slip_layers_text(&contents, &text);
    fputs(slip_buf_str(&text), s->out);
    return 0;
}

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    bool config = false, manifest_only = false, referrers = false, layer_table = false;
    const char *which = NULL;
    const struct slip_opt opts[] = {
        SLIP_OPT_FLAG(0, "config", &config, "the configuration as it is stored"),
        SLIP_OPT_FLAG(0, "manifest", &manifest_only, "the manifest as it is stored"),
        SLIP_OPT_FLAG(0, "layers", &layer_table, "a table of the layers, and what is wasted"),
        SLIP_OPT_FLAG(0, "referrers", &referrers, "what is attached, here and where it was pushed"),
        SLIP_OPT_TEXT(0, "referrer", &which, "TYPE|DIGEST", "the attached document itself"),
        SLIP_OPT_END,
    };
    struct slip_digest manifest;
    slip_cleanup(slip_image_release) struct slip_image image = { 0 };
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    char name[72];
    int done = slip_command_opts(s, &slip_command_inspect, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    if (slip_target_image(s, argv[0], &manifest, &names, err) < 0)
        return -1;
    if (layer_table)
        return show_layers(s, argv[0], &manifest, err);
    if (referrers || which)
        return which ? show_referrer(s, argv[0], &manifest, which, err)
                     : show_referrers(s, argv[0], &manifest, err);
    if (slip_sources_load(&s->sources, argv[0], &manifest, &image, err) < 0)
        return -1;
    if (config || manifest_only) {
        fputs(config ? image.config_text : image.manifest_text, s->out);
        return 0;
    }
    slip_cleanup(slip_json_decrefp) json_t *shown = json_object();
    json_t *layers = json_array();
    for (size_t i = 0; i < image.nlayers; i++) {
        json_t *layer = json_object();
        json_object_set_new(layer, "digest",
                            json_string(slip_digest_name(&image.layers[i].digest, name)));
        json_object_set_new(layer, "diff_id",
                            json_string(slip_digest_name(&image.layers[i].diff_id, name)));
        json_object_set_new(layer, "size", json_integer((json_int_t)image.layers[i].size));
        json_object_set_new(layer, "mediaType", json_string(image.layers[i].media_type));
        json_array_append_new(layers, layer);
    }
    json_object_set_new(shown, "Names", slip_json_from_strv(&names));
    json_object_set_new(shown, "Digest",
                        json_string(slip_digest_name(&image.manifest_digest, name)));
    json_object_set_new(shown, "ConfigDigest",
                        json_string(slip_digest_name(&image.config_digest, name)));
    static const char *const keys[][2] = { { "Created", "created" },
                                           { "Architecture", "architecture" },
                                           { "Variant", "variant" },
                                           { "Os", "os" },
                                           { "Config", "config" },
                                           { "History", "history" } };
    for (size_t i = 0; i < SLIP_ARRAY_LEN(keys); i++)
        json_object_set(shown, keys[i][0], json_object_get(image.config, keys[i][1]));
    json_object_set_new(shown, "Layers", layers);
    if (add_contents(s, argv[0], &image, shown, err) < 0)
        return -1;
    slip_cleanup(slip_freep) char *text =
        json_dumps(shown, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    fprintf(s->out, "%s\n", text ? text : "{}");
    return 0;
}

const struct slip_command slip_command_inspect = {
    .name = "inspect",
    .synopsis = "inspect [--layers|--config|--manifest|--referrers|--referrer TYPE] IMAGE",
    .summary = "show an image's configuration, layers, history, and what is wasted in it",
    .min_args = 1,
    .max_args = 1,
    .needs_store = true,
    .run = run,
};
