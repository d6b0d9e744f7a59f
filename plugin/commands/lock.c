#include "build/locate.h"
#include "commands/front.h"
#include "plan/plan.h"
#include "util/str.h"

struct lock {
    struct slip_front_options options;
    struct slip_front front;
    struct slip_lockfile file;
    struct slip_strv seen; /* names that were done */
    bool update;
};

static void lock_release(struct lock *l)
{
    slip_front_release(&l->front);
    slip_front_options_release(&l->options);
    slip_lockfile_release(&l->file);
    slip_strv_release(&l->seen);
}

/* Images that have a name in the world; layouts and archives are what they are. */
static bool has_name(const struct slip_input *input)
{
    return input->origin == SLIP_FROM_IMAGE && !slip_starts_with(input->name, "oci:") &&
           !slip_starts_with(input->name, "oci-archive:") &&
           !slip_starts_with(input->name, "docker-archive:");
}

static int pin(struct lock *l, struct slip_session *s, const struct slip_input *input,
               struct slip_error *err)
{
    slip_cleanup(slip_reference_release) struct slip_reference ref = SLIP_REFERENCE_INIT;
    struct slip_digest digest;
    char name[72];

    if (!has_name(input))
        return 0;
    if (slip_image_reference(&ref, input->name, err) < 0 ||
        slip_sources_find(&s->sources, &ref, &digest, err) < 0) {
        if (!err->at.src)
            err->at = input->at;
        return -1;
    }
    slip_cleanup(slip_freep) char *full = slip_reference_text(&ref);
    if (ref.digest || slip_strv_has(&l->seen, full)) /* a digest pins itself */
        return 0;
    slip_strv_add(&l->seen, full);
    const struct slip_digest *before = slip_lockfile_get(&l->file, full);
    if (!before || !slip_digest_equal(before, &digest))
        fprintf(s->err, "%s %s\n", before ? "updated" : "added", full);
    slip_lockfile_set(&l->file, &s->arena, full, &digest);
    fprintf(s->out, "%s %s\n", full, slip_digest_name(&digest, name));
    return 0;
}

static int pin_all(struct lock *l, struct slip_session *s, struct slip_error *err)
{
    const struct slip_plan *plan = &l->front.plan;

    for (size_t i = 0; i < plan->nstages; i++)
        for (size_t k = 0; k < plan->stages[i]->nsteps; k++) {
            const struct slip_input *input;
            for (size_t n = 0; (input = slip_step_input(plan->stages[i]->steps[k], n)); n++)
                if (pin(l, s, input, err) < 0)
                    return -1;
        }
    return slip_lockfile_write(&l->file, err);
}

static int lock(struct lock *l, struct slip_session *s, struct slip_error *err)
{
    if (slip_front_open(&l->front, s, &l->options, err) < 0 ||
        slip_lockfile_read(&l->file, &s->arena, slip_front_lock_path(&l->front, s, &l->options),
                           err) < 0)
        return -1;
    s->sources.lock = l->update ? NULL : &l->file;
    s->sources.pull = l->update || l->options.pull;
    if (l->options.no_registry)
        s->sources.registry = NULL;
    l->options.ignore_lock = true;
    return slip_front_plan(&l->front, s, &l->options, err) < 0 ? -1 : pin_all(l, s, err);
}

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    slip_cleanup(lock_release) struct lock l = { .front = SLIP_FRONT_INIT };
    const struct slip_opt opts[] = {
        SLIP_FRONT_OPTS(&l.options),
        SLIP_OPT_FLAG(0, "update", &l.update, "pin what the names mean now, not what they meant"),
        SLIP_OPT_END,
    };
    int done = slip_command_opts(s, &slip_command_lock, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    l.options.context = argc ? argv[0] : NULL;
    return lock(&l, s, err);
}

const struct slip_command slip_command_lock = {
    .name = "lock",
    .synopsis = "lock [-f FILE] [--update] [OPTION...] [CONTEXT]",
    .summary = "pin base images to their digests in slipway.lock",
    .about = "Writes the digest of every image that FILE names into slipway.lock, in the\n"
             "context. Builds use what stands there; with --locked they refuse anything else.\n"
             "What is pinned stays so until --update.",
    .max_args = 1,
    .needs_store = true,
    .run = run,
};
