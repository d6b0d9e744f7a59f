#include "build/budget.h"
#include "build/container.h"
#include "commands/ctest.h"
#include "commands/front.h"
#include "commands/links.h"
#include "commands/target.h"
#include "util/str.h"

static int link_check(struct slip_session *s, const struct slip_digest *manifest, const char *image,
                      struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv scripts = SLIP_STRV_INIT;
    int n = slip_image_link_check(&s->sources, manifest, NULL, &scripts, err);

    if (n < 0)
        return -1;
    for (size_t i = 0; i < scripts.n; i++)
        slip_diagnostic_print(s->err, (struct slip_span){ 0 }, "warning", scripts.v[i], NULL);
    fprintf(s->out, "%s: %d ELF files find every library they need\n", image, n);
    return 0;
}

static int value_exit(const struct slip_value *value)
{
    return value->text ? (int)strtol(value->text, NULL, 10) : 0;
}

/* One [test NAME] of the recipe, by `slipway run` with the same expectations. */
static int run_test(struct slip_session *s, const struct slip_recipe_test *test, char *image,
                    const struct slip_digest *manifest, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv words = SLIP_STRV_INIT;

    if (slip_value_is_yes(&test->link_check, false) && link_check(s, manifest, image, err) < 0)
        return -1;
    if (test->command.n == 0 && !test->expect_output.text && !test->expect_exit.text)
        return 0;
    slip_strv_addf(&words, "--expect-exit=%d", value_exit(&test->expect_exit));
    if (test->expect_output.text)
        slip_strv_addf(&words, "--expect-output=%s", test->expect_output.text);
    slip_strv_add(&words, image);
    for (size_t i = 0; i < test->command.n; i++)
        slip_strv_add(&words, test->command.v[i].text);
    /* Parsing moves arguments about; the list keeps what it owns. */
    slip_cleanup(slip_freep) char **argv = slip_xcalloc(words.n + 1, sizeof *argv);
    memcpy(argv, words.v, words.n * sizeof *argv);
    return slip_command_run.run(s, (int)words.n, argv, err);
}

/* What a host cannot run is skipped, not failed. */
static int skipped_if_host_cannot(struct slip_session *s, int rc, struct slip_error *err)
{
    if (rc >= 0 || err->code != SLIP_EHOST)
        return rc;
    slip_error_print(err, s->err);
    slip_error_release(err);
    return SLIP_SKIPPED;
}

static int run_recipe(struct slip_session *s, const char *file, char **argv, int argc,
                      const struct slip_digest *manifest, struct slip_error *err)
{
    slip_cleanup(slip_recipe_release) struct slip_recipe recipe = SLIP_RECIPE_INIT;
    unsigned failed = 0, skipped = 0;

    if (slip_recipe_read(&s->arena, file, &recipe, err) < 0)
        return -1;
    if (argc > 1 && !slip_recipe_test_find(&recipe, argv[1]))
        return slip_fail(err, SLIP_EUSAGE, "the recipe has no [test %s]", argv[1]);
    for (size_t i = 0; i < recipe.ntests; i++) {
        slip_cleanup(slip_error_release) struct slip_error why = SLIP_ERROR_INIT;
        if (argc > 1 && strcmp(argv[1], recipe.tests[i]->name) != 0)
            continue;
        int rc = run_test(s, recipe.tests[i], argv[0], manifest, &why);
        fprintf(s->out, "%s: %s\n", recipe.tests[i]->name,
                rc == 0              ? "ok"
                : rc == SLIP_SKIPPED ? "skipped"
                                     : "FAILED");
        if (rc < 0)
            slip_error_print(&why, s->err);
        skipped += rc == SLIP_SKIPPED;
        failed += rc != 0 && rc != SLIP_SKIPPED;
    }
    return failed ? 1 : skipped ? SLIP_SKIPPED : 0;
}

struct asked {
    const char *file, *size, *write;
    struct slip_strv forbid;
    struct slip_ctest ctest;
    bool links;
};

static void asked_release(struct asked *asked)
{
    slip_strv_release(&asked->forbid);
    slip_ctest_release(&asked->ctest);
}

static int check_asked(const struct asked *a, int argc, struct slip_error *err)
{
    bool budget = a->size || a->forbid.n, ctest = a->ctest.list;

    if (!a->file && !a->links && !budget && !ctest) {
        slip_fail(err, SLIP_EUSAGE,
                  "'test' needs -f RECIPE, --ctest LIST, --link-check, "
                  "--size-budget or --forbid");
        return slip_error_hint(err, "usage: slipway %s", slip_command_test.synopsis);
    }
    if (ctest && (!a->ctest.tree || (a->write ? !a->ctest.name || argc > 1 : argc < 2))) {
        slip_fail(err, SLIP_EUSAGE, "--ctest goes with --tree, IMAGE and the name of a test");
        return slip_error_hint(err, "container_test(... RUN_CTEST) calls it");
    }
    return 0;
}

static int check_budget(struct slip_session *s, const struct asked *a, const char *image,
                        const struct slip_digest *manifest, struct slip_error *err)
{
    slip_cleanup(slip_budget_release) struct slip_budget budget = SLIP_BUDGET_INIT;

    if (a->size && slip_parse_file_size(a->size, &budget.size, err) < 0)
        return -1;
    slip_strv_copy(&budget.forbid, &a->forbid);
    return slip_budget_check(&s->sources, image, manifest, &budget, err);
}

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    slip_cleanup(asked_release) struct asked a = { .ctest = SLIP_CTEST_INIT };
    const struct slip_opt opts[] = {
        SLIP_OPT_TEXT('f', "file", &a.file, "RECIPE", "run its [test NAME] sections"),
        SLIP_OPT_FLAG(0, "link-check", &a.links, "every ELF file finds its libraries in the image"),
        SLIP_OPT_TEXT(0, "size-budget", &a.size, "SIZE", "its files are not larger than that"),
        SLIP_OPT_LIST(0, "forbid", &a.forbid, "WORD|PATTERN", "it has no such file, as [budget]"),
        SLIP_OPT_TEXT(0, "ctest", &a.ctest.list, "LIST",
                      "run a test of 'ctest --show-only=json-v1' in it"),
        SLIP_OPT_TEXT(0, "tree", &a.ctest.tree, "DIR", "--ctest: the build tree"),
        SLIP_OPT_TEXT(0, "source", &a.ctest.source, "DIR", "--ctest: the source tree"),
        SLIP_OPT_LIST(0, "library-dir", &a.ctest.library_dirs, "DIR",
                      "--ctest: the image's libraries there come first"),
        SLIP_OPT_LIST(0, "label", &a.ctest.labels, "LABEL", "--ctest: only tests with it"),
        SLIP_OPT_TEXT(0, "name", &a.ctest.name, "NAME", "--write: before the tests' names"),
        SLIP_OPT_TEXT(0, "write", &a.write, "FILE", "--ctest: write rows for ctest instead"),
        SLIP_OPT_END,
    };
    struct slip_digest manifest;
    int done = slip_command_opts(s, &slip_command_test, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    if (check_asked(&a, argc, err) < 0 || (a.ctest.list && slip_ctest_read(&a.ctest, err) < 0))
        return -1;
    if (a.write)
        return slip_ctest_write(&a.ctest, argv[0], a.write, err);
    if (a.links && slip_starts_with(argv[0], SLIP_LINKS_ROOTFS))
        return slip_links_show(s, argv[0], argv + 1, err);
    int most = a.file || a.ctest.list ? 2 : 1;
    if (argc > most)
        return slip_fail(err, SLIP_EUSAGE, "'test' takes no '%s'", argv[most]);
    if (slip_target_image(s, argv[0], &manifest, NULL, err) < 0)
        return -1;
    if (a.ctest.list)
        return slip_ctest_run(&a.ctest, s, &manifest, argv[1], err);
    if (check_budget(s, &a, argv[0], &manifest, err) < 0)
        return -1;
    if (a.links) {
        int rc = skipped_if_host_cannot(s, link_check(s, &manifest, argv[0], err), err);
        if (rc != 0 || !a.file)
            return rc;
    }
    return a.file ? run_recipe(s, a.file, argv, argc, &manifest, err) : 0;
}

const struct slip_command slip_command_test = {
    .name = "test",
    .synopsis = "test -f RECIPE IMAGE [NAME] | test [--size-budget SIZE] [--forbid WHAT] IMAGE | "
                "test --link-check IMAGE|rootfs:DIR FILE...",
    .summary = "run a recipe's or a build tree's tests on an image, or check what is in it",
    .min_args = 1,
    .max_args = -1,
    .needs_store = true,
    .run = run,
};
