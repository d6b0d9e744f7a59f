/* fuzz_eject.c - any Dockerfile in the other dialects: what is printed must parse to the tree that
 * was printed, have no word that only Slipway knows, and be a fixed point of its dialect. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/eject.h"
#include "util/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void broken(const char *what, const char *why, const char *text)
{
    fprintf(stderr, "%s: %s\n--- printed:\n%s\n", what, why, text);
    abort();
}

static void check_words(const struct slip_dockerfile *ast, const char *text)
{
    static const char *const own[] = { "install", "test", "installed", "closure", "only" };

    for (size_t i = 0; i < ast->ninstructions; i++)
        for (size_t k = 0; k < SLIP_ARRAY_LEN(own); k++)
            if (slip_instruction_flag_value(ast->instructions[i], own[k]))
                broken("a word of Slipway's is left", own[k], text);
}

static void eject(struct slip_arena *arena, const struct slip_dockerfile *ast,
                  enum slip_dialect dialect)
{
    const struct slip_eject_options options = {
        .dialect = dialect, .base = "base:1", .replace_files = true, .collect = "ls \"$image\";\n"
    };
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf first = SLIP_BUF_INIT, second = SLIP_BUF_INIT;
    struct slip_dockerfile ejected, back, twice;

    if (slip_eject(ast, &options, &ejected, &err) < 0)
        return;
    if (slip_dockerfile_print(&ejected, &first, &err) < 0)
        return; /* a script of a heredoc may have bytes that no line can hold */
    const struct slip_source *src =
        slip_source_text(arena, "printed", slip_buf_str(&first), first.len);
    if (slip_dockerfile_parse(arena, src, &back, &err) < 0)
        broken("parse again", err.msg, src->text);
    if (!slip_dockerfile_equal(&ejected, &back))
        broken("compare", "trees differ", src->text);
    check_words(&back, src->text);
    if (slip_eject(&back, &options, &twice, &err) < 0)
        broken("eject again", err.msg, src->text);
    if (slip_dockerfile_print(&twice, &second, &err) < 0 ||
        strcmp(slip_buf_str(&first), slip_buf_str(&second)) != 0)
        broken("eject again", slip_buf_str(&second), src->text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    slip_cleanup(slip_arena_release) struct slip_arena arena = SLIP_ARENA_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    const struct slip_source *src = slip_source_text(&arena, "input", (const char *)data, size);
    struct slip_dockerfile ast;

    if (slip_dockerfile_parse(&arena, src, &ast, &err) < 0)
        return 0;
    eject(&arena, &ast, SLIP_DIALECT_PORTABLE);
    eject(&arena, &ast, SLIP_DIALECT_CURRENT);
    return 0;
}
