#include "build/locate.h"
#include "commands/display.h"
#include "commands/target.h"
#include "registry/push.h"
#include "util/str.h"

static int push(struct slip_session *s, const struct slip_digest *manifest, const char *name,
                struct slip_error *err)
{
    slip_cleanup(slip_reference_release) struct slip_reference to = SLIP_REFERENCE_INIT;
    struct slip_push_counts counts = { 0 };
    char digest[72], size[16];

    if (slip_image_reference(&to, name, err) < 0 ||
        slip_registry_push(s->registry, &s->store, manifest, &to, &counts, err) < 0)
        return -1;
    slip_cleanup(slip_freep) char *familiar = slip_reference_familiar(&to);
    fprintf(s->err, "%s: %u uploaded (%s), %u mounted, %u there already\n", familiar,
            counts.uploaded, slip_format_size(counts.bytes, size), counts.mounted, counts.present);
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
    slip_registry_events(s->registry, slip_ui_events(ui));
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < names.n; i++)
        rc = push(s, &manifest, names.v[i], err);
    slip_registry_events(s->registry, NULL);
    slip_ui_close(ui);
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
