#include "recipe/lower.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "dockerfile/lower.h"
#include "main.h"
#include "util/fs.h"
#include "util/source.h"
#include "util/str.h"

#define DATA SLIPWAY_SOURCE_DIR "/tests/unit/recipe/data"

/* A target that most recipes do not have changes nothing. */
static const struct slip_recipe_options options = { .templates = SLIPWAY_SOURCE_DIR "/templates",
                                                    .target = "debug" };

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
    { "tree-cmake" }, { "cmark" },     { "redis" },     { "redis-prefix" },
    { "lua" },        { "memcached" }, { "stages" },    { "own-build" },
    { "files-only" }, { "make-tree" }, { "copy-only" }, { "debug" },
};

static void fail_on_warning(void *user, const struct slip_warning *warning)
{
    (void)user;
    fail_msg("%s: %s", warning->rule, warning->text);
}

/* The dialect is what lowering to a plan understands, without a warning. */
static void check_plan(struct slip_arena *arena, const struct slip_recipe *recipe,
                       const struct slip_dockerfile *ast)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_recipe_needs_release) struct slip_recipe_needs needs = SLIP_RECIPE_NEEDS_INIT;
    slip_cleanup(slip_plan_release) struct slip_plan plan = SLIP_PLAN_INIT;

    assert_int_equal(slip_recipe_needs(arena, recipe, &options, &needs, &err), 0);
    const struct slip_lower_options lower = { .contexts = &needs.contexts,
                                              .warn = fail_on_warning };
    if (slip_dockerfile_lower(arena, ast, &lower, &plan, &err) < 0)
        fail_msg("%s", shown(&err));
    assert_true(plan.nsteps > 0);
}

/* recipe -> printed Dockerfile is the golden; what was printed parses to the same tree; every
 * instruction has its place in a recipe file; a plan comes of it. */
static void lowers_to_golden(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_arena_release) struct slip_arena arena = SLIP_ARENA_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_recipe_release) struct slip_recipe recipe = SLIP_RECIPE_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
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
    check_plan(&arena, &recipe, &ast);
}

/* Reads and lowers a text as if it stood in DATA/r.slipway. */
struct lowered {
    struct slip_arena arena;
    struct slip_error err;
    struct slip_recipe recipe;
    struct slip_dockerfile ast;
    struct slip_recipe_needs needs;
};

static void lower(struct lowered *l, const char *text, unsigned jobs)
{
    struct slip_recipe_options with = options;
    const struct slip_source *src = slip_source_text(&l->arena, "r.slipway", text, strlen(text));

    with.jobs = jobs;
    if (slip_recipe_parse(&l->arena, src, DATA, &l->recipe, &l->err) < 0 ||
        slip_recipe_lower(&l->arena, &l->recipe, &with, &l->ast, &l->err) < 0 ||
        slip_recipe_needs(&l->arena, &l->recipe, &with, &l->needs, &l->err) < 0)
        fail_msg("%s", shown(&l->err));
}

static void lowered_release(struct lowered *l)
{
    slip_recipe_needs_release(&l->needs);
    slip_recipe_release(&l->recipe);
    slip_error_release(&l->err);
    slip_arena_release(&l->arena);
}

/* The n-th instruction of a kind. */
static const struct slip_instruction *nth(const struct lowered *l, enum slip_instruction_kind kind,
                                          size_t n)
{
    for (size_t i = 0; i < l->ast.ninstructions; i++)
        if (l->ast.instructions[i]->kind == kind && n-- == 0)
            return l->ast.instructions[i];
    fail();
    return NULL;
}

static void assert_place(struct slip_span at, const char *text)
{
    slip_cleanup(slip_freep) char *have = slip_xstrndup(at.src->text + at.off, at.len);

    assert_string_equal(have, text);
}

static void points_at_what_was_written(void **state)
{
    slip_cleanup(lowered_release) struct lowered l = { 0 };

    (void)state;
    lower(&l,
          "[image]\nname = x\nuser = me\nentrypoint = x -y\n[toolchain]\nuse = debian:11\n"
          "packages = gcc \\\n  make\n[build]\nsource = make-project\nbuild = make everything\n"
          "install =\n    make install\n    ldconfig\nfiles =\n    a:/a\n[runtime]\nbase = alpine\n"
          "packages = curl\n[stage one]\nfrom = busybox\nrun =\n    true\n    make -C \\\n"
          "        all\n[copy]\nfrom = one\nsrc = a\ndst = /a\n",
          0);
    assert_place(nth(&l, SLIP_INS_FROM, 0)->at, "from = busybox");
    assert_place(nth(&l, SLIP_INS_RUN, 0)->at, "true");
    assert_place(nth(&l, SLIP_INS_RUN, 1)->at, "make -C \\\n        all");
    assert_place(nth(&l, SLIP_INS_FROM, 1)->at, "use = debian:11");
    assert_place(nth(&l, SLIP_INS_RUN, 2)->at, "packages = gcc \\");
    assert_place(nth(&l, SLIP_INS_RUN, 3)->at, "build");
    assert_place(nth(&l, SLIP_INS_RUN, 4)->at, "make everything");
    assert_place(nth(&l, SLIP_INS_RUN, 5)->at, "make install");
    assert_place(nth(&l, SLIP_INS_RUN, 6)->at, "files =");
    assert_place(nth(&l, SLIP_INS_FROM, 2)->at, "base = alpine");
    assert_place(nth(&l, SLIP_INS_RUN, 7)->at, "packages = curl");
    assert_string_equal(nth(&l, SLIP_INS_RUN, 7)->args[0].text, "apk add --no-cache curl");
    assert_place(nth(&l, SLIP_INS_COPY, 1)->at, "src = a");
    assert_place(nth(&l, SLIP_INS_USER, 0)->args[0].at, "me");
    assert_place(nth(&l, SLIP_INS_ENTRYPOINT, 0)->args[1].at, "-y");
}

static const char *cache_of(const char *text)
{
    static char id[64];
    slip_cleanup(lowered_release) struct lowered l = { 0 };

    lower(&l, text, 0);
    const struct slip_instruction *run = nth(&l, SLIP_INS_RUN, 0);
    for (size_t i = 0; i < run->nflags; i++) {
        const char *at = run->flags[i].value ? strstr(run->flags[i].value, "id=build:") : NULL;
        if (at)
            snprintf(id, sizeof id, "%.*s", (int)strcspn(at, ","), at);
    }
    return id;
}

/* Two projects, and two ways to build one, never share a build directory. */
static const struct cache_row {
    const char *name, *text;
    bool same;
} cache_rows[] = {
    { "the same", "name = a\n[build]\nsource = cmake-project\n", true },
    { "other files of the image", "name = a\ncmd = b\n[build]\nsource = cmake-project\n", true },
    { "more tests", "name = a\n[build]\nsource = cmake-project\njobs = 3\ntest = yes\n", true },
    { "another name", "name = b\n[build]\nsource = cmake-project\n", false },
    { "another source", "name = a\n[build]\nsource = make-project\n", false },
    { "an option", "name = a\n[build]\nsource = cmake-project\noptions = -DA=B\n", false },
    { "a generator", "name = a\n[build]\nsource = cmake-project\ngenerator = Ninja\n", false },
    { "a prefix", "name = a\n[build]\nsource = cmake-project\nprefix = /usr\n", false },
    { "a configuration", "name = a\n[build]\nsource = cmake-project\nconfig = Debug\n", false },
    { "an environment", "name = a\n[build]\nsource = cmake-project\ninstall-env = A=B\n", false },
};

static void keeps_caches_apart(void **state)
{
    const struct cache_row *row = *state;
    char first[64];
    slip_cleanup(slip_freep) char *text =
        slip_xasprintf("[toolchain]\nuse = host\n[image]\n%s", row->text);

    snprintf(first, sizeof first, "%s",
             cache_of("[toolchain]\nuse = host\n[image]\nname = a\n[build]\nsource = "
                      "cmake-project\n"));
    assert_int_equal(strlen(first), 9 + 16);
    assert_int_equal(strcmp(first, cache_of(text)) == 0, row->same);
}

static void says_what_is_needed(void **state)
{
    slip_cleanup(lowered_release) struct lowered tree = { 0 }, base = { 0 };

    (void)state;
    lower(&tree, "[toolchain]\npackages = gcc\n[build]\nsource = cmake-project\n", 0);
    assert_string_equal(tree.needs.context, DATA "/cmake-project");
    assert_int_equal(tree.needs.contexts.n, 1);
    assert_string_equal(tree.needs.contexts.v[0], "build-tree=" DATA "/cmake-project/build");
    assert_int_equal(tree.needs.host_packages->n, 1);
    assert_string_equal(tree.needs.host_packages->v[0].text, "gcc");
    assert_int_equal(tree.needs.templates.n, 3);
    assert_string_equal(tree.needs.templates.v[1],
                        SLIPWAY_SOURCE_DIR "/templates/build/cmake.Dockerfile");

    lower(&base, "[toolchain]\nuse = debian\npackages = gcc\n[build]\nsource = make-project\n", 0);
    assert_int_equal(base.needs.contexts.n, 0);
    assert_int_equal(base.needs.host_packages->n, 0);
}

static void takes_jobs(void **state)
{
    const char *text = "[toolchain]\nuse = host\n[build]\nsource = make-project\n";
    slip_cleanup(lowered_release) struct lowered any = { 0 }, four = { 0 };

    (void)state;
    lower(&any, text, 0);
    assert_string_equal(nth(&any, SLIP_INS_RUN, 1)->args[0].text, "make -j\"$(nproc)\"");
    lower(&four, text, 4);
    assert_string_equal(nth(&four, SLIP_INS_RUN, 1)->args[0].text, "make -j4");
}

/* $NAME of [args] counts in what a shell reads, every other dollar sign is plain there. */
static void knows_variables(void **state)
{
    slip_cleanup(lowered_release) struct lowered l = { 0 };

    (void)state;
    lower(&l,
          "[args]\nMODE = fast\nIDLE = 1\n[toolchain]\nuse = host\n[build]\n"
          "source = cmake-project\n"
          "options = -DMODE=$MODE \"-DA=${MODE} \\\"$X\" '-DB=$MODE' -DC=$MODEL\n",
          0);
    const char *text = nth(&l, SLIP_INS_RUN, 0)->args[0].text;
    const char *end = " \"-DMODE=$MODE\" \"-DA=${MODE} \\\"\\$X\" '-DB=$MODE' '-DC=$MODEL'";
    assert_true(slip_ends_with(text, end));
    assert_string_equal(nth(&l, SLIP_INS_ARG, 2)->args[0].text, "MODE");
    assert_string_equal(nth(&l, SLIP_INS_ARG, 0)->args[0].text, "MODE=fast");
    for (size_t i = 0; i < l.ast.ninstructions; i++) /* what is not used is not declared again */
        if (l.ast.instructions[i]->kind == SLIP_INS_ARG && i > 1)
            assert_string_equal(l.ast.instructions[i]->args[0].text, "MODE");
}

/* Paths of this machine come out as they are, whatever is in them. */
static void quotes_paths(void **state)
{
    slip_cleanup(slip_freep) char *top = slip_xstrdup("/tmp/slipway-recipe-XXXXXX");
    slip_cleanup(lowered_release) struct lowered l = { 0 };

    (void)state;
    assert_non_null(mkdtemp(top));
    slip_cleanup(slip_freep) char *dir = slip_xasprintf("%s/a, \"b\" $c'd", top);
    slip_cleanup(slip_freep) char *makefile = slip_xasprintf("%s/Makefile", dir);
    slip_cleanup(slip_freep) char *text = slip_xasprintf("[build]\nsource = %s\n", dir);
    assert_int_equal(slip_mkdirs(AT_FDCWD, dir, 0755, &l.err), 0);
    assert_int_equal(slip_write_file(AT_FDCWD, makefile, "all:\n", 5, 0644, false, &l.err), 0);
    lower(&l, text, 0);
    assert_int_equal(slip_remove_tree(AT_FDCWD, top, &l.err), 0);

    const struct slip_lower_options plain = { .warn = fail_on_warning };
    slip_cleanup(slip_plan_release) struct slip_plan plan = SLIP_PLAN_INIT;
    if (slip_dockerfile_lower(&l.arena, &l.ast, &plain, &plan, &l.err) < 0)
        fail_msg("%s", shown(&l.err));
    assert_int_equal(plan.steps[2]->op, SLIP_OP_RUN);
    assert_string_equal(plan.steps[1]->workdir.path, dir);
    assert_string_equal(plan.steps[2]->run.cwd, dir);
    assert_string_equal(plan.steps[2]->run.mounts[0].target, dir);
    assert_true(plan.steps[2]->run.install);
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(points_at_what_was_written),
        cmocka_unit_test(says_what_is_needed),
        cmocka_unit_test(takes_jobs),
        cmocka_unit_test(knows_variables),
        cmocka_unit_test(quotes_paths),
    };
    int failed = SLIP_RUN_ROWS("recipe lower", rows, lowers_to_golden);

    failed += SLIP_RUN_ROWS("recipe caches", cache_rows, keeps_caches_apart);
    return failed + cmocka_run_group_tests_name("recipe lower", others, NULL, NULL);
}
