#include "recipe/template.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#include "main.h"
#include "util/fs.h"
#include "util/source.h"
#include "util/str.h"

#define TEMPLATES SLIPWAY_SOURCE_DIR "/templates"

/* A template, expanded with: word = w x; list = a, b c; none is empty; flag; script. */
static const struct row {
    const char *name, *text, *printed;
} rows[] = {
    { "a word", "RUN echo @word@ @list@\n", "RUN echo 'w x' a 'b c'\n" },
    { "nothing closes its gap", "RUN a @none@ b @none@\n", "RUN a b\n" },
    { "a default", "WORKDIR /@none|some thing@/@word|other@\n", "WORKDIR /some thing/w x\n" },
    { "a list is several words", "COPY @list@ /\n", "COPY [\"a\", \"b c\", \"/\"]\n" },
    { "flags", "COPY --from=@none@ --only=@list@ --chown=@word@ a /\n",
      "COPY --only=\"a,b c\" --chown=\"w x\" a /\n" },
    { "mounts", "RUN --mount=@list@ true\n", "RUN --mount=a --mount=\"b c\" true\n" },
    { "pairs", "ENV @pairs@=@pairs@\n", "ENV A=1 B=\"2 3\"\n" },
    { "guards in a text", "RUN a@?word@ b @word@@/@ @?none@c@/@ d@!none@ e@/@ @!word@f@/@\n",
      "RUN a b 'w x' d e\n" },
    { "guarded instructions",
      "#? none\nUSER a\n\n#? word\nUSER b\n\n#? !none\nUSER c\n\n#? !word\nUSER d\n",
      "USER b\nUSER c\n" },
    { "guarded flags",
      "#? none --strip\n#? flag --closure\nCOPY --from=a --installed --closure "
      "--strip / /\n",
      "COPY --from=a --installed --closure / /\n" },
    { "comments stay", "# Why.\n#? word\n# And how.\nUSER a\n", "# Why.\n# And how.\nUSER a\n" },
    { "a script alone", "RUN --network=none @script@\n",
      "RUN --network=none <<\"EOF\"\nset -e; a\n\n  b\nEOF\n" },
    { "heredocs", "RUN <<\"EOF\"\nfor i in @list@; do @?none@x@/@ echo \"$i\"; done\nEOF\n",
      "RUN <<\"EOF\"\nfor i in a 'b c'; do echo \"$i\"; done\nEOF\n" },
    { "at signs", "RUN echo \"$@\" a@b.c @ @@ @A@\n", "RUN echo \"$@\" a@b.c @ @@ @A@\n" },
    { "a variable", "RUN echo @late@ @other@\n", "RUN echo \"$ARG\" '$OTHER'\n" },
    { "a variable in a word", "WORKDIR /@late@/@other@\n", "WORKDIR /$ARG/$OTHER\n" },
    { "unknown parameter", "FROM a\nRUN echo @wrod@\n",
      "t.Dockerfile:2:11: error: this template has no parameter 'wrod'\n"
      "    2 | RUN echo @wrod@\n"
      "      |           ^~~~\n"
      "hint: did you mean 'word'?\n" },
    { "unknown guard", "#? nothing at all\nUSER a\n",
      "t.Dockerfile:1:4: error: this template has no parameter 'nothing'\n"
      "    1 | #? nothing at all\n"
      "      |    ^~~~~~~\n" },
    { "guard without end", "RUN a @?word@ b\n",
      "t.Dockerfile:1:5: error: '@?name@' needs a '@/@' behind it\n"
      "    1 | RUN a @?word@ b\n"
      "      |     ^~~~~~~~~~~\n" },
    { "script in company", "RUN a && @script@\n",
      "t.Dockerfile:1:5: error: a script stands alone behind RUN\n"
      "    1 | RUN a && @script@\n"
      "      |     ^~~~~~~~~~~~~\n" },
    { "no Dockerfile", "USER a\nRNU true\n",
      "t.Dockerfile:2:1: error: 'RNU' is not an instruction\n"
      "    2 | RNU true\n"
      "      | ^~~\n"
      "hint: did you mean 'RUN'?\n" },
};

static void add(struct slip_params *params, const char *name, const char *const *words)
{
    struct slip_param *param = slip_params_add(params, name, params->at);

    for (; *words; words++)
        slip_values_add(params->arena, &param->words,
                        (struct slip_value){ *words, params->at, params->at });
}

static void fill(struct slip_params *params, const struct slip_script *script)
{
    add(params, "word", (const char *const[]){ "w x", NULL });
    add(params, "list", (const char *const[]){ "a", "b c", NULL });
    add(params, "pairs", (const char *const[]){ "A=1", "B=2 3", NULL });
    add(params, "flag", (const char *const[]){ "yes", NULL });
    add(params, "late", (const char *const[]){ "$ARG", NULL });
    add(params, "other", (const char *const[]){ "$OTHER", NULL });
    add(params, "none", (const char *const[]){ NULL });
    slip_params_add(params, "script", params->at)->script = script;
}

static void put_error(struct slip_buf *out, const struct slip_error *err, const char *dir)
{
    slip_cleanup(slip_freep) char *text = NULL;
    size_t len;
    FILE *file = open_memstream(&text, &len);

    slip_error_print(err, file);
    fclose(file);
    slip_buf_puts(out, slip_starts_with(text, dir) ? text + strlen(dir) + 1 : text);
}

static void expands(void **state)
{
    const struct row *row = *state;
    char dir[] = "/tmp/slipway-template-XXXXXX";
    slip_cleanup(slip_arena_release) struct slip_arena arena = SLIP_ARENA_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT, ignored = { 0 };
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    const struct slip_source *recipe = slip_source_text(&arena, "r", "ARG = 1", 7);
    const struct slip_span at = { recipe, 0, 3 };
    struct slip_value arg = { "1", at, at };
    const struct slip_values args = { .v = &arg, .n = 1 };
    const struct slip_script script = { .text = "a\n\n  b", .at = at };
    struct slip_params params = { .arena = &arena, .args = &args, .at = at };
    struct slip_dockerfile ast;

    assert_non_null(mkdtemp(dir));
    slip_cleanup(slip_freep) char *path = slip_path_join(dir, "t.Dockerfile");
    assert_int_equal(
        slip_write_file(AT_FDCWD, path, row->text, strlen(row->text), 0644, false, &err), 0);
    slip_dockerfile_init(&ast, &arena);
    fill(&params, &script);
    if (slip_template_expand(path, &params, &ast, &err) < 0)
        put_error(&out, &err, dir);
    else
        assert_int_equal(slip_dockerfile_print(&ast, &out, &err), 0);
    for (size_t i = 0; i < ast.ninstructions; i++)
        assert_ptr_equal(ast.instructions[i]->at.src, recipe);
    assert_int_equal(slip_remove_tree(AT_FDCWD, dir, &ignored), 0);
    assert_string_equal(slip_buf_str(&out), row->printed);
}

/* The comment at the top of a template names every parameter that is used in it. */
static void is_documented(const char *path)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    assert_int_equal(slip_read_file(AT_FDCWD, path, 1 << 20, &text, &err), 0);
    char *body = strstr(text.data, "\n\n");
    assert_non_null(body);
    *body++ = '\0';
    for (char *p = body; (p = strpbrk(p, "@?")); p++) {
        char *name = p + 1 + strspn(p + 1, "?! ");
        size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz-");
        bool directive = p > body && p[-1] == '#', marker = *p == '@' && strchr("@|", name[n]);
        if (n == 0 || !(directive || marker))
            continue;
        slip_cleanup(slip_freep) char *line = slip_xasprintf("\n#   %.*s ", (int)n, name);
        if (!strstr(text.data, line))
            fail_msg("%s does not document '%.*s'", path, (int)n, name);
    }
}

static void templates_are_documented(void **state)
{
    static const char *const folders[] = { "toolchain", "build", "runtime" };
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    size_t seen = 0;

    (void)state;
    for (size_t i = 0; i < SLIP_ARRAY_LEN(folders); i++) {
        slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
        slip_cleanup(slip_freep) char *dir = slip_path_join(TEMPLATES, folders[i]);
        assert_int_equal(slip_list_dir(AT_FDCWD, dir, &names, &err), 0);
        for (size_t k = 0; k < names.n; k++, seen++) {
            slip_cleanup(slip_freep) char *path = slip_path_join(dir, names.v[k]);
            is_documented(path);
        }
    }
    assert_true(seen >= 10);
}

static void finds_only_names(void **state)
{
    slip_cleanup(slip_arena_release) struct slip_arena arena = SLIP_ARENA_INIT;

    (void)state;
    assert_string_equal(slip_template_find(&arena, TEMPLATES, "build", "make"),
                        TEMPLATES "/build/make.Dockerfile");
    assert_null(slip_template_find(&arena, TEMPLATES, "build", "nothing"));
    assert_null(slip_template_find(&arena, TEMPLATES, "build", "../build/make"));
    assert_null(slip_template_find(&arena, TEMPLATES, "build", ""));
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(templates_are_documented),
        cmocka_unit_test(finds_only_names),
    };
    int failed = SLIP_RUN_ROWS("templates", rows, expands);

    return failed + cmocka_run_group_tests_name("templates", others, NULL, NULL);
}
