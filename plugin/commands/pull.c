#include "build/attached.h"
#include "build/container.h"
#include "build/locate.h"
#include "commands/display.h"
#include "store/record.h"
#include "util/str.h"

struct pull {
    struct slip_display display;
    struct slip_ui *ui;
    bool no_unpack, referrers;
};

static int pull(struct pull *p, struct slip_session *s, const char *name, struct slip_error *err)
{
    slip_cleanup(slip_reference_release) struct slip_reference ref = SLIP_REFERENCE_INIT;
    slip_cleanup(slip_image_release) struct slip_image image = SLIP_IMAGE_INIT;
    struct slip_digest manifest;
    char digest[72];

    if (slip_image_reference(&ref, name, err) < 0 ||
        slip_sources_refresh(&s->sources, &ref, &manifest, err) < 0 ||
        slip_sources_load(&s->sources, NULL, &manifest, &image, err) < 0)
        return -1;
    slip_cleanup(slip_freep) char *familiar = slip_reference_familiar(&ref);
    int rc = p->no_unpack ? slip_sources_complete(&s->sources, familiar, &image, err)
                          : slip_image_prepare(&s->sources, familiar, &manifest,
                                               getenv("SLIPWAY_TIER"), slip_ui_events(p->ui), err);
    if (rc == 0 && p->referrers)
        rc = slip_attached_fetch(&s->sources, familiar, &manifest, err);
    /* The name comes last: it stands for an image that is there, whole. */
    if (rc < 0 || slip_ref_set(&s->store, familiar, &manifest, err) < 0)
        return -1;
    slip_cleanup(slip_freep) char *repository = slip_xstrndup(familiar, strcspn(familiar, "@"));
    char *tag = strrchr(repository, ':');
    if (tag && !strchr(tag, '/'))
        *tag = '\0';
    fprintf(s->out, "%s@%s\n", repository, slip_digest_name(&manifest, digest));
    return 0;
}

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    struct pull p = { 0 };
    const struct slip_opt opts[] = {
        SLIP_DISPLAY_OPTS(&p.display),
        SLIP_OPT_FLAG(0, "no-unpack", &p.no_unpack, "only download"),
        SLIP_OPT_FLAG(0, "referrers", &p.referrers, "with all that is attached to it"),
        SLIP_OPT_END,
    };
    int done = slip_command_opts(s, &slip_command_pull, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    if (slip_display_open(&p.ui, s, &p.display, -1, err) < 0)
        return -1;
    int rc = pull(&p, s, argv[0], err);
    slip_ui_close(p.ui);
    return rc;
}

const struct slip_command slip_command_pull = {
    .name = "pull",
    .synopsis = "pull [--no-unpack] [--referrers] NAME[:TAG|@DIGEST]",
    .summary = "bring an image from a registry into the store",
    .about = "Asks the registry what the name stands for now, downloads what the store has not,\n"
             "and unpacks it meanwhile, so that builds and runs find it ready. Builds pull by\n"
             "themselves what they need.",
    .min_args = 1,
    .max_args = 1,
    .needs_store = true,
    .run = run,
};
