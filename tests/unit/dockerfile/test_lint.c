#include "main.h"

#include "dockerfile/lower.h"
#include "dockerfile/rules.h"
#include "util/source.h"

/* Each rule: a file in which it finds something, and where; and one that is nearly the same, in
 * which it finds nothing. */
static const struct row {
    const char *name; /* of the rule */
    const char *bad, *good;
    unsigned line; /* of the one finding in `bad` */
} rows[] = {
    { "StageNameCasing", "FROM a AS Build\n", "FROM a AS build\n", 1 },
    { "FromAsCasing", "FROM a as b\n", "from a as b\n", 1 },
    { "NoEmptyContinuation", "FROM a\nRUN x \\\n\n  y\n", "FROM a\nRUN x \\\n  # z\n  y\n", 3 },
    { "ConsistentInstructionCasing", "FROM a\nRUN x\nrun y\n", "from a\nrun x\nrun y\n", 3 },
    { "DuplicateStageName", "FROM a AS b\nFROM c AS b\n", "FROM a AS b\nFROM c AS d\n", 2 },
    { "ReservedStageName", "FROM a AS scratch\n", "FROM a AS scratches\n", 1 },
    { "ReservedStageName", "FROM a AS Context\n", "FROM scratch AS con\n", 1 },
    { "JSONArgsRecommended", "FROM a\nCMD x y\n", "FROM a\nCMD [\"x\", \"y\"]\n", 2 },
    { "JSONArgsRecommended", "FROM a\nENTRYPOINT x\n",
      "FROM a\nSHELL [\"sh\", \"-c\"]\nENTRYPOINT x\n", 2 },
    { "MaintainerDeprecated", "FROM a\nMAINTAINER me\n", "FROM a\nLABEL maintainer=me\n", 2 },
    { "UndefinedArgInFrom", "ARG V=1\nFROM a:${W}1\n", "ARG V\nFROM a:1${V}\n", 2 },
    { "UndefinedVar", "FROM a\nCOPY $x y\n", "FROM a\nARG x\nCOPY $x y\n", 2 },
    { "UndefinedVar", "FROM a\nWORKDIR /a/$PAHT\n", "FROM a\nWORKDIR /a/$PATH\n", 2 },
    { "UndefinedVar", "FROM a\nENV b=${c+d}\nENV e=$b$f\n", "FROM a\nENV b=${c:-d}\nENV e=$b\n",
      3 },
    { "WorkdirRelativePath", "FROM a\nWORKDIR x\nWORKDIR y\n", "FROM a\nWORKDIR /x\nWORKDIR y\n",
      2 },
    { "InvalidDefaultArgInFrom", "ARG TAG\nFROM busybox:${TAG}\n",
      "ARG TAG=1\nFROM busybox:${TAG}\n", 2 },
    { "InvalidDefaultArgInFrom", "ARG BASE\nFROM $BASE\n", "ARG BASE\nFROM ${BASE:-x}\n", 2 },
    { "MultipleInstructionsDisallowed", "FROM a\nCMD [\"x\"]\nCMD [\"y\"]\n",
      "FROM a\nCMD [\"x\"]\nFROM b\nCMD [\"y\"]\n", 2 },
    { "MultipleInstructionsDisallowed", "FROM a\nHEALTHCHECK NONE\nHEALTHCHECK NONE\n",
      "FROM a\nENV x=1\nENV x=1\n", 2 },
    { "LegacyKeyValueFormat", "FROM a\nENV x y\n", "FROM a\nENV x=y\n", 2 },
    { "LegacyKeyValueFormat", "FROM a\nLABEL x y=z\n", "FROM a\nLABEL x=\"y=z\"\n", 2 },
    { "RedundantTargetPlatform", "FROM --platform=$TARGETPLATFORM a\n",
      "FROM --platform=$BUILDPLATFORM a\n", 1 },
    { "FromPlatformFlagConstDisallowed", "FROM --platform=linux/amd64 a\n",
      "ARG P=linux/amd64\nFROM --platform=$P a\n", 1 },
    { "SecretsUsedInArgOrEnv", "FROM a\nARG GIT_TOKEN\n", "FROM a\nARG GIT_TOKENS\n", 2 },
    { "SecretsUsedInArgOrEnv", "FROM a\nENV db_password=x\n", "FROM a\nENV PUBLIC_KEY=x\n", 2 },
    { "ExposeProtoCasing", "FROM a\nEXPOSE 80/TCP\n", "FROM a\nEXPOSE 80/tcp\n", 2 },
    { "ExposeInvalidFormat", "FROM a\nEXPOSE 127.0.0.1:80:80\n", "FROM a\nEXPOSE 80\n", 2 },
    { "ExposeInvalidFormat", "FROM a\nEXPOSE 80:81\n", "FROM a\nEXPOSE 80-81\n", 2 },
    { "CopyIgnoredFile", "# check=experimental=all\nFROM a\nCOPY ignored.o x\n",
      "FROM a\nCOPY ignored.o x\n", 3 },
    { "CopyIgnoredFile", "# check=experimental=CopyIgnoredFile\nFROM a\nADD ignored.o x\n",
      "# check=experimental=all\nFROM a\nCOPY kept.c x\n", 3 },
    { "InvalidDefinitionDescription", "# check=experimental=all\n\n# The base\nFROM a AS b\n",
      "# check=experimental=all\n\n# b is the base\nFROM a AS b\n", 4 },
    { "InvalidDefinitionDescription", "# check=experimental=all\nFROM a\n# of all\nARG x=1 y\n",
      "# check=experimental=all\nFROM a\n# y of all\nARG x=1 y\n", 4 },
    { "InvalidDefinitionDescription", "# check=experimental=all\n\n# far\n# near\nARG x\nFROM a\n",
      "# check=experimental=all\n\n# far\n\nARG x\nFROM a\n", 5 },
    { "UnknownStage", "FROM a AS build\nFROM b\nCOPY --from=biuld x y\n",
      "FROM a AS build\nFROM b\nCOPY --from=build x y\n", 3 },
};

struct seen {
    struct slip_strv rules;
    unsigned line;
};

static void warn(void *user, const struct slip_warning *warning)
{
    struct seen *seen = user;

    slip_strv_add(&seen->rules, warning->rule);
    seen->line = slip_span_line(warning->at);
    assert_non_null(slip_lint_rule_find(warning->rule));
}

static int lint(const char *text, const struct slip_strv *args, struct seen *seen,
                struct slip_error *err)
{
    static const char *const ignore[] = { "*.o", NULL };
    slip_cleanup(slip_arena_release) struct slip_arena arena = SLIP_ARENA_INIT;
    slip_cleanup(slip_plan_release) struct slip_plan plan = SLIP_PLAN_INIT;
    const struct slip_source *src = slip_source_text(&arena, "Dockerfile", text, strlen(text));
    const struct slip_lower_options options = {
        .build_args = args, .ignore = ignore, .all_stages = true, .warn = warn, .user = seen
    };
    struct slip_dockerfile ast;

    int rc = slip_dockerfile_parse(&arena, src, &ast, err);
    if (rc == 0)
        rc = slip_dockerfile_lower(&arena, &ast, &options, &plan, err);
    err->at.src = NULL; /* it goes with the arena */
    return rc;
}

static bool is_found(const struct seen *seen, const char *rule)
{
    return slip_strv_has(&seen->rules, rule);
}

static void release(struct seen *seen)
{
    slip_strv_release(&seen->rules);
}

static void test_rule(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(release) struct seen bad = { 0 }, good = { 0 }, skipped = { 0 }, all = { 0 };
    slip_cleanup(slip_strv_release) struct slip_strv args = SLIP_STRV_INIT;

    (void)lint(row->bad, NULL, &bad, &err); /* a base may be nothing, which is an error later on */
    assert_true(is_found(&bad, row->name));
    if (bad.rules.n == 1)
        assert_int_equal(bad.line, row->line);
    assert_int_equal(lint(row->good, NULL, &good, &err), 0);
    assert_false(is_found(&good, row->name));

    slip_strv_addf(&args, "BUILDKIT_DOCKERFILE_CHECK=skip=Other, %s;experimental=all", row->name);
    slip_error_release(&err);
    (void)lint(row->bad, &args, &skipped, &err);
    assert_false(is_found(&skipped, row->name));
    slip_strv_setenv(&args, "BUILDKIT_DOCKERFILE_CHECK", "skip=all");
    slip_error_release(&err);
    (void)lint(row->bad, &args, &all, &err);
    assert_int_equal(all.rules.n, 0);
}

static const struct failing {
    const char *name, *text, *args, *error;
    enum slip_errc code; /* 0: it does not fail */
} failings[] = {
    { "warnings are errors", "# check=error=true\nFROM a\nCMD x\n", NULL,
      "the shell form of CMD hides signals from the program; write CMD [\"program\", \"argument\"] "
      "(JSONArgsRecommended)",
      SLIP_EPOLICY },
    { "but none that are skipped", "# check=skip=JSONArgsRecommended;error=true\nFROM a\nCMD x\n",
      NULL, NULL, 0 },
    { "in any order", "# check=error=1;skip=JSONArgsRecommended\nFROM a\nCMD x\n", NULL, NULL, 0 },
    { "nor our own", "# check=error=true\nFROM a AS one\nFROM a\nCOPY --from=onne /x /\n", NULL,
      NULL, 0 },
    { "the build argument comes first", "# check=error=true\nFROM a\nCMD x\n",
      "BUILDKIT_DOCKERFILE_CHECK=error=false", NULL, 0 },
    { "and may ask for errors", "FROM a\nCMD x\n", "BUILDKIT_DOCKERFILE_CHECK=error=true",
      "the shell form of CMD hides signals from the program; write CMD [\"program\", \"argument\"] "
      "(JSONArgsRecommended)",
      SLIP_EPOLICY },
    { "neither true nor false", "# check=error=maybe\nFROM a\n", NULL,
      "error is true or false, not 'maybe'", SLIP_EINPUT },
    { "an option that is none", "# check=skp=x\nFROM a\n", NULL, "check has no option 'skp'",
      SLIP_EINPUT },
    { "no option", "FROM a\n", "BUILDKIT_DOCKERFILE_CHECK=x",
      "--build-arg BUILDKIT_DOCKERFILE_CHECK: 'x' is not an option of check", SLIP_EINPUT },
    { "every stage is looked at", "# check=error=true\nFROM a\nCMD x\nFROM b\n", NULL,
      "the shell form of CMD hides signals from the program; write CMD [\"program\", \"argument\"] "
      "(JSONArgsRecommended)",
      SLIP_EPOLICY },
};

static void test_failing(void **state)
{
    const struct failing *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(release) struct seen seen = { 0 };
    slip_cleanup(slip_strv_release) struct slip_strv args = SLIP_STRV_INIT;

    if (row->args)
        slip_strv_add(&args, row->args);
    int rc = lint(row->text, &args, &seen, &err);
    assert_int_equal(rc, row->error ? -1 : 0);
    if (row->error) {
        assert_string_equal(err.msg, row->error);
        assert_int_equal(err.code, row->code);
    }
}

int main(void)
{
    int failed = SLIP_RUN_ROWS("dockerfile/lint", rows, test_rule);

    return failed + SLIP_RUN_ROWS("dockerfile/lint: options", failings, test_failing);
}
