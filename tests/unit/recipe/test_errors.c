#include "recipe/recipe.h"

#include <fcntl.h>
#include <stdio.h>

#include "main.h"
#include "recipe/lower.h"
#include "util/fs.h"
#include "util/source.h"
#include "util/str.h"

#define DATA SLIPWAY_SOURCE_DIR "/tests/unit/recipe/data"
#define GOLDEN DATA "/errors.golden"

/* A recipe in errors.golden, and what is printed about it. */
struct row {
    const char *name;
    char *text, *error; /* owned */
};

static struct row rows[160];
static size_t nrows;

static char *shown(const struct slip_error *err)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (err->code)
        slip_error_print(err, out);
    fclose(out);
    return text;
}

/* The error of reading and lowering the text, with DATA written as @data@. */
static char *error_of(const char *text)
{
    static const struct slip_recipe_options options = {
        .templates = SLIPWAY_SOURCE_DIR "/templates",
    };
    slip_cleanup(slip_arena_release) struct slip_arena arena = SLIP_ARENA_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_recipe_release) struct slip_recipe recipe = SLIP_RECIPE_INIT;
    const struct slip_source *src = slip_source_text(&arena, "errors.slipway", text, strlen(text));
    struct slip_dockerfile ast;
    struct slip_buf out = SLIP_BUF_INIT;

    if (slip_recipe_parse(&arena, src, DATA, &recipe, &err) == 0)
        (void)slip_recipe_lower(&arena, &recipe, &options, &ast, &err);
    slip_cleanup(slip_freep) char *all = shown(&err);
    for (const char *p = all; *p;)
        if (slip_starts_with(p, DATA)) {
            slip_buf_puts(&out, "@data@");
            p += strlen(DATA);
        } else {
            slip_buf_putc(&out, *p++);
        }
    return slip_buf_take(&out);
}

static void explains(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_freep) char *error = error_of(row->text);

    assert_string_equal(error, row->error);
    assert_string_not_equal(error, "");
}

/* "=== name", the recipe, "---", the error, and so on. */
static void load(void)
{
    static struct slip_buf all; /* the rows point into it */
    struct slip_error err = SLIP_ERROR_INIT;
    struct slip_buf part = SLIP_BUF_INIT;
    bool in_error = false;

    if (slip_read_file(AT_FDCWD, GOLDEN, 1 << 20, &all, &err) < 0)
        abort();
    for (char *line = all.data; *line;) {
        char *end = line + strcspn(line, "\n");
        char *next = *end ? end + 1 : end;
        *end = '\0';
        if (slip_starts_with(line, "=== ") || strcmp(line, "---") == 0) {
            if (nrows)
                *(in_error ? &rows[nrows - 1].error : &rows[nrows - 1].text) = slip_buf_take(&part);
            in_error = line[0] == '-';
            if (!in_error)
                rows[nrows++].name = line + 4;
        } else {
            slip_buf_printf(&part, "%s\n", line);
        }
        line = next;
    }
    rows[nrows - 1].error = slip_buf_take(&part);
}

static void unload(void)
{
    for (size_t i = 0; i < nrows; i++) {
        free(rows[i].text);
        free(rows[i].error);
    }
}

/* SLIP_ACCEPT=1 writes the errors anew; read the difference before it is kept. */
static int accept_all(void)
{
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    for (size_t i = 0; i < nrows; i++) {
        slip_cleanup(slip_freep) char *error = error_of(rows[i].text);
        slip_buf_printf(&out, "=== %s\n%s---\n%s", rows[i].name, rows[i].text, error);
    }
    return slip_write_file(AT_FDCWD, GOLDEN, out.data, out.len, 0644, false, &err);
}

int main(void)
{
    struct CMUnitTest tests[SLIP_ARRAY_LEN(rows)] = { 0 }; /* those without a name are skipped */
    int rc;

    load();
    for (size_t i = 0; i < nrows; i++)
        tests[i] = (struct CMUnitTest){ rows[i].name, explains, NULL, NULL, &rows[i] };
    if (getenv("SLIP_TEST_FILTER"))
        cmocka_set_test_filter(getenv("SLIP_TEST_FILTER"));
    if (getenv("SLIP_ACCEPT"))
        rc = accept_all();
    else
        rc = cmocka_run_group_tests_name("recipe errors", tests, NULL, NULL);
    unload();
    return rc;
}
