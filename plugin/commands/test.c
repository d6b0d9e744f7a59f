#include "build/container.h"
#include "commands/front.h"
#include "commands/links.h"
#include "commands/target.h"
#include "util/str.h"

static int link_check(struct slip_session *s, const struct slip_digest *manifest, const char *image,
                      struct slip_error *err)
{
    int n = slip_image_link_check(&s->sources, manifest, NULL, err);

    if (n < 0)
        return -1;
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

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    bool links = false;
    slip_cleanup(slip_front_options_release) struct slip_front_options options =
        SLIP_FRONT_OPTIONS_INIT;
    slip_cleanup(slip_recipe_release) struct slip_recipe recipe = SLIP_RECIPE_INIT;
    const struct slip_opt opts[] = {
        SLIP_OPT_TEXT('f', "file", &options.file, "RECIPE", "run its [test NAME] sections"),
        SLIP_OPT_FLAG(0, "link-check", &links, "every ELF file finds its libraries in the image"),
        SLIP_OPT_END,
    };
    struct slip_digest manifest;
    int done = slip_command_opts(s, &slip_command_test, &argc, &argv, opts, err);
    unsigned failed = 0, skipped = 0;

    if (done)
        return done < 0 ? -1 : 0;
    if (!links && !options.file) {
        slip_fail(err, SLIP_EUSAGE, "'test' needs -f RECIPE or --link-check");
        return slip_error_hint(err, "usage: slipway %s", slip_command_test.synopsis);
    }
    if (links && slip_starts_with(argv[0], SLIP_LINKS_ROOTFS))
        return slip_links_show(s, argv[0], argv + 1, err);
    if (argc > (links ? 1 : 2))
        return slip_fail(err, SLIP_EUSAGE, "'test' takes no '%s'", argv[links ? 1 : 2]);
    if (slip_target_image(s, argv[0], &manifest, NULL, err) < 0)
        return -1;
    if (links) {
        int rc = link_check(s, &manifest, argv[0], err);
        if (rc == 0 || slip_exit_status(err) != 3)
            return rc;
        slip_error_print(err, s->err);
        slip_error_release(err);
        return SLIP_SKIPPED;
    }
    if (slip_recipe_read(&s->arena, options.file, &recipe, err) < 0)
        return -1;
    if (argc > 1 && !slip_recipe_test_find(&recipe, argv[1]))
        return slip_fail(err, SLIP_EUSAGE, "the recipe has no [test %s]", argv[1]);
    for (size_t i = 0; i < recipe.ntests; i++) {
        slip_cleanup(slip_error_release) struct slip_error why = SLIP_ERROR_INIT;
        if (argc > 1 && strcmp(argv[1], recipe.tests[i]->name) != 0)
            continue;
        int rc = run_test(s, recipe.tests[i], argv[0], &manifest, &why);
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

const struct slip_command slip_command_test = {
    .name = "test",
    .synopsis = "test -f RECIPE IMAGE [NAME] | test --link-check IMAGE|rootfs:DIR FILE...",
    .summary = "run a recipe's tests on an image, or check its libraries",
    .min_args = 1,
    .max_args = -1,
    .needs_store = true,
    .run = run,
};
