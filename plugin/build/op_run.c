#include "build/builder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "build/secret.h"
#include "build/step_mounts.h"
#include "build/work.h"
#include "exec/sandbox.h"
#include "layer/diff.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/proc.h"
#include "util/str.h"

struct run {
    struct slip_builder *b;
    const struct slip_step *step;
    struct slip_work work;
    struct slip_step_mounts mounts;
    struct slip_strv env;
    struct slip_veil veils[3]; /* by fd */
};

static void run_release(struct run *run)
{
    for (size_t i = 0; i < SLIP_ARRAY_LEN(run->veils); i++)
        slip_veil_release(&run->veils[i]);
    slip_step_mounts_release(&run->mounts);
    slip_strv_release(&run->env);
    slip_work_release(&run->work);
}

static void show(const struct run *run, int fd, const char *bytes, size_t n)
{
    slip_emit(
        run->b->events,
        &(struct slip_event){
            .kind = SLIP_EVENT_LOG, .step = run->step->number, .text = bytes, .len = n, .fd = fd });
}

/* What a step writes, without the secrets of this build. */
static void forward(void *user, int fd, const char *bytes, size_t n)
{
    struct run *run = user;
    slip_cleanup(slip_buf_release) struct slip_buf shown = SLIP_BUF_INIT;

    if (!run->b->options->secrets || !run->b->options->secrets->n) {
        show(run, fd, bytes, n);
        return;
    }
    run->veils[fd].secrets = run->b->options->secrets;
    slip_veil_put(&run->veils[fd], bytes, n, &shown);
    if (shown.len)
        show(run, fd, shown.data, shown.len);
}

static void forward_rest(struct run *run)
{
    for (int fd = 0; fd < (int)SLIP_ARRAY_LEN(run->veils); fd++) {
        slip_cleanup(slip_buf_release) struct slip_buf shown = SLIP_BUF_INIT;
        if (run->veils[fd].held.len)
            slip_veil_flush(&run->veils[fd], &shown);
        if (shown.len)
            show(run, fd, shown.data, shown.len);
    }
}

static void set_env(struct slip_strv *env, const char *pair)
{
    size_t n = strcspn(pair, "=");
    slip_cleanup(slip_freep) char *name = slip_xstrndup(pair, n);

    slip_strv_setenv(env, name, pair[n] ? pair + n + 1 : "");
}

static int prepare(struct run *run, struct slip_error *err)
{
    const struct slip_strv *step_env = run->b->options->step_env;

    for (const char *const *e = run->step->run.env; e && *e; e++)
        slip_strv_add(&run->env, *e);
    for (size_t i = 0; step_env && i < step_env->n; i++)
        set_env(&run->env, step_env->v[i]);
    if (slip_step_mounts_open(&run->mounts, run->b, run->step, run->work.draft.dir, err) < 0)
        return -1;
    for (size_t i = 0; i < run->mounts.env.n; i++) {
        slip_cleanup(slip_freep) char *key =
            slip_xstrndup(run->mounts.env.v[i], strcspn(run->mounts.env.v[i], "="));
        slip_strv_setenv(&run->env, key, run->mounts.env.v[i] + strlen(key) + 1);
    }
    return 0;
}

/* Keeps what the step had written, so that one can look. What goes wrong here must not hide why the
 * step failed. */
static void keep_failure(struct run *run, struct slip_node *node)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    struct slip_node draft = *node;

    if (slip_work_publish_failed(&run->work, run->b, &draft, &ignored) < 0)
        draft.nparts = 0;
    (void)slip_failure_record(run->b, node, draft.nparts ? &draft.parts[0] : NULL, &ignored);
}

static int failed(struct slip_builder *b, const struct slip_step *step,
                  const struct slip_exit *status, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *words = slip_proc_status_words(status->wait_status);

    if (status->cancelled)
        return slip_fail(err, SLIP_ECANCELLED, "cancelled");
    slip_fail_at(err, step->at, "%s: the command %s",
                 step->run.test ? "a test failed" : "a step failed", words);
    err->code = SLIP_ESTEP;
    pthread_mutex_lock(&b->mutex);
    if (!b->failed.step) {
        b->failed.step = step;
        b->failed.words = SLIP_TAKE_PTR(words);
        b->failed.exit_code =
            WIFEXITED(status->wait_status) ? WEXITSTATUS(status->wait_status) : 128;
        slip_failure_id(slip_node_of(b, step), b->failed.id);
    }
    pthread_mutex_unlock(&b->mutex);
    return -1;
}

enum slip_network slip_run_network(const struct slip_build_options *options,
                                   const struct slip_run *run)
{
    enum slip_network net = run->network == SLIP_NET_DEFAULT ? options->network : run->network;

    return net == SLIP_NET_NONE ? SLIP_NET_NONE : SLIP_NET_HOST;
}

static int execute(struct run *run, struct slip_error *err)
{
    const struct slip_run *op = &run->step->run;
    const struct slip_build_options *options = run->b->options;
    struct slip_exit status = { 0 };
    const struct slip_sandbox spec = {
        .rootfs = slip_work_rootfs(&run->work),
        .mounts = run->mounts.v,
        .nmounts = run->mounts.n,
        .argv = op->argv,
        .env = (const char *const *)run->env.v,
        .cwd = op->cwd,
        .user = op->user,
        .network = slip_run_network(options, op) == SLIP_NET_NONE ? SLIP_SANDBOX_NET_NONE
                                                                  : SLIP_SANDBOX_NET_HOST,
        .keep_fd = options->jobserver[0],
        .keep_fd2 = options->jobserver[1],
        .output = forward,
        .user_data = run,
        .cancel = options->cancel,
        .stop = &run->b->halt,
    };

    int rc = slip_sandbox_run(&spec, &status, err);
    forward_rest(run);
    if (rc < 0) {
        if (!err->at.src)
            err->at = run->step->at;
        return -1;
    }
    /* The command is gone; what it left in build directories stays even when it failed. */
    if (slip_step_mounts_settle(&run->mounts, err) < 0)
        return -1;
    slip_step_mounts_release(&run->mounts); /* others wait for its caches */
    if (status.cancelled || status.wait_status != 0)
        return failed(run->b, run->step, &status, err);
    return 0;
}

/* The identity of a step is what it wrote, on top of what it stood on: one that ran for another
 * reason and wrote the same stops the rebuild there. */
static int identify(struct slip_builder *b, struct slip_node *node, int upper,
                    struct slip_error *err)
{
    slip_cleanup(slip_tree_release) struct slip_tree tree = SLIP_TREE_INIT;
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;
    const struct slip_diff_options options = { .epoch = 0,
                                               .emulated = b->tier == SLIP_TIER_SINGLE };
    const struct slip_step *root = node->step->parent;
    char content[65];

    if (slip_diff(upper, -1, &options, &tree, err) < 0)
        return -1;
    slip_tree_finish(&tree, 0);
    if (slip_tree_digest(&tree, content, err) < 0)
        return -1;
    /* Before an install step, others compile into build directories, not into the root: what they
     * were made from does not count, the root file system they stood on does. */
    while (node->step->run.install && root->parent &&
           (root->op == SLIP_OP_RUN || root->op == SLIP_OP_WORKDIR) &&
           slip_node_of(b, root)->nparts == 0)
        root = root->parent;
    slip_sha256_field(&sha, node->step->run.install ? "slipway installed 1" : "slipway ran 1");
    slip_sha256_field(&sha, slip_node_of(b, root)->identity);
    slip_sha256_field(&sha, content);
    slip_key_finish(&sha, node->identity);
    return 0;
}

int slip_op_run(struct slip_builder *b, struct slip_node *node, struct slip_error *err)
{
    slip_cleanup(run_release) struct run run = {
        .b = b,
        .step = node->step,
        .work = SLIP_WORK_INIT,
    };

    if (slip_work_begin(&run.work, b, node->step->parent, err) < 0 || prepare(&run, err) < 0)
        return -1;
    if (execute(&run, err) < 0) {
        if (err->code == SLIP_ESTEP)
            keep_failure(&run, node);
        return -1;
    }
    if (identify(b, node, run.work.draft.fs, err) < 0)
        return -1;
    return slip_work_publish(&run.work, b, node, err);
}
