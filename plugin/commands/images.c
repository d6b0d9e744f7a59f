#include "commands/command.h"
#include "image/image.h"
#include "store/record.h"
#include "ui/table.h"
#include "util/str.h"

static int row(struct slip_session *s, struct slip_table *table, const char *name,
               struct slip_error *err)
{
    slip_cleanup(slip_image_release) struct slip_image image = { 0 };
    struct slip_digest manifest;
    char size[16], id[20];
    uint64_t bytes = 0;

    if (slip_ref_get(&s->store, name, &manifest, err) < 0 ||
        slip_image_load(&s->store, &manifest, &image, err) < 0)
        return -1;
    for (size_t i = 0; i < image.nlayers; i++)
        bytes += image.layers[i].size;
    snprintf(id, sizeof id, "%.12s", manifest.hex);
    const char *cells[] = { name, id, slip_format_size(bytes, size) };
    slip_table_row(table, cells);
    return 0;
}

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    bool quiet = false;
    const struct slip_opt opts[] = {
        SLIP_OPT_FLAG('q', "quiet", &quiet, "names only"),
        SLIP_OPT_END,
    };
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_table_release) struct slip_table table = SLIP_TABLE_INIT("llr");
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    int done = slip_command_opts(s, &slip_command_images, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    if (slip_ref_list(&s->store, &names, err) < 0)
        return -1;
    const char *heading[] = { "NAME", "DIGEST", "SIZE" };
    slip_table_row(&table, heading);
    for (size_t i = 0; i < names.n; i++) {
        slip_cleanup(slip_error_release) struct slip_error broken = SLIP_ERROR_INIT;
        if (quiet)
            fprintf(s->out, "%s\n", names.v[i]);
        else if (row(s, &table, names.v[i], &broken) < 0)
            slip_error_print(&broken, s->err);
    }
    slip_table_text(&table, &text);
    if (!quiet)
        fputs(slip_buf_str(&text), s->out);
    return 0;
}

const struct slip_command slip_command_images = {
    .name = "images",
    .synopsis = "images [-q]",
    .summary = "list the images in the store",
    .max_args = 0,
    .needs_store = true,
    .run = run,
};
