#include "commands/output.h"
#include "commands/target.h"

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv outputs = SLIP_STRV_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv tags = SLIP_STRV_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    const struct slip_opt opts[] = {
        SLIP_OPT_LIST('o', "output", &outputs, "type=T,dest=PATH",
                      "oci, oci-archive, docker, dir or tar; may be repeated"),
        SLIP_OPT_LIST('t', "tag", &tags, "NAME[:TAG]", "name to carry, instead of its own"),
        SLIP_OPT_END,
    };
    struct slip_digest manifest;
    int done = slip_command_opts(s, &slip_command_export, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    if (outputs.n == 0) {
        slip_fail(err, SLIP_EUSAGE, "'export' needs -o");
        return slip_error_hint(err, "such as -o type=docker,dest=image.tar");
    }
    if (slip_target_image(s, argv[0], &manifest, tags.n ? NULL : &names, err) < 0)
        return -1;
    for (size_t i = 0; i < outputs.n; i++) {
        slip_cleanup(slip_output_release) struct slip_output output = { 0 };
        if (slip_output_parse(outputs.v[i], &output, err) < 0 ||
            slip_output_write(&output, s, &manifest, tags.n ? &tags : &names, NULL, err) < 0)
            return -1;
    }
    return 0;
}

const struct slip_command slip_command_export = {
    .name = "export",
    .synopsis = "export IMAGE -o type=TYPE,dest=PATH",
    .summary = "write an image as layout, archive, directory or tar",
    .min_args = 1,
    .max_args = 1,
    .needs_store = true,
    .run = run,
};
