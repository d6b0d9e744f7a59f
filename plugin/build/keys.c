#include "build/builder.h"

#include "build/pick.h"
#include "util/mem.h"

void slip_key_finish(struct slip_sha256 *sha, char ret_hex[65])
{
    struct slip_digest digest;

    slip_sha256_finish(sha, &digest);
    memcpy(ret_hex, digest.hex, 65);
}

static void list(struct slip_sha256 *sha, const char *const *v)
{
    for (; v && *v; v++)
        slip_sha256_field(sha, *v);
    slip_sha256_field(sha, NULL);
}

int slip_key_input(struct slip_builder *b, const struct slip_input *input, const char *under,
                   struct slip_sha256 *sha, struct slip_error *err)
{
    slip_cleanup(slip_resolved_release) struct slip_resolved base = SLIP_RESOLVED_INIT;
    const struct slip_scan *scan;

    slip_sha256_number(sha, input->origin);
    switch (input->origin) {
    case SLIP_FROM_SCRATCH:
    case SLIP_FROM_INLINE:
        return 0;
    case SLIP_FROM_STAGE:
        slip_sha256_field(sha, slip_node_of_stage(b, input->stage)->identity);
        slip_sha256_field(sha, under);
        return 0;
    case SLIP_FROM_CONTEXT:
        scan = slip_builder_scan(b, input, err);
        if (!scan)
            return -1;
        slip_scan_key(scan, under, sha);
        return 0;
    case SLIP_FROM_HOST:
    case SLIP_FROM_IMAGE:
    case SLIP_FROM_ROOTFS:
        break;
    }
    if (slip_base_resolve(b->sources, input, &base, err) < 0)
        return -1;
    slip_sha256_field(sha, base.identity);
    slip_sha256_field(sha, under);
    return 0;
}

static int key_run(struct slip_builder *b, const struct slip_run *run, struct slip_sha256 *sha,
                   struct slip_error *err)
{
    list(sha, run->argv);
    list(sha, run->env);
    slip_sha256_field(sha, run->script);
    slip_sha256_field(sha, run->script_path);
    slip_sha256_field(sha, run->cwd);
    slip_sha256_field(sha, run->user);
    slip_sha256_number(sha, run->network);
    slip_sha256_number(sha, run->install);
    for (size_t i = 0; i < run->nmounts; i++) {
        const struct slip_run_mount *m = &run->mounts[i];
        slip_sha256_number(sha, m->kind);
        slip_sha256_field(sha, m->target);
        slip_sha256_field(sha, m->id);
        slip_sha256_field(sha, m->env);
        slip_sha256_number(sha, (m->readonly ? 1u : 0u) | (m->rw ? 2u : 0u));
        slip_sha256_number(sha, m->mode);
        slip_sha256_number(sha, m->uid);
        slip_sha256_number(sha, m->gid);
        slip_sha256_number(sha, m->size);
        if (slip_key_input(b, &m->input, m->source, sha, err) < 0)
            return -1;
    }
    return 0;
}

static int key_copy(struct slip_builder *b, const struct slip_copy *copy, struct slip_sha256 *sha,
                    struct slip_error *err)
{
    list(sha, copy->sources);
    slip_sha256_field(sha, copy->dest);
    slip_sha256_field(sha, copy->chown);
    slip_sha256_field(sha, copy->chmod);
    list(sha, copy->exclude);
    slip_sha256_number(sha,
                       (copy->add ? 1u : 0u) | (copy->link ? 2u : 0u) | (copy->parents ? 4u : 0u));
    for (size_t i = 0; i < copy->ninlines; i++) {
        slip_sha256_field(sha, copy->inlines[i].name);
        slip_sha256_field(sha, copy->inlines[i].text);
    }
    const struct slip_slim *slim = copy->slim;
    if (slim) {
        slip_sha256_number(sha, slim->classes | (slim->closure ? 16u : 0u) |
                                    (slim->strip ? 32u : 0u) | (slim->runtime_files ? 64u : 0u));
        slip_sha256_number(sha, (uint64_t)b->options->epoch);
        slip_sha256_field(sha, slim->destdir);
        slip_sha256_field(sha, slim->entrypoint);
        list(sha, slim->only);
        list(sha, slim->dlopen);
        list(sha, slim->data);
    }
    if (copy->input.origin == SLIP_FROM_CONTEXT)
        return slip_pick_key(b, copy, sha, err);
    return slip_key_input(b, &copy->input, "", sha, err);
}

int slip_key_step(struct slip_builder *b, struct slip_node *node, struct slip_error *err)
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;
    const struct slip_step *step = node->step;
    int rc = 0;

    slip_sha256_field(&sha, "slipway step 1");
    slip_sha256_number(&sha, step->op);
    slip_sha256_field(&sha, step->parent ? slip_node_of(b, step->parent)->identity : NULL);
    switch (step->op) {
    case SLIP_OP_BASE:
        rc = slip_key_input(b, &step->base.input, "", &sha, err);
        slip_sha256_field(&sha, step->base.platform);
        break;
    case SLIP_OP_RUN:
        rc = key_run(b, &step->run, &sha, err);
        break;
    case SLIP_OP_COPY:
        rc = key_copy(b, &step->copy, &sha, err);
        break;
    case SLIP_OP_WORKDIR:
        slip_sha256_field(&sha, step->workdir.path);
        slip_sha256_field(&sha, step->workdir.user);
        break;
    }
    slip_key_finish(&sha, node->def);
    return rc;
}
