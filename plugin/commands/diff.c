#include "build/compare.h"
#include "build/explain.h"
#include "commands/target.h"
#include "ui/line.h"
#include "util/json.h"
#include "util/str.h"

static uint64_t size_of(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

/* Names come from images. */
static void put_line(struct slip_buf *out, const char *text)
{
    slip_line_clean(out, text, strlen(text));
    slip_buf_putc(out, '\n');
}

static void put_files(struct slip_buf *out, const json_t *rows, char sign)
{
    size_t i;
    json_t *row;

    json_array_foreach (rows, i, row) {
        const char *path = slip_json_str(row, "path");
        char size[16] = "";
        if (!slip_ends_with(path, "/"))
            slip_format_size(size_of(row, "size"), size);
        slip_cleanup(slip_freep) char *line =
            slip_xasprintf("%c %s%s%s", sign, path, *size ? "  " : "", size);
        put_line(out, line);
    }
}

/* "10 kB -> 12 kB", "content": what is worth to be seen of a change. */
static void put_change(struct slip_buf *out, const char *what, const json_t *old, const json_t *new)
{
    static const char *const shown[] = { "mode", "owner", "target" };
    char was[16], is[16];

    if (strcmp(what, "content") == 0) {
        uint64_t before = size_of(old, "size"), after = size_of(new, "size");
        slip_buf_printf(out, "%s", slip_format_size(before, was));
        if (before != after)
            slip_buf_printf(out, " -> %s", slip_format_size(after, is));
        else
            slip_buf_puts(out, ", other content");
        return;
    }
    slip_buf_puts(out, what);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(shown); i++)
        if (strcmp(what, shown[i]) == 0)
            slip_buf_printf(out, " %s -> %s", slip_json_str(old, what), slip_json_str(new, what));
}

static void put_changed(struct slip_buf *out, const json_t *rows)
{
    size_t i, k;
    json_t *row, *what;

    json_array_foreach (rows, i, row) {
        slip_cleanup(slip_buf_release) struct slip_buf line = SLIP_BUF_INIT;
        slip_buf_printf(&line, "~ %s  ", slip_json_str(row, "path"));
        json_array_foreach (json_object_get(row, "what"), k, what) {
            slip_buf_puts(&line, k ? ", " : "");
            put_change(&line, json_string_value(what), json_object_get(row, "old"),
                       json_object_get(row, "new"));
        }
        put_line(out, slip_buf_str(&line));
    }
}

static void put_packages(struct slip_buf *out, const json_t *packages)
{
    static const struct {
        const char *key;
        char sign;
    } kinds[] = { { "removed", '-' }, { "added", '+' } };
    size_t i;
    json_t *row;

    for (size_t k = 0; k < SLIP_ARRAY_LEN(kinds); k++)
        json_array_foreach (json_object_get(packages, kinds[k].key), i, row) {
            slip_cleanup(slip_freep) char *line =
                slip_xasprintf("%c package %s %s", kinds[k].sign, slip_json_str(row, "name"),
                               slip_json_str(row, "version"));
            put_line(out, line);
        }
    json_array_foreach (json_object_get(packages, "changed"), i, row) {
        slip_cleanup(slip_freep) char *line =
            slip_xasprintf("~ package %s %s -> %s", slip_json_str(row, "name"),
                           slip_json_str(row, "old"), slip_json_str(row, "new"));
        put_line(out, line);
    }
}

static void put_config(struct slip_buf *out, const json_t *rows)
{
    size_t i;
    json_t *row;

    json_array_foreach (rows, i, row) {
        const json_t *old = json_object_get(row, "old"), *new = json_object_get(row, "new");
        slip_cleanup(slip_freep) char *was = slip_json_text(old), *is = slip_json_text(new);
        const char *key = slip_json_str(row, "key");
        slip_cleanup(slip_freep) char *line =
            !old   ? slip_xasprintf("+ config %s %s", key, is)
            : !new ? slip_xasprintf("- config %s %s", key, was)
                   : slip_xasprintf("~ config %s %s -> %s", key, was, is);
        put_line(out, line);
    }
}

static void put_sums(struct slip_buf *out, const json_t *all)
{
    const json_t *layers = json_object_get(all, "layers"), *size = json_object_get(all, "size");
    uint64_t old = size_of(size, "old"), new = size_of(size, "new");
    char was[16], is[16], apart[16], fetched[16];

    slip_buf_printf(out, "size: %s -> %s", slip_format_size(old, was), slip_format_size(new, is));
    if (old != new)
        slip_buf_printf(out, " (%c%s)", new > old ? '+' : '-',
                        slip_format_size(new > old ? new - old : old - new, apart));
    slip_buf_printf(out,
                    "\nlayers: %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT
                    " are shared, %s are new\n",
                    json_integer_value(json_object_get(layers, "shared")),
                    json_integer_value(json_object_get(layers, "new")),
                    slip_format_size(size_of(layers, "new_bytes"), fetched));
}

static void put_text(struct slip_buf *out, const json_t *all)
{
    const json_t *files = json_object_get(all, "files");

    put_files(out, json_object_get(files, "removed"), '-');
    put_files(out, json_object_get(files, "added"), '+');
    put_changed(out, json_object_get(files, "changed"));
    put_packages(out, json_object_get(all, "packages"));
    put_config(out, json_object_get(all, "config"));
    if (json_is_false(json_object_get(all, "same")))
        put_sums(out, all);
}

static int read_image(struct slip_session *s, const char *name, struct slip_contents *contents,
                      json_t **report, struct slip_error *err)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    struct slip_digest manifest;

    if (slip_target_image(s, name, &manifest, NULL, err) < 0 ||
        slip_contents_read(&s->sources, name, &manifest, contents, err) < 0)
        return -1;
    *report = slip_explain(&s->store, &manifest, &ignored);
    return 0;
}

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    const char *format = "text";
    const struct slip_opt opts[] = {
        SLIP_OPT_TEXT(0, "format", &format, "text|json", "how it is shown [text]"),
        SLIP_OPT_END,
    };
    slip_cleanup(slip_contents_release) struct slip_contents old = SLIP_CONTENTS_INIT;
    slip_cleanup(slip_contents_release) struct slip_contents new = SLIP_CONTENTS_INIT;
    slip_cleanup(slip_json_decrefp) json_t *before = NULL, *after = NULL;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    int done = slip_command_opts(s, &slip_command_diff, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    bool as_json = strcmp(format, "json") == 0;
    if (!as_json && strcmp(format, "text") != 0)
        return slip_fail(err, SLIP_EUSAGE, "--format is text or json, not '%s'", format);
    if (read_image(s, argv[0], &old, &before, err) < 0 ||
        read_image(s, argv[1], &new, &after, err) < 0)
        return -1;
    json_t *const reports[] = { before, after };
    slip_cleanup(slip_json_decrefp) json_t *all = slip_compare(&old, &new, reports);
    if (as_json) {
        slip_cleanup(slip_freep) char *printed = json_dumps(all, JSON_INDENT(2));
        slip_buf_printf(&text, "%s\n", printed ? printed : "{}");
    } else {
        put_text(&text, all);
    }
    fputs(slip_buf_str(&text), s->out);
    return json_is_true(json_object_get(all, "same")) ? 0 : 1;
}

const struct slip_command slip_command_diff = {
    .name = "diff",
    .synopsis = "diff [--format text|json] OLD NEW",
    .summary = "say what is different between two images",
    .about = "Compares files (type, mode, owner, content; no times), packages and configuration.\n"
             "The exit status is that of diff(1): 0 when they are the same, 1 when not, more when\n"
             "something went wrong.",
    .min_args = 2,
    .max_args = 2,
    .needs_store = true,
    .run = run,
};
