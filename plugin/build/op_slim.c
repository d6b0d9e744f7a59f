/* op_slim.c - COPY --installed: from what install steps wrote to the layers of a slim runtime.
 *
 * What changes seldom goes below what changes with every edit (slim_layers.c), so that an edit
 * changes one small layer. Everything is streamed from the builder's snapshots; nothing is copied
 * first.
 */
#include "build/slim.h"

#include <fcntl.h>

#include "slim/class.h"
#include "store/blob.h"
#include "store/record.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

void slip_slim_release(struct slip_slim_job *job)
{
    slip_tree_release(&job->app);
    for (size_t i = 0; i < SLIP_HOLDINGS; i++)
        slip_tree_release(&job->layers[i]);
    slip_closure_release(&job->closure);
    slip_view_release(&job->cross);
    slip_view_release(&job->base);
    slip_view_release(&job->view);
    slip_strv_release(&job->sysroots);
    free(job->interp);
    slip_strv_release(&job->build_dirs);
    slip_strv_release(&job->lib_dirs);
    json_decref(job->files);
    json_decref(job->left_out);
    json_decref(job->origin);
}

/* What install steps see through mounts, and where templates put sources and build directories. */
static void note_build_dirs(struct slip_slim_job *job)
{
    const struct slip_stage *stage = job->copy->input.stage;

    slip_strv_add(&job->build_dirs, "/build");
    slip_strv_add(&job->build_dirs, "/src");
    if (*job->copy->slim->destdir)
        slip_strv_add(&job->build_dirs, job->copy->slim->destdir);
    for (size_t i = 0; i < job->b->options->ncontexts; i++)
        if (job->b->options->contexts[i].path)
            slip_strv_add_take(&job->build_dirs,
                               slip_path_absolute(job->b->options->contexts[i].path));
    for (size_t i = 0; i < stage->nsteps; i++) {
        const struct slip_step *step = stage->steps[i];
        for (size_t k = 0; step->op == SLIP_OP_RUN && step->run.install && k < step->run.nmounts;
             k++)
            if (step->run.mounts[k].kind == SLIP_MOUNT_BIND ||
                step->run.mounts[k].kind == SLIP_MOUNT_CACHE)
                slip_strv_add(&job->build_dirs, step->run.mounts[k].target);
    }
}

int slip_slim_open(struct slip_slim_job *job, struct slip_builder *b, struct slip_node *node,
                   struct slip_error *err)
{
    const struct slip_stage *stage = node->step->copy.input.stage;

    job->b = b;
    job->node = node;
    job->copy = &node->step->copy;
    job->files = json_array();
    job->left_out = json_array();
    job->origin = json_object();
    note_build_dirs(job);
    if (slip_work_begin(&job->view.work, job->b, NULL, err) < 0)
        return -1;
    job->view.stack.destdir = job->copy->slim->destdir;
    job->view.stack.scratch = job->view.work.draft.dir;
    return slip_view_of_step(&job->view, job->b, stage->steps[stage->nsteps - 1], err);
}

/* A layer with these very entries may be in the store already. */
int slip_slim_write(struct slip_slim_job *job, const struct slip_tree *tree, unsigned holds,
                    struct slip_part *ret, struct slip_error *err)
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;
    char content[65], key[65];

    if (slip_tree_digest(tree, content, err) < 0)
        return -1;
    slip_sha256_field(&sha, "slipway tree 1");
    slip_sha256_field(&sha, content);
    slip_sha256_number(&sha, (uint64_t)job->b->options->epoch);
    slip_key_finish(&sha, key);
    slip_sha256_field(&job->identity, content);
    slip_sha256_number(&job->identity, holds);
    if (slip_tree_to_blob(job->b, tree, key, ret, err) < 0)
        return -1;
    ret->holds = holds;
    return 0;
}

static int write_layers(struct slip_slim_job *job, const unsigned *holds, struct slip_error *err)
{
    struct slip_node *node = job->node;

    node->nparts = 0;
    for (size_t i = 0; i < SLIP_HOLDINGS; i++)
        if (job->layers[i].n &&
            slip_slim_write(job, &job->layers[i], holds[i], &node->parts[node->nparts++], err) < 0)
            return -1;
    return 0;
}

static int record(struct slip_slim_job *job, struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *report = json_object();

    json_object_set(report, "files", job->files);
    json_object_set(report, "left_out", job->left_out);
    json_object_set_new(report, "hints", slip_slim_hints_json(job));
    json_object_update(report, job->origin);
    char key[65];
    slip_report_key(job->node->identity, key);
    return slip_record_put(job->b->store, key, report, err);
}

int slip_slim_close(struct slip_slim_job *job, int rc, struct slip_error *err)
{
    struct slip_node *node = job->node;

    slip_key_finish(&job->identity, node->identity);
    slip_sha256_release(&job->identity);
    if (rc == 0)
        rc = record(job, err);
    if (rc < 0 && !err->at.src)
        err->at = node->step->at;
    return rc;
}

int slip_op_slim(struct slip_builder *b, struct slip_node *node, struct slip_error *err)
{
    slip_cleanup(slip_slim_release) struct slip_slim_job job = SLIP_SLIM_JOB_INIT;
    unsigned holds[SLIP_HOLDINGS];
    int rc = -1;

    if (node->step->copy.input.origin != SLIP_FROM_STAGE)
        return slip_fail_at(err, node->step->at, "COPY --installed takes --from=<stage>");
    slip_sha256_field(&job.identity, "slipway slim 2");
    slip_sha256_field(&job.identity, slip_node_of(b, node->step->parent)->identity);
    if (slip_slim_open(&job, b, node, err) == 0 && slip_slim_installed(&job, err) == 0 &&
        slip_slim_platform(&job, err) == 0 && slip_slim_sysroot(&job, err) == 0 &&
        slip_slim_closure(&job, err) == 0 && slip_slim_runtime(&job, err) == 0) {
        slip_slim_packages(&job);
        slip_slim_sort(&job, holds);
        rc = slip_slim_check_entrypoint(&job, err);
        if (rc == 0)
            rc = slip_slim_hints(&job, err);
    }
    if (rc == 0)
        rc = write_layers(&job, holds, err);
    return slip_slim_close(&job, rc, err);
}
