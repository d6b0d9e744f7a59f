#include <fcntl.h>
#include <sys/stat.h>

#include "build/explain.h"
#include "build/waste.h"
#include "commands/target.h"
#include "ui/page.h"
#include "util/fs.h"
#include "util/json.h"
#include "util/map.h"
#include "util/str.h"

#define LARGEST 40

struct report {
    struct slip_contents contents;
    json_t *told;        /* owned: slip_explain(), or NULL */
    struct slip_map why; /* path to its row in told */
    json_t *page;        /* owned */
};

static void report_release(struct report *r)
{
    slip_contents_release(&r->contents);
    json_decref(r->told);
    slip_map_release(&r->why);
    json_decref(r->page);
}

/* NULL: nothing is noted about it. */
static const json_t *row_of(const struct report *r, const struct slip_listed *file)
{
    return slip_map_get(&r->why, file->path);
}

static json_t *size_json(uint64_t bytes)
{
    char text[16];

    return json_string(slip_format_size(bytes, text));
}

static void add_fact(struct report *r, const char *name, json_t *value)
{
    json_array_append_new(json_object_get(r->page, "facts"), json_pack("[s, o]", name, value));
}

static json_t *add_section(struct report *r, const char *title, const char *align, json_t *columns)
{
    json_t *section = json_object();

    json_object_set_new(section, "title", json_string(title));
    json_object_set_new(section, "align", json_string(align));
    json_object_set_new(section, "columns", columns);
    json_object_set_new(section, "rows", json_array());
    json_array_append_new(json_object_get(r->page, "sections"), section);
    return section;
}

static void add_row(json_t *section, json_t *row, double share)
{
    json_array_append_new(json_object_get(section, "rows"), row);
    if (share < 0)
        return;
    if (!json_object_get(section, "shares"))
        json_object_set_new(section, "shares", json_array());
    json_array_append_new(json_object_get(section, "shares"), json_real(share));
}

struct sum {
    const char *name; /* borrowed */
    uint64_t bytes;
    size_t files;
};

static int by_bytes(const void *a, const void *b)
{
    const struct sum *l = a, *r = b;

    if (l->bytes != r->bytes)
        return l->bytes < r->bytes ? 1 : -1;
    return strcmp(l->name, r->name);
}

/* Bytes by what `key` of a file's row says. */
static void add_sums(struct report *r, const char *title, const char *heading, const char *key,
                     const char *otherwise)
{
    slip_cleanup(slip_map_release) struct slip_map index = SLIP_MAP_INIT;
    struct sum *sums = NULL;
    size_t n = 0, cap = 0;
    uint64_t all = slip_contents_seen_bytes(&r->contents);

    for (size_t i = 0; i < r->contents.seen.n; i++) {
        const struct slip_listed *file = r->contents.seen.files[i];
        const json_t *row = row_of(r, file);
        const char *name = slip_json_str(row, key);
        if (S_ISDIR(file->mode))
            continue;
        name = name ? name : row ? otherwise : "(base image)";
        size_t at = (uintptr_t)slip_map_get(&index, name);
        if (!at) {
            sums = slip_xgrow(sums, n, &cap, sizeof *sums);
            sums[n++] = (struct sum){ .name = name };
            slip_map_set(&index, name, (void *)(uintptr_t)(at = n));
        }
        sums[at - 1].bytes += file->size;
        sums[at - 1].files++;
    }
    if (n) {
        json_t *section =
            add_section(r, title, "rrl", json_pack("[s, s, s]", "SIZE", "FILES", heading));
        qsort(sums, n, sizeof *sums, by_bytes);
        for (size_t i = 0; i < n; i++)
            add_row(section,
                    json_pack("[o, o, o]", size_json(sums[i].bytes),
                              json_sprintf("%zu", sums[i].files), slip_json_any(sums[i].name)),
                    all ? (double)sums[i].bytes / (double)all : 0);
    }
    free(sums);
}

static void add_layers(struct report *r)
{
    const struct slip_contents *c = &r->contents;
    json_t *section = add_section(r, "By layer", "rrrl",
                                  json_pack("[s, s, s, s]", "SIZE", "STORED", "WASTED", "MADE BY"));

    for (size_t i = 0; i < c->image.nlayers; i++)
        add_row(section,
                json_pack("[o, o, o, o]", size_json(c->layers[i].bytes),
                          size_json(c->image.layers[i].size), size_json(slip_waste_of_layer(c, i)),
                          slip_json_any(slip_contents_maker(c, i))),
                c->bytes ? (double)c->layers[i].bytes / (double)c->bytes : 0);
}

static void add_largest(struct report *r)
{
    const struct slip_seen *seen = &r->contents.seen;
    slip_cleanup(slip_freep) const struct slip_listed **files =
        slip_xcalloc(seen->n + 1, sizeof *files);
    uint64_t all = slip_contents_seen_bytes(&r->contents);
    json_t *section =
        add_section(r, "Largest files", "rll", json_pack("[s, s, s]", "SIZE", "FILE", "WHY"));

    if (seen->n)
        memcpy(files, seen->files, seen->n * sizeof *files);
    qsort(files, seen->n, sizeof *files, slip_listed_by_size);
    for (size_t i = 0; i < LARGEST && i < seen->n && files[i]->size; i++) {
        const char *why = slip_json_str(row_of(r, files[i]), "why");
        slip_cleanup(slip_freep) char *path = slip_xasprintf("/%s", files[i]->path);
        json_t *reason = why ? slip_json_any(why) : json_sprintf("layer %u", files[i]->layer + 1);
        add_row(section,
                json_pack("[o, o, o]", size_json(files[i]->size), slip_json_any(path), reason),
                all ? (double)files[i]->size / (double)all : 0);
    }
}

static void add_packages(struct report *r)
{
    slip_cleanup(slip_packages_free) struct slip_map packages = SLIP_MAP_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    slip_contents_packages(&r->contents, r->told, &packages);
    for (size_t i = 0; i < packages.n; i++)
        slip_strv_add(&names, packages.entries[i].key);
    slip_strv_sort(&names);
    json_t *section =
        names.n ? add_section(r, "Packages", "ll", json_pack("[s, s]", "PACKAGE", "VERSION"))
                : NULL;
    for (size_t i = 0; i < names.n; i++)
        add_row(section,
                json_pack("[o, o]", slip_json_any(names.v[i]),
                          slip_json_any(slip_map_get(&packages, names.v[i]))),
                -1);
}

static void add_list(struct report *r, const json_t *list, const char *title,
                     const char *columns[2], const char *keys[2])
{
    size_t i;
    json_t *row;
    json_t *section = json_array_size(list)
                          ? add_section(r, title, "ll", json_pack("[s, s]", columns[0], columns[1]))
                          : NULL;

    json_array_foreach (list, i, row)
        add_row(section,
                json_pack("[o, o]", slip_json_any(slip_json_str(row, keys[0])),
                          slip_json_any(slip_json_str(row, keys[1]))),
                -1);
}

static void make_page(struct report *r, const char *image)
{
    const struct slip_contents *c = &r->contents;
    char digest[72];

    r->page = json_object();
    json_object_set_new(r->page, "title", slip_json_any(image));
    json_object_set_new(r->page, "facts", json_array());
    json_object_set_new(r->page, "sections", json_array());
    add_fact(r, "digest", json_string(slip_digest_name(&c->image.manifest_digest, digest)));
    add_fact(r, "size", size_json(c->bytes));
    add_fact(r, "wasted", size_json(c->seen.hidden_bytes));
    if (r->why.n) {
        add_sums(r, "By package", "PACKAGE", "package", "(this project)");
        add_sums(r, "By class", "CLASS", "class", "(none)");
    }
    add_layers(r);
    add_largest(r);
    add_packages(r);
    add_list(r, json_object_get(r->told, "hints"), "What no header says",
             (const char *[]){ "FILE", "HINT" }, (const char *[]){ "path", "text" });
    add_list(r, json_object_get(json_object_get(r->told, "build"), "ran"), "What ran for it",
             (const char *[]){ "STEP", "BECAUSE" }, (const char *[]){ "step", "why" });
}

static int read_all(struct report *r, struct slip_session *s, const char *image,
                    struct slip_error *err)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    struct slip_digest manifest;
    size_t i;
    json_t *row;

    if (slip_target_image(s, image, &manifest, NULL, err) < 0 ||
        slip_contents_read(&s->sources, image, &manifest, &r->contents, err) < 0)
        return -1;
    r->told = slip_explain(&s->store, &manifest, &ignored);
    json_array_foreach (json_object_get(r->told, "files"), i, row) {
        const char *path = slip_json_str(row, "path");
        if (path)
            slip_map_set(&r->why, path + strspn(path, "/"), row);
    }
    make_page(r, image);
    return 0;
}

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    const char *format = NULL, *output = NULL;
    const struct slip_opt opts[] = {
        SLIP_OPT_TEXT(0, "format", &format, "text|html|json",
                      "how it is written [text; html for FILE.html]"),
        SLIP_OPT_TEXT('o', "output", &output, "FILE", "write it there [standard output]"),
        SLIP_OPT_END,
    };
    slip_cleanup(report_release) struct report r = { .page = NULL };
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    int done = slip_command_opts(s, &slip_command_report, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    if (!format)
        format = output && slip_ends_with(output, ".html") ? "html" : "text";
    bool html = strcmp(format, "html") == 0, json = strcmp(format, "json") == 0;
    if (!html && !json && strcmp(format, "text") != 0)
        return slip_fail(err, SLIP_EUSAGE, "--format is text, html or json, not '%s'", format);
    if (read_all(&r, s, argv[0], err) < 0)
        return -1;
    if (json) {
        slip_cleanup(slip_freep) char *printed =
            json_dumps(r.page, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
        slip_buf_printf(&text, "%s\n", printed ? printed : "{}");
    } else if (html) {
        slip_page_html(r.page, &text);
    } else {
        slip_page_text(r.page, &text);
    }
    if (output)
        return slip_write_file(AT_FDCWD, output, text.data, text.len, 0644, false, err);
    fputs(slip_buf_str(&text), s->out);
    return 0;
}

const struct slip_command slip_command_report = {
    .name = "report",
    .synopsis = "report [--format text|html|json] [-o FILE] IMAGE",
    .summary = "say where the bytes of an image are, why, and what ran for it",
    .min_args = 1,
    .max_args = 1,
    .needs_store = true,
    .run = run,
};
