#include "build/builder.h"

#include "build/makings.h"
#include "build/pick.h"
#include "util/mem.h"

void slip_key_finish(struct slip_sha256 *sha, char ret_hex[65])
{
    struct slip_digest digest;

    slip_sha256_finish(sha, &digest);
    memcpy(ret_hex, digest.hex, 65);
}

/* Enough of a digest to tell it from others. */
static const char *shortened(const char *hex, char out[24])
{
    snprintf(out, 24, "sha256:%.12s", hex);
    return out;
}

static int key_resolved(struct slip_builder *b, const struct slip_input *input,
                        struct slip_makings *m, struct slip_error *err)
{
    static const char *const kinds[] = {
        [SLIP_FROM_HOST] = "host", [SLIP_FROM_IMAGE] = "image", [SLIP_FROM_ROOTFS] = "root",
        [SLIP_FROM_URL] = "url",   [SLIP_FROM_GIT] = "git",
    };
    slip_cleanup(slip_resolved_release) struct slip_resolved base = SLIP_RESOLVED_INIT;
    char text[24];

    if (slip_base_resolve(b->sources, input, &base, err) < 0)
        return -1;
    slip_sha256_field(&m->sha, base.identity);
    slip_made_note(m, kinds[input->origin], input->name,
                   shortened(base.is_image ? base.image.manifest_digest.hex : base.identity, text));
    return 0;
}

void slip_key_rules(const struct slip_builder *b, const struct slip_input *input,
                    const struct slip_scan *scan, struct slip_makings *m)
{
    const struct slip_context *context = slip_builder_context(b, input->name);

    if (context->ignore)
        slip_made_note(m, "rules", context->ignore_file, scan->rules);
}

/* What an input holds at `under`. */
int slip_key_input(struct slip_builder *b, const struct slip_input *input, const char *under,
                   struct slip_makings *m, struct slip_error *err)
{
    const struct slip_scan *scan;
    const char *identity;
    char text[24];

    slip_sha256_number(&m->sha, input->origin);
    switch (input->origin) {
    case SLIP_FROM_SCRATCH:
    case SLIP_FROM_INLINE:
        return 0;
    case SLIP_FROM_STAGE:
        identity = slip_node_of_stage(b, input->stage)->identity;
        slip_sha256_field(&m->sha, identity);
        slip_sha256_field(&m->sha, under);
        slip_made_note(m, "stage", input->stage->name, shortened(identity, text));
        return 0;
    case SLIP_FROM_CONTEXT:
        scan = slip_builder_scan(b, input, err);
        if (!scan)
            return -1;
        slip_scan_made_of(scan, under, false, m);
        slip_key_rules(b, input, scan, m);
        return 0;
    case SLIP_FROM_HOST:
    case SLIP_FROM_IMAGE:
    case SLIP_FROM_ROOTFS:
    case SLIP_FROM_URL:
    case SLIP_FROM_GIT:
        break;
    }
    if (key_resolved(b, input, m, err) < 0)
        return -1;
    slip_sha256_field(&m->sha, under);
    return 0;
}

static bool is_in(const char *const *list, const char *text)
{
    while (list && *list && strcmp(*list, text) != 0)
        list++;
    return list && *list;
}

static void key_environment(const struct slip_run *run, struct slip_makings *m)
{
    for (const char *const *e = run->env; e && *e; e++) {
        const char *equals = strchrnul(*e, '=');
        slip_cleanup(slip_freep) char *name = slip_xstrndup(*e, (size_t)(equals - *e));
        slip_made_of(m, is_in(run->args, name) ? "argument" : "variable", name,
                     *equals ? equals + 1 : "");
    }
    slip_sha256_field(&m->sha, NULL);
}

static int key_mount(struct slip_builder *b, const struct slip_run_mount *mount,
                     struct slip_makings *m, struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf how = SLIP_BUF_INIT;

    slip_buf_printf(&how, "%s %s", slip_mount_name(mount->kind), mount->readonly ? "readonly" : "");
    slip_buf_printf(&how, "%s%s", mount->rw ? "rw" : "", mount->required ? " required" : "");
    if (mount->kind == SLIP_MOUNT_CACHE)
        slip_buf_printf(&how, " sharing=%s", slip_sharing_name(mount->sharing));
    slip_buf_printf(&how, " mode=%o uid=%u gid=%u size=%llu", mount->mode, mount->uid, mount->gid,
                    (unsigned long long)mount->size);
    if (mount->id)
        slip_buf_printf(&how, " id=%s", mount->id);
    if (mount->env)
        slip_buf_printf(&how, " env=%s", mount->env);
    slip_made_of(m, "mount", mount->target, slip_buf_str(&how));
    return slip_key_input(b, &mount->input, mount->source, m, err);
}

static int key_run(struct slip_builder *b, const struct slip_run *run, struct slip_makings *m,
                   struct slip_error *err)
{
    slip_made_of_list(m, "command", run->argv);
    key_environment(run, m);
    slip_made_of(m, "script", "", run->script);
    slip_made_of(m, "script's place", "", run->script_path);
    slip_made_of(m, "directory it works in", "", run->cwd);
    slip_made_of(m, "user", "", run->user);
    slip_made_of(m, "network", "", slip_network_name(slip_run_network(b->options, run)));
    slip_sha256_number(&m->sha, run->install);
    for (size_t i = 0; i < run->nmounts; i++)
        if (key_mount(b, &run->mounts[i], m, err) < 0)
            return -1;
    return 0;
}

static void key_slim(const struct slip_builder *b, const struct slip_step *step,
                     struct slip_makings *m)
{
    const struct slip_slim *slim = step->copy.slim;

    slip_sha256_field(&m->sha, "slim 2"); /* what is made of the same choices */
    slip_made_of_number(m, "choice of files", "",
                        slim->classes | (slim->closure ? 16u : 0u) | (slim->strip ? 32u : 0u) |
                            (slim->runtime_files ? 64u : 0u) | (slim->strict ? 128u : 0u) |
                            (slim->debug_files ? 256u : 0u));
    slip_made_of_number(m, "SOURCE_DATE_EPOCH", "", (uint64_t)b->options->epoch);
    slip_made_of(m, "DESTDIR", "", slim->destdir);
    slip_made_of(m, "entry point", "", slim->entrypoint);
    slip_made_of_list(m, "list of programs", slim->only);
    slip_made_of_list(m, "list of libraries", slim->dlopen);
    slip_made_of_list(m, "list of data", slim->data);
    slip_made_of_list(m, "list of classes", slim->class_of);
    slip_made_of_list(m, "list of sysroots", slim->sysroots);
    slip_made_of(m, "platform", "", step->stage->steps[0]->base.platform);
    slip_made_of_list(m, "list of what is acknowledged", slim->acknowledge);
    slip_made_of_number(m, "number of other layers", "", slip_slim_other_layers(step));
}

static int key_copy(struct slip_builder *b, const struct slip_step *step, struct slip_makings *m,
                    struct slip_error *err)
{
    const struct slip_copy *copy = &step->copy;
    char number[24];

    for (size_t i = 0; copy->sources && copy->sources[i]; i++) {
        snprintf(number, sizeof number, "%zu", i + 1);
        slip_made_of(m, "source", number, copy->sources[i]);
    }
    slip_made_of(m, "destination", "", copy->dest);
    slip_made_of(m, "owner", "", copy->chown);
    slip_made_of(m, "mode", "", copy->chmod);
    slip_made_of_list(m, "list of exceptions", copy->exclude);
    slip_sha256_number(&m->sha,
                       (copy->add ? 1u : 0u) | (copy->link ? 2u : 0u) | (copy->parents ? 4u : 0u));
    for (size_t i = 0; i < copy->ninlines; i++)
        slip_made_of(m, "text", copy->inlines[i].name, copy->inlines[i].text);
    if (copy->slim)
        key_slim(b, step, m);
    if (copy->input.origin == SLIP_FROM_CONTEXT)
        return slip_pick_key(b, copy, m, err);
    return slip_key_input(b, &copy->input, "", m, err);
}

/* A stage's first step has no record of its own: what it stands on is told with the next one. */
static int key_parent(struct slip_builder *b, const struct slip_step *parent,
                      struct slip_makings *m, struct slip_error *err)
{
    struct slip_makings unhashed = { .rows = m->rows };
    const char *identity = parent ? slip_node_of(b, parent)->identity : NULL;
    char text[24];

    slip_sha256_field(&m->sha, identity);
    if (!parent || !m->rows)
        return 0;
    if (parent->op != SLIP_OP_BASE) {
        slip_made_note(m, "parent", "", shortened(identity, text));
        return 0;
    }
    int rc = slip_key_input(b, &parent->base.input, "", &unhashed, err);
    slip_makings_release(&unhashed);
    return rc;
}

static int key_step(struct slip_builder *b, struct slip_node *node, struct slip_makings *m,
                    struct slip_error *err)
{
    const struct slip_step *step = node->step;
    int rc = 0;

    slip_made_note(m, "instruction", "", step->text);
    slip_sha256_field(&m->sha, "slipway step 2");
    slip_sha256_number(&m->sha, step->op);
    if (key_parent(b, step->parent, m, err) < 0)
        return -1;
    switch (step->op) {
    case SLIP_OP_BASE:
        rc = slip_key_input(b, &step->base.input, "", m, err);
        slip_made_of(m, "platform", "", step->base.platform);
        break;
    case SLIP_OP_RUN:
        rc = key_run(b, &step->run, m, err);
        break;
    case SLIP_OP_COPY:
        rc = key_copy(b, step, m, err);
        break;
    case SLIP_OP_WORKDIR:
        slip_made_of(m, "path", "", step->workdir.path);
        slip_made_of(m, "user", "", step->workdir.user);
        break;
    }
    slip_made_note(m, "tier", "", b->tier_name);
    slip_makings_finish(m, node->def);
    return rc;
}

int slip_key_step(struct slip_builder *b, struct slip_node *node, json_t *rows,
                  struct slip_error *err)
{
    slip_cleanup(slip_makings_release) struct slip_makings m = { .rows = rows };

    return key_step(b, node, &m, err);
}
