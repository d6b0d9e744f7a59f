#include "build/locate.h"
#include "commands/command.h"
#include "store/record.h"

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    const struct slip_opt opts[] = { SLIP_OPT_END };
    struct slip_digest manifest;
    int done = slip_command_opts(s, &slip_command_tag, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    if (slip_locate_image(&s->sources, argv[0], &manifest, err) < 0)
        return -1;
    for (int i = 1; i < argc; i++) {
        slip_cleanup(slip_freep) char *name = slip_image_name(argv[i], err);
        if (!name || slip_ref_set(&s->store, name, &manifest, err) < 0)
            return -1;
    }
    return 0;
}

const struct slip_command slip_command_tag = {
    .name = "tag",
    .synopsis = "tag IMAGE NAME[:TAG]...",
    .summary = "give an image another name in the store",
    .min_args = 2,
    .max_args = -1,
    .needs_store = true,
    .run = run,
};
