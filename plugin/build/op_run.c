#include "build/builder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "build/keep.h"
#include "build/view.h"
#include "exec/sandbox.h"
#include "layer/diff.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/proc.h"
#include "util/root.h"
#include "util/str.h"

#define SECRET_LIMIT ((size_t)512 << 10)

/* What one mount of the step holds open while it runs. */
struct held {
    struct slip_keep keep;
    struct slip_view view;
    int fds[4]; /* owned */
};

struct run {
    struct slip_builder *b;
    const struct slip_step *step;
    struct slip_work work;
    struct held *held; /* one per mount */
    struct slip_sandbox_mount *mounts;
    size_t nmounts;
    struct slip_strv env;
};

static void run_release(struct run *run)
{
    for (size_t i = 0; run->held && i < run->step->run.nmounts; i++) {
        struct held *h = &run->held[i];
        for (size_t k = 0; k < SLIP_ARRAY_LEN(h->fds); k++)
            slip_closep(&h->fds[k]);
        slip_view_release(&h->view);
        slip_keep_release(&h->keep);
    }
    free(run->held);
    free(run->mounts);
    slip_strv_release(&run->env);
    slip_work_release(&run->work);
}

/* A fresh directory in the scratch of the step. */
static int scratch_dir(struct run *run, const char *kind, size_t i, mode_t mode,
                       struct slip_error *err)
{
    char name[32];

    snprintf(name, sizeof name, "%s%zu", kind, i);
    if (mkdirat(run->work.draft.dir, name, mode) < 0)
        return slip_fail_errno(err, "cannot create a work directory");
    int fd = openat(run->work.draft.dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? slip_fail_errno(err, "cannot open a work directory") : fd;
}

/* Hides what the ignore rules leave out of a context: with whiteouts in a directory that lies over
 * it. */
static int hide_ignored(const struct slip_scan *scan, int veil, struct slip_error *err)
{
    for (size_t i = 0; i < scan->left_out.n; i++) {
        const char *path = scan->left_out.v[i], *name = slip_path_base(path);
        slip_cleanup(slip_freep) char *parent = slip_xstrndup(path, (size_t)(name - path));
        slip_cleanup(slip_closep) int dir = slip_mkdirs_in_root(veil, parent, NULL, err);
        if (dir < 0)
            return -1;
        if (mknodat(dir, name, S_IFCHR, makedev(0, 0)) < 0)
            return slip_fail_errno(err, "cannot hide '%s', which is ignored", path);
    }
    return 0;
}

/* A context as the ignore rules let it be seen: the directory itself when they leave nothing out.
 * Contexts of recipes are seen whole: their rules only say what does not count as a change. */
static int open_context(struct run *run, struct held *h, const struct slip_run_mount *m,
                        struct slip_error *err)
{
    const struct slip_scan *scan = slip_builder_scan(run->b, &m->input, err);
    struct slip_stack *stack = &h->view.stack;

    if (!scan)
        return -1;
    if (!slip_builder_context(run->b, m->input.name)->ignore || !scan->left_out.n)
        return scan->fd;
    stack->fds = slip_xcalloc(2, sizeof *stack->fds);
    stack->cap = 2;
    stack->fds[0] = scratch_dir(run, "veil", (size_t)(h - run->held), 0755, err);
    if (stack->fds[0] < 0)
        return -1;
    stack->n = 1;
    if (hide_ignored(scan, stack->fds[0], err) < 0)
        return -1;
    stack->fds[1] = fcntl(scan->fd, F_DUPFD_CLOEXEC, 0);
    if (stack->fds[1] < 0)
        return slip_fail_errno(err, "cannot open the build context");
    stack->n = 2;
    return slip_view_mount(&h->view, run->b, err) < 0 ? -1 : h->view.mounted.root;
}

/* The directory (or file) that an input has at `source`. */
static int open_input(struct run *run, struct held *h, const struct slip_run_mount *m,
                      struct slip_error *err)
{
    int root;

    if (m->input.origin == SLIP_FROM_CONTEXT) {
        root = open_context(run, h, m, err);
        if (root < 0)
            return -1;
    } else {
        if (slip_view_of_input(&h->view, run->b, &m->input, err) < 0)
            return -1;
        root = h->view.mounted.root;
    }
    int fd = slip_open_in_root(root, m->source, O_PATH, 0);
    if (fd < 0) {
        slip_fail_errno(err, "cannot mount '%s'", *m->source ? m->source : "/");
        err->at = m->at;
        err->code = SLIP_EINPUT;
    }
    return fd;
}

static int prepare_bind(struct run *run, struct held *h, size_t i, struct slip_sandbox_mount *out,
                        struct slip_error *err)
{
    const struct slip_run_mount *m = &run->step->run.mounts[i];
    struct stat st;

    h->fds[0] = m->input.origin == SLIP_FROM_SCRATCH ? scratch_dir(run, "empty", i, 0755, err)
                                                     : open_input(run, h, m, err);
    if (h->fds[0] < 0)
        return -1;
    out->source = h->fds[0];
    out->readonly = !m->rw;
    if (!m->rw || fstat(h->fds[0], &st) < 0 || !S_ISDIR(st.st_mode))
        return 0;
    /* Writes are allowed and thrown away: an overlay over the source. */
    h->fds[1] = scratch_dir(run, "upper", i, 0755, err);
    h->fds[2] = scratch_dir(run, "work", i, 0755, err);
    if (h->fds[1] < 0 || h->fds[2] < 0)
        return -1;
    out->kind = SLIP_SANDBOX_OVERLAY;
    out->upper = h->fds[1];
    out->work = h->fds[2];
    return 0;
}

static int prepare_cache(struct run *run, struct held *h, size_t i, struct slip_sandbox_mount *out,
                         struct slip_error *err)
{
    const struct slip_run_mount *m = &run->step->run.mounts[i];

    if (slip_keep_open(&h->keep, run->b, run->step, m, err) < 0)
        return -1;
    out->source = h->keep.fs;
    out->readonly = m->readonly;
    if (m->input.origin == SLIP_FROM_SCRATCH)
        return 0;
    h->fds[0] = open_input(run, h, m, err);
    if (h->fds[0] < 0)
        return -1;
    /* A work directory must be new and on the file system of the upper one. */
    if (slip_remove_tree(h->keep.dir, "work", err) < 0)
        return -1;
    if (mkdirat(h->keep.dir, "work", 0755) < 0)
        return slip_fail_errno(err, "cannot create a work directory");
    h->fds[1] = openat(h->keep.dir, "work", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (h->fds[1] < 0)
        return slip_fail_errno(err, "cannot open a work directory");
    out->kind = SLIP_SANDBOX_OVERLAY;
    out->source = h->fds[0];
    out->upper = h->keep.fs;
    out->work = h->fds[1];
    return 0;
}

static const char *secret_path(const struct slip_builder *b, const char *id)
{
    return b->options->secrets ? slip_strv_getenv(b->options->secrets, id) : NULL;
}

/* 1: mounted. 0: there is nothing to mount. */
static int prepare_secret(struct run *run, struct held *h, size_t i, struct slip_sandbox_mount *out,
                          struct slip_error *err)
{
    const struct slip_run_mount *m = &run->step->run.mounts[i];
    const char *path = secret_path(run->b, m->id);

    if (!path) {
        if (!m->required)
            return 0;
        slip_fail_at(err, m->at, "secret '%s' was not given", m->id);
        return slip_error_hint(err, "give it with --secret id=%s,src=FILE", m->id);
    }
    if (m->env) {
        slip_cleanup(slip_buf_release) struct slip_buf value = SLIP_BUF_INIT;
        if (slip_read_file(AT_FDCWD, path, SECRET_LIMIT, &value, err) < 0)
            return -1;
        slip_strv_setenv(&run->env, m->env, slip_buf_str(&value));
    }
    if (!m->target || !*m->target)
        return 0;
    h->fds[0] = open(path, O_PATH | O_CLOEXEC);
    if (h->fds[0] < 0)
        return slip_fail_errno(err, "cannot open secret '%s'", path);
    out->source = h->fds[0];
    out->readonly = true;
    return 1;
}

static int prepare_mount(struct run *run, size_t i, struct slip_error *err)
{
    const struct slip_run_mount *m = &run->step->run.mounts[i];
    struct slip_sandbox_mount out = {
        .kind = SLIP_SANDBOX_BIND,
        .target = m->target,
        .source = -1,
        .upper = -1,
        .work = -1,
    };
    int rc = 1;

    switch (m->kind) {
    case SLIP_MOUNT_BIND:
        rc = prepare_bind(run, &run->held[i], i, &out, err) < 0 ? -1 : 1;
        break;
    case SLIP_MOUNT_CACHE:
        rc = prepare_cache(run, &run->held[i], i, &out, err) < 0 ? -1 : 1;
        break;
    case SLIP_MOUNT_TMPFS:
        out.kind = SLIP_SANDBOX_TMPFS;
        out.size = m->size;
        out.mode = m->has_mode ? m->mode : 01777;
        break;
    case SLIP_MOUNT_SECRET:
        rc = prepare_secret(run, &run->held[i], i, &out, err);
        break;
    case SLIP_MOUNT_SSH:
        return slip_fail_at(err, m->at, "ssh mounts are not served yet");
    }
    if (rc > 0)
        run->mounts[run->nmounts++] = out;
    return rc < 0 ? -1 : 0;
}

static void forward(void *user, int fd, const char *bytes, size_t n)
{
    const struct run *run = user;

    slip_emit(
        run->b->events,
        &(struct slip_event){
            .kind = SLIP_EVENT_LOG, .step = run->step->number, .text = bytes, .len = n, .fd = fd });
}

static int prepare(struct run *run, struct slip_error *err)
{
    const struct slip_run *op = &run->step->run;

    run->held = slip_xcalloc(op->nmounts, sizeof *run->held);
    run->mounts = slip_xcalloc(op->nmounts, sizeof *run->mounts);
    for (size_t i = 0; i < op->nmounts; i++)
        run->held[i] = (struct held){ .keep = SLIP_KEEP_INIT,
                                      .view = SLIP_VIEW_INIT,
                                      .fds = { -1, -1, -1, -1 } };
    for (const char *const *e = op->env; e && *e; e++)
        slip_strv_add(&run->env, *e);
    for (size_t i = 0; run->b->options->step_env && i < run->b->options->step_env->n; i++)
        slip_strv_add(&run->env, run->b->options->step_env->v[i]);
    for (size_t i = 0; i < op->nmounts; i++)
        if (prepare_mount(run, i, err) < 0)
            return -1;
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
        .mounts = run->mounts,
        .nmounts = run->nmounts,
        .argv = op->argv,
        .env = (const char *const *)run->env.v,
        .cwd = op->cwd,
        .user = op->user,
        .network = slip_run_network(options, op) == SLIP_NET_NONE ? SLIP_SANDBOX_NET_NONE
                                                                  : SLIP_SANDBOX_NET_HOST,
        .input = op->script,
        .keep_fd = options->jobserver[0],
        .keep_fd2 = options->jobserver[1],
        .output = forward,
        .user_data = run,
        .cancel = options->cancel,
        .stop = &run->b->halt,
    };

    if (slip_sandbox_run(&spec, &status, err) < 0) {
        if (!err->at.src)
            err->at = run->step->at;
        return -1;
    }
    /* The command is gone; what it left in build directories stays even when it failed. */
    for (size_t i = 0; i < op->nmounts; i++)
        if (run->held[i].keep.dir >= 0 &&
            slip_keep_close(&run->held[i].keep, run->b, run->step, err) < 0)
            return -1;
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
