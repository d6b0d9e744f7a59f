/* fuzz_recipe.c - any text as a recipe: read, lowered, printed, and read back as a Dockerfile.
 * What was printed must parse to the tree it was printed from. */
#include <stdint.h>
#include <stdlib.h>

#include "recipe/lower.h"
#include "util/source.h"

#define DATA SLIPWAY_SOURCE_DIR "/tests/unit/recipe/data"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(struct slip_arena *arena, const struct slip_dockerfile *ast)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    struct slip_dockerfile back;

    if (slip_dockerfile_print(ast, &text, &err) < 0)
        return; /* there are texts that a Dockerfile cannot say, such as a base with a blank */
    const struct slip_source *printed = slip_source_text(arena, "printed", text.data, text.len);
    if (slip_dockerfile_parse(arena, printed, &back, &err) < 0 ||
        !slip_dockerfile_equal(ast, &back)) {
        fputs(text.data, stderr);
        if (err.code)
            slip_error_print(&err, stderr);
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct slip_recipe_options options = { .templates =
                                                            SLIPWAY_SOURCE_DIR "/templates" };
    slip_cleanup(slip_arena_release) struct slip_arena arena = SLIP_ARENA_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_recipe_release) struct slip_recipe recipe = SLIP_RECIPE_INIT;
    const struct slip_source *src =
        slip_source_text(&arena, "fuzz.slipway", (const char *)data, size);
    struct slip_dockerfile ast;

    (void)slip_recipe_sniff(src->text, src->len);
    if (slip_recipe_parse(&arena, src, DATA, &recipe, &err) == 0 &&
        slip_recipe_lower(&arena, &recipe, &options, &ast, &err) == 0)
        check_round_trip(&arena, &ast);
    return 0;
}
