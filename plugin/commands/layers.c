#include "commands/layers.h"

#include <sys/stat.h>

#include "build/waste.h"
#include "ui/line.h"
#include "ui/table.h"
#include "util/json.h"
#include "util/str.h"

#define SHOWN 10 /* of what is wasted */

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

void slip_layers_json(const struct slip_contents *c, json_t *shown)
{
    slip_cleanup(slip_waste_release) struct slip_waste waste = SLIP_WASTE_INIT;
    json_t *layers = json_object_get(shown, "Layers");

    slip_waste_find(c, &waste);
    for (size_t i = 0; i < c->image.nlayers; i++) {
        json_t *layer = json_array_get(layers, i);
        json_object_set_new(layer, "made_by", slip_json_any(slip_contents_maker(c, i)));
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

void slip_layers_text(const struct slip_contents *c, struct slip_buf *out)
{
    slip_cleanup(slip_waste_release) struct slip_waste waste = SLIP_WASTE_INIT;
    char size[16], wasted[16], twice[16];

    slip_waste_find(c, &waste);
    put_layers(out, c);
    slip_buf_printf(out, "\nsize: %s in %zu layers, of which %.1f %% is seen\n",
                    slip_format_size(c->bytes, size), c->image.nlayers, slip_waste_efficiency(c));
    slip_buf_printf(out, "wasted: %s, in files that upper layers overwrite or remove\n",
                    slip_format_size(c->seen.hidden_bytes, wasted));
    put_hidden(out, &c->seen);
    slip_buf_printf(out, "twice: %s, in files of the same content\n",
                    slip_format_size(waste.twin_bytes, twice));
    put_twins(out, &waste);
}
