#include "commands/front.h"

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    slip_cleanup(slip_front_options_release) struct slip_front_options options =
        SLIP_FRONT_OPTIONS_INIT;
    slip_cleanup(slip_front_release) struct slip_front front = SLIP_FRONT_INIT;
    const struct slip_opt opts[] = { SLIP_FRONT_OPTS(&options), SLIP_OPT_END };
    int done = slip_command_opts(s, &slip_command_check, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    options.context = argc ? argv[0] : NULL;
    options.offline = true;
    if (slip_front_open(&front, s, &options, err) < 0 ||
        slip_front_plan(&front, s, &options, err) < 0)
        return -1;
    return 0;
}

const struct slip_command slip_command_check = {
    .name = "check",
    .synopsis = "check -f FILE [CONTEXT]",
    .summary = "read a recipe or a Dockerfile and say what is wrong with it",
    .max_args = 1,
    .run = run,
};
