#include "recipe/lower.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "main.h"
#include "util/fs.h"
#include "util/source.h"
#include "util/str.h"

#define DATA SLIPWAY_SOURCE_DIR "/tests/unit/recipe/data"

static const struct slip_recipe_options options = { .templates = SLIPWAY_SOURCE_DIR "/templates" };

/* What differs from machine to machine: where the sources are, and cache ids, which say so. */
static char *normal(const char *text)
{
    struct slip_buf out = SLIP_BUF_INIT;

    while (*text) {
        if (slip_starts_with(text, SLIPWAY_SOURCE_DIR)) {
            slip_buf_puts(&out, "@top@");
            text += strlen(SLIPWAY_SOURCE_DIR);
        } else if (slip_starts_with(text, "id=build:")) {
            slip_buf_puts(&out, "id=build:@id@");
            for (text += 9; isxdigit((unsigned char)*text); text++)
                ;
        } else {
            slip_buf_putc(&out, *text++);
        }
    }
    return slip_buf_take(&out);
}

static char *shown(const struct slip_error *err)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    slip_error_print(err, out);
    fclose(out);
    return text;
}

/* SLIP_ACCEPT=1 writes the goldens anew; read the difference before it is kept. */
static void check_golden(const char *path, const char *text)
{
    slip_cleanup(slip_buf_release) struct slip_buf want = SLIP_BUF_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    if (getenv("SLIP_ACCEPT"))
        assert_int_equal(slip_write_file(AT_FDCWD, path, text, strlen(text), 0644, false, &err), 0);
    assert_int_equal(slip_read_file(AT_FDCWD, path, 1 << 20, &want, &err), 0);
    assert_string_equal(text, slip_buf_str(&want));
}

static const struct row {
    const char *name;
} rows[] = {
    { "tree-cmake" }, { "cmark" },     { "redis" },      { "lua" },       { "memcached" },
    { "stages" },     { "own-build" }, { "files-only" }, { "make-tree" }, { "copy-only" },
};

/* recipe -> printed Dockerfile is the golden; what was printed parses to the same tree; every
 * instruction has its place in a recipe file. */
static void lowers_to_golden(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_arena_release) struct slip_arena arena = SLIP_ARENA_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_recipe_release) struct slip_recipe recipe = SLIP_RECIPE_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT, again = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *path = slip_xasprintf(DATA "/%s.slipway", row->name);
    slip_cleanup(slip_freep) char *golden = slip_xasprintf(DATA "/%s.Dockerfile", row->name);
    struct slip_dockerfile ast, back;

    if (slip_recipe_read(&arena, path, &recipe, &err) < 0 ||
        slip_recipe_lower(&arena, &recipe, &options, &ast, &err) < 0)
        fail_msg("%s", shown(&err));
    for (size_t i = 0; i < ast.ninstructions; i++) {
        const struct slip_instruction *ins = ast.instructions[i];
        assert_non_null(ins->at.src);
        assert_non_null(strstr(ins->at.src->name, "/unit/recipe/data/"));
        assert_true(ins->at.off + ins->at.len <= ins->at.src->len);
    }
    if (slip_dockerfile_print(&ast, &text, &err) < 0)
        fail_msg("%s", shown(&err));
    slip_cleanup(slip_freep) char *plain = normal(slip_buf_str(&text));
    check_golden(golden, plain);

    const struct slip_source *printed = slip_source_text(&arena, "printed", text.data, text.len);
    if (slip_dockerfile_parse(&arena, printed, &back, &err) < 0)
        fail_msg("%s", shown(&err));
    assert_true(slip_dockerfile_equal(&ast, &back));
}

int main(void)
{
    return SLIP_RUN_ROWS("recipe lower", rows, lowers_to_golden);
}
