#include "commands/engine.h"
#include "commands/target.h"

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    const char *wanted = NULL;
    slip_cleanup(slip_strv_release) struct slip_strv tags = SLIP_STRV_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf said = SLIP_BUF_INIT;
    const struct slip_opt opts[] = {
        SLIP_OPT_TEXT(0, "engine", &wanted, "NAME", "docker, podman, nerdctl or auto [auto]"),
        SLIP_OPT_LIST('t', "tag", &tags, "NAME[:TAG]", "name to carry, instead of its own"),
        SLIP_OPT_END,
    };
    struct slip_digest manifest;
    int done = slip_command_opts(s, &slip_command_load, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    if (slip_target_image(s, argv[0], &manifest, tags.n ? NULL : &names, err) < 0 ||
        slip_engine_load(s, wanted, &manifest, tags.n ? &tags : &names, &said, err) < 0)
        return -1;
    fputs(slip_buf_str(&said), s->err);
    return 0;
}

const struct slip_command slip_command_load = {
    .name = "load",
    .synopsis = "load [--engine NAME] [-t NAME[:TAG]]... IMAGE",
    .summary = "hand an image to docker or podman",
    .about = "Loads into the first engine that is installed and answers. Nothing is sent when it\n"
             "holds this very image under these names.",
    .min_args = 1,
    .max_args = 1,
    .needs_store = true,
    .run = run,
};
