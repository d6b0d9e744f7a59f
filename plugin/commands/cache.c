#include "build/prune.h"
#include "commands/command.h"
#include "ui/table.h"
#include "util/str.h"

static void row(struct slip_table *table, const char *what, uint64_t count, uint64_t bytes)
{
    char number[24], size[16];

    snprintf(number, sizeof number, "%llu", (unsigned long long)count);
    const char *cells[] = { what, number, slip_format_size(bytes, size) };
    slip_table_row(table, cells);
}

static int du(struct slip_session *s, struct slip_error *err)
{
    struct slip_store_usage usage = { 0 };
    slip_cleanup(slip_table_release) struct slip_table table = SLIP_TABLE_INIT("lrr");
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    const char *heading[] = { "WHAT", "COUNT", "SIZE" };

    if (slip_store_usage(&s->store, &usage, err) < 0)
        return -1;
    slip_table_row(&table, heading);
    row(&table, "blobs", usage.blobs, usage.blob_bytes);
    row(&table, "snapshots", usage.snapshots, usage.snapshot_bytes);
    row(&table, "build directories", usage.mounts, usage.mount_bytes);
    row(&table, "records", usage.records, 0);
    row(&table, "logs", 0, usage.log_bytes);
    slip_table_text(&table, &text);
    fprintf(s->out, "%s\n%s", s->store.path, slip_buf_str(&text));
    return 0;
}

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    bool all = false;
    const struct slip_opt opts[] = {
        SLIP_OPT_FLAG(0, "all", &all, "prune: remove everything, images too"),
        SLIP_OPT_END,
    };
    int done = slip_command_opts(s, &slip_command_cache, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    if (strcmp(argv[0], "du") == 0 && !all)
        return du(s, err);
    if (strcmp(argv[0], "prune") == 0 && all)
        return slip_prune_all(&s->store, getenv("SLIPWAY_TIER"), err);
    slip_fail(err, SLIP_EUSAGE, "'cache %s'%s is not served", argv[0], all ? " with --all" : "");
    return slip_error_hint(err,
                           "'cache du' shows what the store holds, 'cache prune --all' empties "
                           "it");
}

const struct slip_command slip_command_cache = {
    .name = "cache",
    .synopsis = "cache du | cache prune --all",
    .summary = "show what the store holds, or empty it",
    .min_args = 1,
    .max_args = 1,
    .needs_store = true,
    .run = run,
};
