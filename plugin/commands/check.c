#include "commands/check.h"

#include "commands/findings.h"
#include "util/json.h"

static int print_json(struct slip_session *s, struct slip_findings *findings,
                      const struct slip_error *failed, struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *all = json_object();

    json_object_set(all, "warnings", findings->json);
    if (failed)
        json_object_set_new(all, "buildError", slip_findings_error(findings, failed));
    slip_cleanup(slip_freep) char *text = slip_json_text(all);
    if (!text)
        return slip_fail(err, SLIP_EINPUT, "the findings have a text that is not UTF-8");
    fprintf(s->out, "%s\n", text);
    return 0;
}

static int look(struct slip_session *s, struct slip_front_options *options, struct slip_error *err)
{
    slip_cleanup(slip_front_release) struct slip_front front = SLIP_FRONT_INIT;

    return slip_front_open(&front, s, options, err) < 0 ||
                   slip_front_plan(&front, s, options, err) < 0
               ? -1
               : 0;
}

int slip_check(struct slip_session *s, struct slip_front_options *options, const char *format,
               struct slip_error *err)
{
    bool json = strcmp(format, "json") == 0;
    slip_cleanup(slip_json_decrefp) json_t *list = json ? json_array() : NULL;
    struct slip_findings findings = { .out = json ? NULL : s->err, .json = list };

    if (!json && strcmp(format, "text") != 0)
        return slip_fail(err, SLIP_EUSAGE, "--format is text or json, not '%s'", format);
    options->offline = true;
    options->all_stages = true;
    options->findings = &findings;
    int rc = look(s, options, err);
    options->findings = NULL;
    if (json && print_json(s, &findings, rc < 0 ? err : NULL, err) < 0)
        return -1;
    slip_findings_end(&findings);
    if (rc == 0 && !json && findings.n)
        fprintf(s->err, "check complete: %zu warning%s\n", findings.n, findings.n == 1 ? "" : "s");
    else if (rc == 0 && !json)
        fputs("check complete: no warnings\n", s->err);
    return rc;
}

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    slip_cleanup(slip_front_options_release) struct slip_front_options options =
        SLIP_FRONT_OPTIONS_INIT;
    const char *format = "text";
    const struct slip_opt opts[] = {
        SLIP_FRONT_OPTS(&options),
        SLIP_OPT_TEXT(0, "format", &format, "FORMAT", "text, or json to standard output [text]"),
        SLIP_OPT_END,
    };
    int done = slip_command_opts(s, &slip_command_check, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    options.context = argc ? argv[0] : NULL;
    return slip_check(s, &options, format, err);
}

const struct slip_command slip_command_check = {
    .name = "check",
    .synopsis = "check -f FILE [--format json] [CONTEXT]",
    .summary = "read a recipe or a Dockerfile and say what is wrong with it",
    .about =
        "Warnings do not fail, unless the file says '# check=error=true': then the status is 5.\n"
        "'# check=skip=RULE,RULE' leaves rules out; --build-arg BUILDKIT_DOCKERFILE_CHECK=...\n"
        "takes the place of what the file says.",
    .max_args = 1,
    .run = run,
};
