#include <sys/stat.h>

#include "build/waste.h"
#include "commands/target.h"
#include "image/image.h"
#include "store/blob.h"
#include "ui/line.h"
#include "ui/table.h"
#include "util/json.h"
#include "util/str.h"

#define SHOWN 10 /* of what is wasted */

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

static void set_number(json_t *object, const char *key, uint64_t value)
{
    json_object_set_new(object, key, json_integer((json_int_t)value));
}

static size_t files_of(const struct slip_listing *layer)
{
    size_t n = 0;

    for (size_t i = 0; i < layer->n; i++)
        n += !layer->v[i].whiteout && !S_ISDIR(layer->v[i].mode);
    return n;
}

static json_t *layer_json(const struct slip_image_layer *layer)
{
    json_t *json = json_object();
    char name[72];

    json_object_set_new(json, "digest", json_string(slip_digest_name(&layer->digest, name)));
    json_object_set_new(json, "diff_id", json_string(slip_digest_name(&layer->diff_id, name)));
    set_number(json, "size", layer->size);
    json_object_set_new(json, "mediaType", json_string(layer->media_type));
    return json;
}

static json_t *path_json(const struct slip_listed *file)
{
    slip_cleanup(slip_freep) char *path = slip_xasprintf("/%s", file->path);

    return slip_json_any(path);
}

static json_t *hidden_json(const struct slip_seen *seen)
{
    json_t *array = json_array();

    for (size_t i = 0; i < seen->nhidden; i++) {
        const struct slip_hidden *h = &seen->hidden[i];
        json_array_append_new(
            array, json_pack("{s:o, s:I, s:i, s:i, s:b}", "path", path_json(h->file), "size",
                             (json_int_t)h->file->size, "layer", (int)h->file->layer + 1, "by",
                             (int)h->by + 1, "removed", h->removed));
    }
    return array;
}

static json_t *twins_json(const struct slip_waste *waste)
{
    json_t *array = json_array();

    for (size_t i = 0; i < waste->ntwins; i++) {
        json_t *row = json_object(), *paths = json_array();
        for (size_t k = 0; k < waste->twins[i].n; k++)
            json_array_append_new(paths, path_json(waste->twins[i].files[k]));
        set_number(row, "size", waste->twins[i].files[0]->size);
        json_object_set_new(row, "paths", paths);
        json_array_append_new(array, row);
    }
    return array;
}

static void add_contents(json_t *shown, const struct slip_contents *c)
{
    slip_cleanup(slip_waste_release) struct slip_waste waste = SLIP_WASTE_INIT;
    json_t *layers = json_object_get(shown, "Layers");

    slip_waste_find(c, &waste);
    for (size_t i = 0; i < c->image.nlayers; i++) {
        json_t *layer = json_array_get(layers, i);
        json_object_set_new(layer, "created_by", slip_json_any(slip_contents_maker(c, i)));
        set_number(layer, "files", files_of(&c->layers[i]));
        set_number(layer, "bytes", c->layers[i].bytes);
        set_number(layer, "wasted", slip_waste_of_layer(c, i));
    }
    set_number(shown, "Size", c->bytes);
    set_number(shown, "Wasted", c->seen.hidden_bytes);
    json_object_set_new(shown, "Efficiency", json_real(slip_waste_efficiency(c)));
    json_object_set_new(shown, "Hidden", hidden_json(&c->seen));
    json_object_set_new(shown, "Duplicates", twins_json(&waste));
}

static int show_json(struct slip_session *s, const char *name, const struct slip_image *image,
                     const struct slip_strv *names, struct slip_error *err)
{
    slip_cleanup(slip_contents_release) struct slip_contents contents = SLIP_CONTENTS_INIT;
    slip_cleanup(slip_json_decrefp) json_t *shown = json_object();
    json_t *layers = json_array();
    char digest[72];

    for (size_t i = 0; i < image->nlayers; i++)
        json_array_append_new(layers, layer_json(&image->layers[i]));
    json_object_set_new(shown, "Names", slip_json_from_strv(names));
    json_object_set_new(shown, "Digest",
                        json_string(slip_digest_name(&image->manifest_digest, digest)));
    json_object_set_new(shown, "ConfigDigest",
                        json_string(slip_digest_name(&image->config_digest, digest)));
    static const char *const keys[][2] = { { "Created", "created" },
                                           { "Architecture", "architecture" },
                                           { "Os", "os" },
                                           { "Config", "config" },
                                           { "History", "history" } };
    for (size_t i = 0; i < SLIP_ARRAY_LEN(keys); i++)
        json_object_set(shown, keys[i][0], json_object_get(image->config, keys[i][1]));
    json_object_set_new(shown, "Layers", layers);
    if (is_held(s, image)) {
        if (slip_contents_read(&s->sources, name, &image->manifest_digest, &contents, err) < 0)
            return -1;
        add_contents(shown, &contents);
    }
    slip_cleanup(slip_freep) char *text =
        json_dumps(shown, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    fprintf(s->out, "%s\n", text ? text : "{}");
    return 0;
}

static void put_layers(struct slip_buf *out, const struct slip_contents *c)
{
    slip_cleanup(slip_table_release) struct slip_table table = SLIP_TABLE_INIT("rrrrrl");
    const char *heading[] = { "LAYER", "SIZE", "STORED", "FILES", "WASTED", "MADE BY" };

    slip_table_row(&table, heading);
    for (size_t i = 0; i < c->image.nlayers; i++) {
        char number[24], bytes[16], stored[16], files[24], wasted[16];
        slip_cleanup(slip_buf_release) struct slip_buf maker = SLIP_BUF_INIT;
        const char *text = slip_contents_maker(c, i);
        snprintf(number, sizeof number, "%zu", i + 1);
        snprintf(files, sizeof files, "%zu", files_of(&c->layers[i]));
        slip_buf_put(&maker, text, strcspn(text, "\n"));
        if (maker.len > 72) {
            maker.data[maker.len = 69] = '\0';
            slip_buf_puts(&maker, "...");
        }
        const char *cells[] = { number,
                                slip_format_size(c->layers[i].bytes, bytes),
                                slip_format_size(c->image.layers[i].size, stored),
                                files,
                                slip_format_size(slip_waste_of_layer(c, i), wasted),
                                slip_buf_str(&maker) };
        slip_table_row(&table, cells);
    }
    slip_table_text(&table, out);
}

static void put_hidden(struct slip_buf *out, const struct slip_seen *seen)
{
    char size[16];

    for (size_t i = 0; i < SHOWN && i < seen->nhidden; i++) {
        const struct slip_hidden *h = &seen->hidden[i];
        slip_buf_printf(out, "  %8s  /", slip_format_size(h->file->size, size));
        slip_line_clean(out, h->file->path, strlen(h->file->path));
        slip_buf_printf(out, ": of layer %u, %s by layer %u\n", h->file->layer + 1,
                        h->removed ? "removed" : "overwritten", h->by + 1);
    }
    if (seen->nhidden > SHOWN)
        slip_buf_printf(out, "            and %zu more\n", seen->nhidden - SHOWN);
}

static void put_twins(struct slip_buf *out, const struct slip_waste *waste)
{
    char size[16];

    for (size_t i = 0; i < SHOWN && i < waste->ntwins; i++) {
        const struct slip_twins *t = &waste->twins[i];
        slip_buf_printf(out, "  %8s ", slip_format_size(t->bytes, size));
        for (size_t k = 0; k < t->n && k < 4; k++) {
            slip_buf_puts(out, k ? " = /" : " /");
            slip_line_clean(out, t->files[k]->path, strlen(t->files[k]->path));
        }
        slip_buf_puts(out, t->n > 4 ? " = ...\n" : "\n");
    }
    if (waste->ntwins > SHOWN)
        slip_buf_printf(out, "            and %zu more\n", waste->ntwins - SHOWN);
}

static int show_layers(struct slip_session *s, const char *name, const struct slip_digest *manifest,
                       struct slip_error *err)
{
    slip_cleanup(slip_contents_release) struct slip_contents c = SLIP_CONTENTS_INIT;
    slip_cleanup(slip_waste_release) struct slip_waste waste = SLIP_WASTE_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    char size[16], wasted[16], twice[16];

    if (slip_contents_read(&s->sources, name, manifest, &c, err) < 0)
        return -1;
    slip_waste_find(&c, &waste);
    put_layers(&out, &c);
    slip_buf_printf(&out, "\nsize: %s in %zu layers, of which %.1f %% is seen\n",
                    slip_format_size(c.bytes, size), c.image.nlayers, slip_waste_efficiency(&c));
    slip_buf_printf(&out, "wasted: %s, in files that upper layers overwrite or remove\n",
                    slip_format_size(c.seen.hidden_bytes, wasted));
    put_hidden(&out, &c.seen);
    slip_buf_printf(&out, "twice: %s, in files of the same content\n",
                    slip_format_size(waste.twin_bytes, twice));
    put_twins(&out, &waste);
    fputs(slip_buf_str(&out), s->out);
    return 0;
}

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    bool config = false, manifest_only = false, layers = false;
    const struct slip_opt opts[] = {
        SLIP_OPT_FLAG(0, "config", &config, "the configuration as it is stored"),
        SLIP_OPT_FLAG(0, "manifest", &manifest_only, "the manifest as it is stored"),
        SLIP_OPT_FLAG(0, "layers", &layers, "a table of the layers, and what is wasted in them"),
        SLIP_OPT_END,
    };
    struct slip_digest manifest;
    slip_cleanup(slip_image_release) struct slip_image image = { 0 };
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    int done = slip_command_opts(s, &slip_command_inspect, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    if (slip_target_image(s, argv[0], &manifest, &names, err) < 0)
        return -1;
    if (layers)
        return show_layers(s, argv[0], &manifest, err);
    if (slip_sources_load(&s->sources, argv[0], &manifest, &image, err) < 0)
        return -1;
    if (!config && !manifest_only)
        return show_json(s, argv[0], &image, &names, err);
    fputs(config ? image.config_text : image.manifest_text, s->out);
    return 0;
}

const struct slip_command slip_command_inspect = {
    .name = "inspect",
    .synopsis = "inspect [--layers|--config|--manifest] IMAGE",
    .summary = "show an image's configuration, layers, history, and what is wasted in it",
    .min_args = 1,
    .max_args = 1,
    .needs_store = true,
    .run = run,
};
