#include "build/budget.h"

#include <sys/stat.h>

#include "main.h"
#include "util/mem.h"

#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* One image for all rows. Sorted by path, as listings are. */
static const struct slip_listed files[] = {
    { .path = (char *)(uintptr_t) "bin",
      .link = (char *)(uintptr_t) "usr/bin",
      .mode = S_IFLNK | 0777 },
    { .path = (char *)(uintptr_t) "etc", .mode = S_IFDIR | 0755 },
    { .path = (char *)(uintptr_t) "etc/open", .mode = S_IFREG | 0666, .size = 1 },
    { .path = (char *)(uintptr_t) "etc/spool", .mode = S_IFDIR | 0777 },
    { .path = (char *)(uintptr_t) "tmp", .mode = S_IFDIR | 01777 },
    { .path = (char *)(uintptr_t) "usr/bin/dash", .mode = S_IFREG | 0755, .size = 100 },
    { .path = (char *)(uintptr_t) "usr/bin/ping",
      .mode = S_IFREG | 0755,
      .size = 10,
      .caps = true },
    { .path = (char *)(uintptr_t) "usr/bin/su", .mode = S_IFREG | S_ISUID | 0755, .size = 10 },
    { .path = (char *)(uintptr_t) "usr/bin/wall", .mode = S_IFREG | S_ISGID | 0755, .size = 10 },
    { .path = (char *)(uintptr_t) "usr/lib/libx.a", .mode = S_IFREG | 0644, .size = 1000 },
    { .path = (char *)(uintptr_t) "usr/share/doc/x/README", .mode = S_IFREG | 0644, .size = 5 },
    { .path = (char *)(uintptr_t) "usr/share/setuid", .mode = S_IFREG | 0644, .size = 5 },
};

static const struct row {
    const char *name, *rule, *found; /* the path, or NULL */
} rows[] = {
    { "a name", "*.a", "/usr/lib/libx.a" },
    { "a name in full", "README", "/usr/share/doc/x/README" },
    { "a name that is not there", "*.la", NULL },
    { "a path", "/usr/lib/libx.a", "/usr/lib/libx.a" },
    { "without its first slash", "usr/lib/*.a", "/usr/lib/libx.a" },
    { "what is below a directory", "/usr/share/doc", "/usr/share/doc/x/README" },
    { "any number of directories", "/usr/**/README", "/usr/share/doc/x/README" },
    { "a star is within one directory", "/usr/*/README", NULL },
    { "a path is no part of one", "/lib/libx.a", NULL },
    { "through a link of the root", "/bin/dash", "/usr/bin/dash" },
    { "a pattern through it", "/bin/d*", "/usr/bin/dash" },
    { "setuid", "setuid", "/usr/bin/su" },
    { "a file called like a word", "**/setuid", "/usr/share/setuid" },
    { "setgid", "setgid", "/usr/bin/wall" },
    { "capabilities", "capabilities", "/usr/bin/ping" },
    { "shell", "shell", "/usr/bin/dash" },
    { "world-writable, not /tmp and no link", "world-writable", "/etc/open" },
};

static void fill(struct slip_contents *c, const struct slip_listed **seen,
                 struct slip_listing *layer)
{
    for (size_t i = 0; i < SLIP_ARRAY_LEN(files); i++) {
        seen[i] = &files[i];
        c->bytes += files[i].size;
    }
    *layer = (struct slip_listing){ .v = (struct slip_listed *)(uintptr_t)files,
                                    .n = SLIP_ARRAY_LEN(files) };
    c->layers = layer;
    c->image.nlayers = 1;
    c->seen.files = seen;
    c->seen.n = SLIP_ARRAY_LEN(files);
}

static int judge(const struct slip_budget *budget, const json_t *report, struct slip_error *err)
{
    const struct slip_listed *seen[SLIP_ARRAY_LEN(files)];
    struct slip_contents contents = SLIP_CONTENTS_INIT;
    struct slip_listing layer;

    fill(&contents, seen, &layer);
    return slip_budget_judge(&contents, budget, report, err);
}

static void forbids(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_budget_release) struct slip_budget budget = SLIP_BUDGET_INIT;

    slip_strv_add(&budget.forbid, row->rule);
    assert_int_equal(judge(&budget, NULL, &err), row->found ? -1 : 0);
    if (!row->found)
        return;
    slip_cleanup(slip_freep) char *said = slip_xasprintf(
        "the budget forbids '%s', and %s is in the image (layer 1)", row->rule, row->found);
    assert_string_equal(err.msg, said);
    assert_int_equal(err.code, SLIP_EPOLICY);
}

static const struct limit_row {
    const char *name;
    struct slip_budget budget;
    const char *said, *hint; /* how error and hint begin, or NULL */
} limit_rows[] = {
    { "nothing", { 0 }, NULL },
    { "the very size", { .size = 1141 }, NULL },
    { "a byte too much",
      { .size = 1140 },
      "the image has 1.1 kB (1141 bytes) of files, and its budget is 1.1 kB (1140): 1 B too much",
      "the largest are\n    1.0 kB  /usr/lib/libx.a: layer 1\n     100 B  /usr/bin/dash: why\n" },
    { "the very number of files", { .files = 9 }, NULL },
    { "a file too many",
      { .files = 8 },
      "the image has 9 files, and its budget is 8; its layers add 9",
      "leave out" },
    { "layers", { .layers = 1 }, NULL },
};

static void limits(void **state)
{
    const struct limit_row *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_json_decrefp) json_t *report =
        json_pack("{s:[{s:s, s:s}]}", "files", "path", "/usr/bin/dash", "why", "why");

    assert_int_equal(judge(&row->budget, report, &err), row->said ? -1 : 0);
    if (!row->said)
        return;
    assert_string_equal(err.msg, row->said);
    assert_memory_equal(err.hint, row->hint, strlen(row->hint));
}

int main(void)
{
    return SLIP_RUN_ROWS("forbid", rows, forbids) + SLIP_RUN_ROWS("limit", limit_rows, limits);
}
