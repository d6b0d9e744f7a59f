#include <fcntl.h>
#include <stdio.h>

#include "main.h"
#include "recipe/keys.h"
#include "recipe/recipe.h"
#include "util/fs.h"
#include "util/source.h"

#define DATA SLIPWAY_SOURCE_DIR "/tests/unit/recipe/data"

struct reading {
    struct slip_arena arena;
    struct slip_error err;
    struct slip_recipe recipe;
};

static void reading_release(struct reading *r)
{
    slip_recipe_release(&r->recipe);
    slip_error_release(&r->err);
    slip_arena_release(&r->arena);
}

static const struct slip_recipe *read_text(struct reading *r, const char *text)
{
    const struct slip_source *src = slip_source_text(&r->arena, "r.slipway", text, strlen(text));

    if (slip_recipe_parse(&r->arena, src, DATA, &r->recipe, &r->err) < 0) {
        slip_error_print(&r->err, stderr);
        fail();
    }
    return &r->recipe;
}

static void assert_list(const struct slip_values *list, const char *joined)
{
    slip_cleanup(slip_buf_release) struct slip_buf have = SLIP_BUF_INIT;

    for (size_t i = 0; i < list->n; i++)
        slip_buf_printf(&have, "%s%s", i ? "|" : "", list->v[i].text);
    assert_string_equal(slip_buf_str(&have), joined);
}

/* How each form of list and value is read: items with '|' between. */
static const struct list_row {
    const char *name, *value, *items;
} lists[] = {
    { "words", "a b  c", "a|b|c" },
    { "words over lines", "a\n  b c\n\n  d", "a|b|c|d" },
    { "quotes", "'a b' \"c d\" e\\ f g'h'\"i\"", "a b|c d|e f|ghi" },
    { "empty words", "'' \"\"", "|" },
    { "a comment line", "a\n  # b c\n  d", "a|d" },
    { "a backslash at the end", "a \\\n  b\\\n  c", "a|b|c" },
    { "plain dollar signs", "$A '$B' \\$C \"\\$D\" \"$E\"", "$A|\\$B|\\$C|\\$D|$E" },
    { "a semicolon", "a;b ;c", "a;b|;c" },
    { "CRLF", "a\r\n  b\r", "a|b" },
};

static void reads_lists(void **state)
{
    const struct list_row *row = *state;
    slip_cleanup(reading_release) struct reading r = { 0 };
    slip_cleanup(slip_freep) char *text = slip_xasprintf("[build]\noptions = %s\n", row->value);

    assert_list(&read_text(&r, text)->build.options, row->items);
}

static const struct list_row pairs[] = {
    { "one", "A=b c", "A=b c" },
    { "lines", "\n  A=1\n  B=2", "A=1|B=2" },
    { "empty", "A=", "A=" },
    { "quotes around it", "\n  A=\" b \"\n  B=' c '", "A= b |B= c " },
    { "quotes within", "\n  A=\"b\" c\n  B=it's", "A=\"b\" c|B=it's" },
    { "equal signs", "A=b=c", "A=b=c" },
    { "variables", "\n  A=$B:\\$C\n  D='$E'", "A=$B:\\$C|D=\\$E" },
    { "a comment line", "A=1\n  # B=2\n  C=#3", "A=1|C=#3" },
    { "a semicolon", "A=1; B=2", "A=1; B=2" },
};

static void reads_pairs(void **state)
{
    const struct list_row *row = *state;
    slip_cleanup(reading_release) struct reading r = { 0 };
    slip_cleanup(slip_freep) char *text = slip_xasprintf("[image]\nenv = %s\n", row->value);

    assert_list(&read_text(&r, text)->image.env, row->items);
}

/* Annotations stand in no instruction, so a dollar sign is one, however it is written. */
static void reads_annotations(void **state)
{
    slip_cleanup(reading_release) struct reading r = { 0 };

    (void)state;
    assert_list(
        &read_text(&r, "[image]\nannotations =\n  a=$1\n  b='$2'\n  c=\\$3\n")->image.annotations,
        "a=$1|b=$2|c=$3");
}

static const struct list_row commands[] = {
    { "words", "a -b 'c d'", "a|-b|c d" },
    { "lines", "\n  a\n  -b", "a|-b" },
    { "JSON", "[\"a\", \"$b c\"]", "a|$b c" },
    { "JSON over lines", "[\n  \"a\",\n  \"b\"\n  ]", "a|b" },
    { "empty JSON", "[]", "" },
    { "a test is no JSON", "[ -e /ready ]", "[|-e|/ready|]" },
    { "dollar signs stay", "echo $A '$B'", "echo|$A|$B" },
};

static void reads_commands(void **state)
{
    const struct list_row *row = *state;
    slip_cleanup(reading_release) struct reading r = { 0 };
    slip_cleanup(slip_freep) char *text = slip_xasprintf("[image]\ncmd = %s\n", row->value);
    const struct slip_values *cmd = &read_text(&r, text)->image.cmd;

    assert_list(cmd, row->items);
    assert_non_null(cmd->key.src);
}

static const struct list_row scripts[] = {
    { "one line", "make -j ; echo # x", "make -j ; echo # x" },
    { "lines", "\n    a\n    b", "a\nb" },
    { "indentation", "\n    if a; then\n        b\n    fi", "if a; then\n    b\nfi" },
    { "on the key's line, too", "a\n    b\n      c", "a\nb\n  c" },
    { "comments and blank lines", "\n  #!/bin/sh\n\n\n  # b\n  ; c", "#!/bin/sh\n\n\n# b\n; c" },
    { "tabs", "\n\ta\n\t\tb", "a\n\tb" },
};

static void reads_scripts(void **state)
{
    const struct list_row *row = *state;
    slip_cleanup(reading_release) struct reading r = { 0 };
    slip_cleanup(slip_freep) char *text = slip_xasprintf("[build]\nbuild = %s\n", row->value);
    const struct slip_script *script = &read_text(&r, text)->build.build;
    slip_cleanup(slip_buf_release) struct slip_buf lines = SLIP_BUF_INIT;

    assert_string_equal(script->text, row->items);
    for (size_t i = 0; i < script->n; i++) /* each line is found in the file */
        slip_buf_printf(&lines, "%s%.*s", i ? "\n" : "", (int)script->lines[i].len,
                        script->lines[i].src->text + script->lines[i].off);
    assert_string_equal(slip_buf_str(&lines), row->items);
}

static void write_in(const char *dir, const char *name, const char *text)
{
    slip_cleanup(slip_freep) char *path = slip_path_join(dir, name);
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    assert_int_equal(slip_write_file(AT_FDCWD, path, text, strlen(text), 0644, false, &err), 0);
}

/* Included files come first; the including one overrides values, adds to lists, empties them. */
static void includes(void **state)
{
    char dir[] = "/tmp/slipway-recipe-XXXXXX";
    slip_cleanup(reading_release) struct reading r = { 0 };
    struct slip_recipe *recipe = &r.recipe;

    (void)state;
    assert_non_null(mkdtemp(dir));
    slip_cleanup(slip_freep) char *sub = slip_path_join(dir, "sub");
    slip_cleanup(slip_freep) char *path = slip_path_join(dir, "main.slipway");
    assert_int_equal(slip_mkdirs(AT_FDCWD, sub, 0755, &r.err), 0);
    write_in(sub, "base.inc",
             "[image]\nname = base\nuser = root\ntags = 1\nenv = A=1\nexpose = 80\n"
             "include = ../other.inc\n[toolchain]\nuse = rootfs:root.tar\n[args]\nA = 1\nB = 2\n");
    write_in(dir, "other.inc", "[image]\nworkdir = /other\nname = other\n[build]\nsource = src\n");
    write_in(dir, "main.slipway",
             "include = sub/base.inc other.inc\n[image]\nname = main\ntags = 2\nenv =\nenv = B=2\n"
             "user =\n[args]\nA = 3\n");
    int rc = slip_recipe_read(&r.arena, path, recipe, &r.err);
    assert_int_equal(slip_remove_tree(AT_FDCWD, dir, &r.err), 0);
    if (rc < 0)
        fail_msg("%s", r.err.msg);
    assert_string_equal(recipe->image.name.text, "main");
    assert_null(recipe->image.user.text);
    assert_string_equal(recipe->image.workdir.text, "/other");
    assert_list(&recipe->image.tags, "1|2");
    assert_list(&recipe->image.env, "B=2");
    assert_list(&recipe->image.expose, "80");
    assert_list(&recipe->args, "3|2");
    assert_string_equal(recipe->dir, dir);

    slip_cleanup(slip_freep) char *use = slip_xasprintf("rootfs:%s/root.tar", sub);
    slip_cleanup(slip_freep) char *source = slip_path_join(dir, "src");
    assert_string_equal(recipe->toolchain.use.text, use);
    assert_string_equal(recipe->build.source.text, source);
    assert_int_equal(recipe->files.n, 3); /* each once, though one is named twice */
    assert_string_equal(recipe->files.v[0], path);
}

static void merges_sections(void **state)
{
    slip_cleanup(reading_release) struct reading r = { 0 };
    const struct slip_recipe *recipe =
        read_text(&r, "[image]\nname = a\n[copy]\nsrc = a\ndst = /a\n[copy]\nsrc = b\ndst = /b\n"
                      "[copy c]\nsrc = c\n[image]\nuser = b\n[copy c]\nsrc = d\ndst = /c\n"
                      "[stage s]\nrun = 1\nenv = A=1\n[stage t]\n[stage s]\nrun = 2\n");

    (void)state;
    assert_string_equal(recipe->image.name.text, "a");
    assert_string_equal(recipe->image.user.text, "b");
    assert_int_equal(recipe->ncopies, 3);
    assert_list(&recipe->copies[2]->src, "c|d");
    assert_int_equal(recipe->nstages, 2);
    assert_int_equal(recipe->stages[0]->nsteps, 3);
    assert_string_equal(recipe->stages[0]->steps[1].key->name, "env");
    assert_list(&recipe->stages[0]->steps[2].values, "2");
}

static void keeps_tests_and_budget(void **state)
{
    slip_cleanup(reading_release) struct reading r = { 0 };
    slip_cleanup(slip_strv_release) struct slip_strv tags = SLIP_STRV_INIT;
    const struct slip_recipe *recipe =
        read_text(&r, "[test starts]\ncommand = hello --version\nexpect-output = ^hello [0-9]+\n"
                      "expect-exit = 3\nlink-check = ON\n[budget]\nsize = 64M\nforbid = *.a setuid\n");
    const struct slip_recipe_test *test = slip_recipe_test_find(recipe, "starts");

    (void)state;
    assert_non_null(test);
    assert_null(slip_recipe_test_find(recipe, "other"));
    assert_list(&test->command, "hello|--version");
    assert_string_equal(test->expect_output.text, "^hello [0-9]+");
    assert_string_equal(test->expect_exit.text, "3");
    assert_true(slip_value_is_yes(&test->link_check, false));
    assert_string_equal(recipe->budget.size.text, "64M");
    assert_list(&recipe->budget.forbid, "*.a|setuid");
    slip_recipe_tags(recipe, &tags);
    assert_int_equal(tags.n, 1);
    assert_string_equal(tags.v[0], "latest");
    assert_string_equal(slip_recipe_name(recipe), "r"); /* of the file r.slipway */
}

static const struct sniff_row {
    const char *name, *text;
    bool recipe;
} sniffs[] = {
    { "a section", "[image]\nname = a\n", true },
    { "an include", "# one\n\ninclude = a\n", true },
    { "comments and a section", "; one\n# two\n  \n[x]\n", true },
    { "a byte order mark", "\xef\xbb\xbf[image]\n", true },
    { "a Dockerfile", "FROM scratch\n", false },
    { "a directive", "# syntax=docker/dockerfile:1\nFROM scratch\n", false },
    { "ARG with a default", "ARG A=1\nFROM $A\n", false },
    { "a lower case instruction", "from scratch\n", false },
    { "nothing", "", false },
    { "only comments", "# a = b\n", false },
    { "no newline", "name=a", true },
};

static void sniffs_recipes(void **state)
{
    const struct sniff_row *row = *state;

    assert_int_equal(slip_recipe_sniff(row->text, strlen(row->text)), row->recipe);
}

/* Every key is in the reference, and no line of it is too long for a terminal. */
static void helps(void **state)
{
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;

    (void)state;
    slip_recipe_help(&out);
    for (size_t i = 0; i < slip_nsections; i++)
        for (size_t k = 0; k < slip_sections[i].n; k++) {
            slip_cleanup(slip_freep) char *line =
                slip_xasprintf("\n  %s = ", slip_sections[i].keys[k].name);
            assert_non_null(strstr(out.data, line));
        }
    for (const char *p = out.data; *p; p += strcspn(p, "\n") + 1)
        if (strcspn(p, "\n") > 80)
            fail_msg("%.*s", (int)strcspn(p, "\n"), p);
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(reads_annotations),
        cmocka_unit_test(includes),
        cmocka_unit_test(merges_sections),
        cmocka_unit_test(keeps_tests_and_budget),
        cmocka_unit_test(helps),
    };
    int failed = SLIP_RUN_ROWS("recipe lists", lists, reads_lists);

    failed += SLIP_RUN_ROWS("recipe pairs", pairs, reads_pairs);
    failed += SLIP_RUN_ROWS("recipe commands", commands, reads_commands);
    failed += SLIP_RUN_ROWS("recipe scripts", scripts, reads_scripts);
    failed += SLIP_RUN_ROWS("recipe or Dockerfile", sniffs, sniffs_recipes);
    return failed + cmocka_run_group_tests_name("recipe", others, NULL, NULL);
}
