/* Any text: parse, print, parse again; both trees must be equal. Then lower, show, match. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dockerfile/ast.h"
#include "dockerfile/lower.h"
#include "plan/ignore.h"
#include "util/json.h"
#include "util/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void broken(const char *what, const char *why, const char *text)
{
    fprintf(stderr, "%s: %s\n--- printed:\n%s\n", what, why, text);
    abort();
}

static int base_config(void *user, const struct slip_input *input, const char *platform,
                       json_t **ret, struct slip_error *err)
{
    (void)user;
    (void)platform;
    (void)err;
    *ret = strchr(input->name, 'o') ? json_pack("{s:[s,s],s:s,s:[s],s:{s:s}}", "OnBuild",
                                                "RUN a $X", "COPY --from=0 a b", "WorkingDir",
                                                "rel", "Env", "A=b", "Labels", "a", "b")
                                    : json_object();
    return 0;
}

static void ignore_rules(struct slip_arena *arena, const char *text)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    const char *lines[64] = { NULL };
    struct slip_ignore *ignore;
    size_t n = 0;

    for (const char *p = text; *p && n < SLIP_ARRAY_LEN(lines) - 1;) {
        size_t len = strcspn(p, "\n");
        lines[n++] = slip_arena_strndup(arena, p, len);
        p += len + (p[len] == '\n');
    }
    if (slip_ignore_compile(lines, &ignore, &err) < 0)
        return;
    for (size_t i = 0; i < n; i++) {
        /* What is not left out cannot be hidden by a directory that nobody would enter. */
        bool out = slip_ignore_match(ignore, lines[i], false);
        char *below = slip_arena_printf(arena, "%s/x", lines[i]);
        bool descend = slip_ignore_may_descend(ignore, lines[i]);
        if ((!out && !descend) || (!descend && !slip_ignore_match(ignore, below, false)))
            broken("ignore", lines[i], text);
    }
    slip_ignore_free(ignore);
}

static void lower(struct slip_arena *arena, const struct slip_dockerfile *ast)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_plan_release) struct slip_plan plan = SLIP_PLAN_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    struct slip_lower_options options = { .base_config = base_config };

    if (slip_dockerfile_lower(arena, ast, &options, &plan, &err) < 0)
        return;
    slip_plan_print(&plan, &out);
    slip_plan_dot(&plan, &out);
    slip_cleanup(slip_json_decrefp) json_t *json = slip_plan_json(&plan);
    slip_cleanup(slip_freep) char *text = slip_json_text(json);
    if (!text || *text != '{')
        broken("json", "the plan has no text", slip_buf_str(&out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    slip_cleanup(slip_arena_release) struct slip_arena arena = SLIP_ARENA_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf printed = SLIP_BUF_INIT;
    const struct slip_source *src = slip_source_text(&arena, "input", (const char *)data, size);
    struct slip_dockerfile ast, again;

    if (size < 4096 && strlen(src->text) == size)
        ignore_rules(&arena, src->text);
    if (slip_dockerfile_parse(&arena, src, &ast, &err) < 0) {
        slip_cleanup(slip_fclosep) FILE *null = fopen("/dev/null", "w");
        slip_error_print(&err, null);
        return 0;
    }
    if (slip_dockerfile_print(&ast, &printed, &err) < 0)
        broken("print", err.msg, "");
    const struct slip_source *text =
        slip_source_text(&arena, "printed", slip_buf_str(&printed), printed.len);
    if (slip_dockerfile_parse(&arena, text, &again, &err) < 0)
        broken("parse again", err.msg, text->text);
    if (!slip_dockerfile_equal(&ast, &again))
        broken("compare", "trees differ", text->text);
    lower(&arena, &ast);
    return 0;
}
