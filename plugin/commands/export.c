#include "commands/output.h"
#include "commands/target.h"

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv texts = SLIP_STRV_INIT;
    slip_cleanup(slip_outputs_release) struct slip_outputs outputs = SLIP_OUTPUTS_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf said = SLIP_BUF_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv tags = SLIP_STRV_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    const struct slip_opt opts[] = {
        SLIP_OPT_LIST('o', "output", &texts, "type=T,dest=PATH", SLIP_OUTPUT_TYPES),
        SLIP_OPT_LIST('t', "tag", &tags, "NAME[:TAG]", "name to carry, instead of its own"),
        SLIP_OPT_END,
    };
    struct slip_digest manifest;
    int done = slip_command_opts(s, &slip_command_export, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    if (texts.n == 0) {
        slip_fail(err, SLIP_EUSAGE, "'export' needs -o");
        return slip_error_hint(err, "such as -o type=docker,dest=image.tar");
    }
    if (slip_outputs_parse(&texts, &outputs, err) < 0 ||
        slip_outputs_refuse_packing(&outputs, err) < 0 ||
        slip_target_image(s, argv[0], &manifest, tags.n ? NULL : &names, err) < 0)
        return -1;
    const struct slip_strv *chosen = tags.n ? &tags : &names;
    if (slip_outputs_prepare(&outputs, s, err) < 0 ||
        slip_outputs_write(&outputs, s, &manifest, chosen, chosen, NULL, &said, err) < 0)
        return -1;
    fputs(slip_buf_str(&said), s->err);
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
