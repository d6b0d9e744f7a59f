#include "build/container.h"

#include "commands/front.h"
#include "commands/target.h"
#include "util/proc.h"

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv args = SLIP_STRV_INIT;
    const char *failed = NULL, *network = "host", *user = NULL;
    const struct slip_opt opts[] = {
        SLIP_OPT_TEXT(0, "failed", &failed, "ID",
                      "where a failed step stopped; the message of "
                      "the build says which"),
        SLIP_OPT_TEXT('u', "user", &user, "USER[:GROUP]", "enter as"),
        SLIP_OPT_TEXT(0, "network", &network, "none|host", "network it sees [host]"),
        SLIP_OPT_END,
    };
    struct slip_digest manifest;
    struct slip_exit status = { 0 };
    int done = slip_command_opts(s, &slip_command_shell, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    struct slip_container container = {
        .args = &args,
        .user = user,
        .cancel = s->cancel,
        .tier = getenv("SLIPWAY_TIER"),
        .host_network = strcmp(network, "host") == 0,
    };
    for (int i = failed ? 0 : 1; i < argc; i++)
        slip_strv_add(&args, argv[i]);
    if (failed)
        return slip_container_at_failure(&s->sources, failed, &container, &status, err) < 0
                   ? -1
                   : slip_proc_exit_code(status.wait_status);
    if (argc == 0) {
        slip_fail(err, SLIP_EUSAGE, "'shell' needs an image, or --failed ID");
        return slip_error_hint(err, "usage: slipway %s", slip_command_shell.synopsis);
    }
    container.entrypoint = "";
    if (args.n == 0)
        slip_strv_add(&args, "/bin/sh");
    if (slip_target_image(s, argv[0], &manifest, NULL, err) < 0)
        return -1;
    if (slip_container_run(&s->sources, &manifest, &container, &status, err) < 0)
        return slip_error_hint(err,
                               "a slim image holds no shell; 'slipway explain %s' lists what "
                               "it holds",
                               argv[0]);
    return slip_proc_exit_code(status.wait_status);
}

const struct slip_command slip_command_shell = {
    .name = "shell",
    .synopsis = "shell IMAGE [COMMAND...] | shell --failed ID",
    .summary = "open a shell in an image, or where a build failed",
    .max_args = -1,
    .needs_store = true,
    .stops_at_first_arg = true,
    .run = run,
};
