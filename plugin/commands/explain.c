#include "build/explain.h"
#include "commands/target.h"
#include "ui/table.h"
#include "util/json.h"
#include "util/str.h"

static void show_file(struct slip_session *s, const json_t *row)
{
    const char *package = slip_json_str(row, "package"), *rule = slip_json_str(row, "rule");
    char size[16];

    fprintf(s->out, "%s\n  %s, %s%s%s\n  %s\n", slip_json_str(row, "path"),
            slip_format_size((uint64_t)json_integer_value(json_object_get(row, "size")), size),
            slip_json_str(row, "class"), package ? ", package " : "", package ? package : "",
            slip_json_str(row, "why"));
    if (rule)
        fprintf(s->out, "  rule %s\n", rule);
}

static void show_left_out(struct slip_session *s, const json_t *row)
{
    const char *class = slip_json_str(row, "class"), *rule = slip_json_str(row, "rule");
    char size[16];

    fprintf(s->out, "%s\n  %s, not in the image: class %s, rule %s; ", slip_json_str(row, "path"),
            slip_format_size((uint64_t)json_integer_value(json_object_get(row, "size")), size),
            class, rule);
    if (strcmp(rule, "not-chosen") == 0)
        fputs("TARGETS does not name it\n", s->out);
    else if (strcmp(rule, "special-file") == 0)
        fputs("devices, pipes and sockets are not installed\n", s->out);
    else if (strcmp(class, "none") == 0)
        fputs("CLASS_OF takes it away\n", s->out);
    else
        fprintf(s->out, "CLASSES %s takes it\n", class);
}

static void show_all(struct slip_session *s, const json_t *files, const json_t *hints)
{
    slip_cleanup(slip_table_release) struct slip_table table = SLIP_TABLE_INIT("lrll");
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    const char *heading[] = { "FILE", "SIZE", "PACKAGE", "WHY" };
    size_t i;
    json_t *row;

    slip_table_row(&table, heading);
    json_array_foreach (files, i, row) {
        char size[16];
        const char *cells[] = {
            slip_json_str(row, "path"),
            slip_format_size((uint64_t)json_integer_value(json_object_get(row, "size")), size),
            slip_json_str(row, "package"), slip_json_str(row, "why")
        };
        slip_table_row(&table, cells);
    }
    slip_table_text(&table, &text);
    fputs(slip_buf_str(&text), s->out);
    json_array_foreach (hints, i, row)
        fprintf(s->out, "%s%s: %s\n", i == 0 ? "\nWhat no header says:\n" : "",
                slip_json_str(row, "path"), slip_json_str(row, "text"));
}

/* What ran the last time, in the order of the plan: the first one is where it began. */
static void show_build(struct slip_session *s, const json_t *build)
{
    const json_t *ran = json_object_get(build, "ran");
    size_t i;
    json_t *row;

    fprintf(s->out, "%s, stage '%s': %zu of %" JSON_INTEGER_FORMAT " steps ran\n",
            slip_json_str(build, "file"), slip_json_str(build, "target"), json_array_size(ran),
            json_integer_value(json_object_get(build, "of")));
    json_array_foreach (ran, i, row)
        fprintf(s->out, "%s\n    %s\n", slip_json_str(row, "step"), slip_json_str(row, "why"));
}

/* One file, of the image or left out of it. */
static const json_t *find_row(const json_t *rows, const char *wanted, struct slip_strv *ret_paths)
{
    size_t i;
    const json_t *row;

    json_array_foreach (rows, i, row) {
        const char *path = slip_json_str(row, "path");
        slip_strv_add(ret_paths, path);
        if (strcmp(path, wanted) == 0 || strcmp(path + 1, wanted) == 0)
            return row;
    }
    return NULL;
}

static int show_named(struct slip_session *s, const json_t *report, char **argv,
                      struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv paths = SLIP_STRV_INIT;
    const json_t *file = find_row(json_object_get(report, "files"), argv[1], &paths);
    const json_t *left_out =
        file ? NULL : find_row(json_object_get(report, "left_out"), argv[1], &paths);

    if (file || left_out) {
        if (file)
            show_file(s, file);
        else
            show_left_out(s, left_out);
        return 0;
    }
    const char *near = slip_suggest(argv[1], (const char *const *)paths.v, paths.n);
    slip_fail(err, SLIP_EUSAGE, "'%s' is not a file of '%s'", argv[1], argv[0]);
    return near ? slip_error_hint(err, "did you mean '%s'?", near) : -1;
}

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    bool json = false;
    const struct slip_opt opts[] = { SLIP_OPT_FLAG(0, "json", &json, "as JSON"), SLIP_OPT_END };
    struct slip_digest manifest;
    int done = slip_command_opts(s, &slip_command_explain, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    if (argc && slip_target_image(s, argv[0], &manifest, NULL, err) < 0)
        return -1;
    slip_cleanup(slip_json_decrefp) json_t *report =
        slip_explain(&s->store, argc ? &manifest : NULL, err);
    if (!report)
        return -1;
    if (json) {
        slip_cleanup(slip_freep) char *text = json_dumps(report, JSON_INDENT(2));
        fprintf(s->out, "%s\n", text ? text : "{}");
        return 0;
    }
    const json_t *files = json_object_get(report, "files");
    const json_t *build = json_object_get(report, "build");
    if (argc == 2)
        return show_named(s, report, argv, err);
    if (json_array_size(files))
        show_all(s, files, json_object_get(report, "hints"));
    if (build)
        show_build(s, build);
    return 0;
}

const struct slip_command slip_command_explain = {
    .name = "explain",
    .synopsis = "explain [IMAGE [FILE]]",
    .summary =
        "say why each file is in an image, and why its steps ran; without one, of the last build",
    .min_args = 0,
    .max_args = 2,
    .needs_store = true,
    .run = run,
};
