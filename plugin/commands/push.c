#include "build/locate.h"
#include "commands/display.h"
#include "commands/output.h"
#include "commands/target.h"

static int print_reference(struct slip_session *s, const struct slip_digest *manifest,
                           const char *name, struct slip_error *err)
{
    slip_cleanup(slip_reference_release) struct slip_reference to = SLIP_REFERENCE_INIT;
    char digest[72];

    if (slip_image_reference(&to, name, err) < 0)
        return -1;
    fprintf(s->out, "%s/%s@%s\n", to.registry, to.repository, slip_digest_name(manifest, digest));
    return 0;
}

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    struct slip_display display = { 0 };
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    const struct slip_opt opts[] = {
        SLIP_DISPLAY_OPTS(&display),
        SLIP_OPT_END,
    };
    slip_cleanup(slip_buf_release) struct slip_buf said = SLIP_BUF_INIT;
    struct slip_digest manifest;
    struct slip_ui *ui;
    int done = slip_command_opts(s, &slip_command_push, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    s->sources.registry = NULL; /* what is pushed is here */
    if (slip_target_image(s, argv[0], &manifest, &names, err) < 0)
        return -1;
    if (argc > 1)
        slip_strv_release(&names);
    for (int i = 1; i < argc; i++)
        slip_strv_add(&names, argv[i]);
    if (names.n == 0) {
        slip_fail(err, SLIP_EUSAGE, "'%s' does not say where to push it", argv[0]);
        return slip_error_hint(err, "name it: slipway push %s REGISTRY/NAME:TAG", argv[0]);
    }
    if (slip_display_open(&ui, s, &display, -1, err) < 0)
        return -1;
    const struct slip_output output = { .type = SLIP_OUT_REGISTRY };
    int rc = slip_output_write(&output, s, &manifest, &names, slip_ui_events(ui), &said, err);
    slip_ui_close(ui);
    if (!display.quiet)
        fputs(slip_buf_str(&said), s->err);
    for (size_t i = 0; rc == 0 && i < names.n; i++)
        rc = print_reference(s, &manifest, names.v[i], err);
    return rc;
}

const struct slip_command slip_command_push = {
    .name = "push",
    .synopsis = "push IMAGE [NAME[:TAG]]...",
    .summary = "send an image to a registry",
    .about = "Sends IMAGE under the names given, else under its own. Only what the registry has\n"
             "not is uploaded; what another repository there has is mounted.",
    .min_args = 1,
    .max_args = -1,
    .needs_store = true,
    .run = run,
};
