#include "build/prune.h"
#include "commands/command.h"
#include "ui/table.h"
#include "util/json.h"
#include "util/str.h"

#define DAY ((int64_t)24 * 60 * 60)
#define KEPT_DAYS 7 /* when nothing is said */

static const char *const kinds[] = {
    [SLIP_GC_NAME] = "names",
    [SLIP_GC_RECORD] = "records",
    [SLIP_GC_SNAPSHOT] = "snapshots",
    [SLIP_GC_MOUNT] = "build directories",
    [SLIP_GC_BLOB] = "blobs",
    [SLIP_GC_LOG] = "logs",
    [SLIP_GC_SCAN] = "scans of directories",
};

struct cache {
    bool all, dry_run, verbose, json;
    const char *keep_bytes, *keep_days;
    struct {
        uint64_t n, bytes, reclaimable;
    } sum[SLIP_GC_KINDS];
    json_t *objects;
    struct slip_table table;
};

static void take_object(void *user, const struct slip_gc_object *o)
{
    struct cache *c = user;
    char size[16], when[24] = "";
    time_t used = (time_t)o->used;
    struct tm utc;

    c->sum[o->kind].n++;
    c->sum[o->kind].bytes += o->bytes;
    c->sum[o->kind].reclaimable += o->needed ? 0 : o->bytes;
    if (gmtime_r(&used, &utc))
        strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    if (c->json) {
        json_t *object = json_object();
        json_object_set_new(object, "kind", json_string(kinds[o->kind]));
        json_object_set_new(object, "name", json_string(o->name));
        json_object_set_new(object, "bytes", json_integer((json_int_t)o->bytes));
        json_object_set_new(object, "used", json_string(when));
        json_object_set_new(object, "needed", json_boolean(o->needed));
        json_array_append_new(c->objects, object);
    } else if (c->verbose && o->kind != SLIP_GC_RECORD && o->kind != SLIP_GC_SCAN) {
        const char *cells[] = { kinds[o->kind], o->name, slip_format_size(o->bytes, size), when,
                                o->needed ? "needed" : "" };
        slip_table_row(&c->table, cells);
    }
}

static void print_sums(struct cache *c, struct slip_session *s)
{
    slip_cleanup(slip_table_release) struct slip_table table = SLIP_TABLE_INIT("lrrr");
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    const char *heading[] = { "WHAT", "COUNT", "SIZE", "RECLAIMABLE" };
    uint64_t bytes = 0, reclaimable = 0;
    char number[24], size[16], free_size[16];

    slip_table_row(&table, heading);
    for (size_t i = 0; i < SLIP_GC_KINDS; i++) {
        snprintf(number, sizeof number, "%llu", (unsigned long long)c->sum[i].n);
        const char *cells[] = { kinds[i], number, slip_format_size(c->sum[i].bytes, size),
                                slip_format_size(c->sum[i].reclaimable, free_size) };
        slip_table_row(&table, cells);
        bytes += c->sum[i].bytes;
        reclaimable += c->sum[i].reclaimable;
    }
    const char *total[] = { "total", "", slip_format_size(bytes, size),
                            slip_format_size(reclaimable, free_size) };
    slip_table_row(&table, total);
    slip_table_text(&table, &text);
    fprintf(s->out, "%s\n%s", s->store.path, slip_buf_str(&text));
}

static int du(struct cache *c, struct slip_session *s, struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *objects = json_array();
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    const char *heading[] = { "WHAT", "NAME", "SIZE", "LAST USED", "" };

    c->objects = objects;
    slip_table_row(&c->table, heading);
    if (slip_store_objects(&s->store, take_object, c, err) < 0)
        return -1;
    if (c->json) {
        slip_cleanup(slip_freep) char *document = json_dumps(objects, JSON_INDENT(1));
        fprintf(s->out, "%s\n", document);
        return 0;
    }
    if (c->verbose) {
        slip_table_text(&c->table, &text);
        fprintf(s->out, "%s\n", slip_buf_str(&text));
    }
    print_sums(c, s);
    return 0;
}

static int prune(struct cache *c, struct slip_session *s, struct slip_error *err)
{
    struct slip_gc_options options = {
        .all = c->all, .keep_bytes = SLIP_KEEP_ALL, .keep_seconds = -1, .dry_run = c->dry_run
    };
    struct slip_gc_result result;
    uint64_t days = KEPT_DAYS, bytes = 0;
    char size[16];

    if (c->keep_bytes && slip_parse_size(c->keep_bytes, &options.keep_bytes, err) < 0)
        return slip_error_context(err, "--keep-bytes");
    if (c->keep_days && slip_parse_uint(c->keep_days, 36500, &days) < 0)
        return slip_fail(err, SLIP_EUSAGE, "--keep-days takes a number of days, not '%s'",
                         c->keep_days);
    if (c->keep_days || !c->keep_bytes)
        options.keep_seconds = (int64_t)days * DAY;
    if (slip_prune(&s->store, &options, getenv("SLIPWAY_TIER"), &result, err) < 0)
        return -1;
    for (size_t i = 0; i < SLIP_GC_KINDS; i++) {
        bytes += result.removed[i].bytes;
        if (result.removed[i].n)
            fprintf(s->err, "%s%llu %s, %s\n", c->dry_run ? "would remove " : "removed ",
                    (unsigned long long)result.removed[i].n, kinds[i],
                    slip_format_size(result.removed[i].bytes, size));
    }
    fprintf(s->out, "%s%s\n", c->dry_run ? "would free " : "freed ", slip_format_size(bytes, size));
    return 0;
}

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    struct cache c = { .table = SLIP_TABLE_INIT("llrll") };
    const struct slip_opt opts[] = {
        SLIP_OPT_FLAG(0, "all", &c.all, "prune: everything that nobody uses now, names too"),
        SLIP_OPT_TEXT(0, "keep-bytes", &c.keep_bytes, "SIZE",
                      "prune: the least recently used, until so much is left"),
        SLIP_OPT_TEXT(0, "keep-days", &c.keep_days, "N", "prune: what was not used for N days [7]"),
        SLIP_OPT_FLAG(0, "dry-run", &c.dry_run, "prune: only say what would go"),
        SLIP_OPT_FLAG('v', "verbose", &c.verbose, "du: each thing, the least recently used first"),
        SLIP_OPT_FLAG(0, "json", &c.json, "du: each thing, as JSON"),
        SLIP_OPT_END,
    };
    int rc = -1, done = slip_command_opts(s, &slip_command_cache, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    if (strcmp(argv[0], "du") == 0)
        rc = du(&c, s, err);
    else if (strcmp(argv[0], "prune") == 0)
        rc = prune(&c, s, err);
    else {
        slip_fail(err, SLIP_EUSAGE, "there is no 'cache %s'", argv[0]);
        slip_error_hint(err, "'cache du' shows what the store holds, 'cache prune' removes what "
                             "nobody needs");
    }
    slip_table_release(&c.table);
    return rc;
}

const struct slip_command slip_command_cache = {
    .name = "cache",
    .synopsis = "cache du [-v|--json] | cache prune [--keep-days N] [--keep-bytes SIZE] [--all]",
    .summary = "show what the store holds, or remove what nobody needs",
    .about =
        "Prune removes what no named image needs and no build has used for a week. Builds may\n"
        "run meanwhile: what they use stays.",
    .min_args = 1,
    .max_args = 1,
    .needs_store = true,
    .run = run,
};
