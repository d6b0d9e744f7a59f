#include "build/step_mounts.h"

#include <errno.h>
#include <fcntl.h>

#include "build/keep.h"
#include "build/mask.h"
#include "build/relay.h"
#include "build/secret.h"
#include "build/view.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

/* What one mount holds. */
struct held {
    struct slip_keep keep;
    struct slip_view view;
    struct slip_relay relay;
    int fds[3]; /* owned: what is mounted, and directories for it */
};

static const struct slip_run_mount *mount_of(const struct slip_step_mounts *m, size_t i)
{
    return &m->step->run.mounts[i];
}

void slip_step_mounts_release(struct slip_step_mounts *m)
{
    for (size_t i = 0; m->held && i < m->step->run.nmounts; i++) {
        struct held *h = &m->held[i];
        for (size_t k = 0; k < SLIP_ARRAY_LEN(h->fds); k++)
            slip_closep(&h->fds[k]);
        slip_relay_release(&h->relay);
        slip_view_release(&h->view);
        slip_keep_release(&h->keep);
    }
    free(m->held);
    free(m->v);
    slip_strv_release(&m->env);
    *m = (struct slip_step_mounts){ 0 };
}

/* A fresh directory in the work directory of the step. */
static int fresh_dir(const struct slip_step_mounts *m, const char *kind, size_t i, mode_t mode,
                     struct slip_error *err)
{
    char name[32];

    snprintf(name, sizeof name, "%s%zu", kind, i);
    if (mkdirat(m->dir, name, mode) < 0)
        return slip_fail_errno(err, "cannot create a work directory");
    int fd = openat(m->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? slip_fail_errno(err, "cannot open a work directory") : fd;
}

static int cannot_mount(const struct slip_run_mount *mount, const char *path,
                        struct slip_error *err)
{
    slip_fail_errno(err, "cannot mount '%s'", *path ? path : "/");
    err->at = mount->at;
    err->code = SLIP_EINPUT;
    return -1;
}

/* A context as the ignore file shows it, over which may be written. */
static int view_context(struct slip_step_mounts *m, struct held *h, size_t i,
                        struct slip_error *err)
{
    const struct slip_run_mount *mount = mount_of(m, i);
    const struct slip_scan *scan = slip_builder_scan(m->b, &mount->input, err);
    struct slip_stack *stack = &h->view.stack;

    if (!scan)
        return -1;
    stack->fds = slip_xgrow(stack->fds, 0, &stack->cap, sizeof *stack->fds);
    stack->fds[0] = fcntl(scan->fd, F_DUPFD_CLOEXEC, 3);
    if (stack->fds[0] < 0)
        return slip_fail_errno(err, "cannot open the build context '%s'", scan->root);
    stack->n = 1;
    if (scan->hidden.n == 0 && !mount->rw)
        return 0;
    h->view.upper = h->fds[1] = fresh_dir(m, "mask", i, 0755, err);
    if (h->view.upper < 0 || slip_mask_fill(h->view.upper, scan, err) < 0)
        return -1;
    return slip_view_mount(&h->view, m->b, err);
}

static int view_input(struct slip_step_mounts *m, struct held *h, size_t i, struct slip_error *err)
{
    const struct slip_run_mount *mount = mount_of(m, i);

    if (mount->input.origin == SLIP_FROM_CONTEXT)
        return view_context(m, h, i, err);
    if (mount->input.origin == SLIP_FROM_SCRATCH)
        return 0;
    if (mount->rw && (h->view.upper = h->fds[1] = fresh_dir(m, "upper", i, 0755, err)) < 0)
        return -1;
    return slip_view_of_input(&h->view, m->b, &mount->input, err);
}

/* The root of an input; borrowed from what is held. */
static int open_root(struct slip_step_mounts *m, struct held *h, size_t i, struct slip_error *err)
{
    if (view_input(m, h, i, err) < 0)
        return -1;
    if (h->view.mounted.root >= 0)
        return h->view.mounted.root;
    if (h->view.stack.n)
        return h->view.stack.fds[0];
    return h->fds[2] = fresh_dir(m, "empty", i, 0755, err);
}

/* The directory (or file) that an input has at the mount's source. */
static int open_input(struct slip_step_mounts *m, struct held *h, size_t i, struct slip_error *err)
{
    const struct slip_run_mount *mount = mount_of(m, i);
    int root = open_root(m, h, i, err);
    int fd = root < 0 ? -1 : slip_open_in_root(root, mount->source, O_PATH, 0);

    if (root >= 0 && fd < 0)
        return cannot_mount(mount, mount->source, err);
    return fd;
}

static int open_bind(struct slip_step_mounts *m, struct held *h, size_t i,
                     struct slip_sandbox_mount *out, struct slip_error *err)
{
    out->source = h->fds[0] = open_input(m, h, i, err);
    return out->source < 0 ? -1 : 1;
}

/* The files of an input are there from the beginning. */
static int fill_cache(struct slip_step_mounts *m, struct held *h, size_t i, struct slip_error *err)
{
    if (slip_keep_is_filled(&h->keep))
        return 0;
    if (mount_of(m, i)->input.origin != SLIP_FROM_SCRATCH &&
        (h->fds[0] = open_input(m, h, i, err)) < 0)
        return -1;
    return slip_keep_fill(&h->keep, m->b, mount_of(m, i), h->fds[0], err);
}

/* Of a build directory, the sources lie below. */
static int lay_over_sources(struct slip_step_mounts *m, struct held *h, size_t i,
                            struct slip_sandbox_mount *out, struct slip_error *err)
{
    h->fds[0] = open_input(m, h, i, err);
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
    return 1;
}

static int open_cache(struct slip_step_mounts *m, struct held *h, size_t i,
                      struct slip_sandbox_mount *out, struct slip_error *err)
{
    const struct slip_run_mount *mount = mount_of(m, i);
    const bool has_input = mount->input.origin != SLIP_FROM_SCRATCH;

    out->readonly = mount->readonly;
    if (h->keep.build ? slip_keep_prepare(&h->keep, m->b, m->step, mount, err) < 0
                      : fill_cache(m, h, i, err) < 0)
        return -1;
    if (h->keep.build && has_input)
        return lay_over_sources(m, h, i, out, err);
    out->source = h->keep.fs;
    if (has_input || !*mount->source)
        return 1;
    out->source = h->fds[0] = slip_open_in_root(h->keep.fs, mount->source, O_PATH, 0);
    return out->source < 0 ? cannot_mount(mount, mount->source, err) : 1;
}

/* 0, unless the step cannot do without it. */
static int not_given(const struct slip_run_mount *mount, struct slip_error *err)
{
    const bool is_secret = mount->kind == SLIP_MOUNT_SECRET;

    if (!mount->required)
        return 0;
    slip_fail_at(err, mount->at, "%s '%s' was not given", is_secret ? "secret" : "ssh agent",
                 mount->id);
    return is_secret ? slip_error_hint(err, "give it with --secret id=%s,src=FILE", mount->id)
                     : slip_error_hint(err, "give it with --ssh %s[=SOCKET|KEY]", mount->id);
}

static int open_secret(struct slip_step_mounts *m, size_t i, struct slip_sandbox_mount *out,
                       struct slip_error *err)
{
    const struct slip_run_mount *mount = mount_of(m, i);
    const struct slip_secret *secret = slip_secrets_find(m->b->options->secrets, mount->id);

    if (!secret)
        return not_given(mount, err);
    if (mount->env) {
        if (memchr(secret->value, '\0', secret->len)) {
            slip_fail_at(err, mount->at, "secret '%s' holds a NUL byte, which no variable can",
                         mount->id);
            return slip_error_hint(err, "take it as a file, without env=");
        }
        slip_strv_setenv(&m->env, mount->env, secret->value);
    }
    if (!*mount->target)
        return 0;
    out->kind = SLIP_SANDBOX_FILE;
    out->text = secret->value;
    out->size = secret->len;
    return 1;
}

static int open_socket(struct slip_step_mounts *m, struct held *h, size_t i,
                       struct slip_sandbox_mount *out, struct slip_error *err)
{
    const struct slip_run_mount *mount = mount_of(m, i);
    const struct slip_strv *agents = m->b->options->agents;
    const char *agent = agents ? slip_strv_getenv(agents, mount->id) : NULL;
    char name[32];

    if (!agent)
        return not_given(mount, err);
    snprintf(name, sizeof name, "agent%zu", i);
    if (slip_relay_open(&h->relay, agent, m->dir, name, err) < 0)
        return -1;
    h->fds[0] = openat(m->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    /* In tier single nothing can be given away, and the one id there may use it in any case. */
    if (h->fds[0] < 0 || fchmodat(m->dir, name, mount->mode, 0) < 0 ||
        (m->b->tier != SLIP_TIER_SINGLE && fchownat(m->dir, name, mount->uid, mount->gid, 0) < 0))
        return slip_fail_errno(err, "cannot prepare a socket");
    out->source = h->fds[0];
    return 1;
}

/* 1: there is something to mount. 0: there is not. */
static int open_mount(struct slip_step_mounts *m, size_t i, struct slip_sandbox_mount *out,
                      struct slip_error *err)
{
    switch (mount_of(m, i)->kind) {
    case SLIP_MOUNT_BIND:
        return open_bind(m, &m->held[i], i, out, err);
    case SLIP_MOUNT_CACHE:
        return open_cache(m, &m->held[i], i, out, err);
    case SLIP_MOUNT_TMPFS:
        out->kind = SLIP_SANDBOX_TMPFS;
        out->mode = 0;
        return 1;
    case SLIP_MOUNT_SECRET:
        return open_secret(m, i, out, err);
    case SLIP_MOUNT_SSH:
        return open_socket(m, &m->held[i], i, out, err);
    }
    return 0;
}

/* Caches are locked in the order of their names, whatever the step says: two steps that need the
 * same two must not wait for each other. A cache that is mounted twice is locked once. */
static int lock_caches(struct slip_step_mounts *m, struct slip_error *err)
{
    const size_t n = m->step->run.nmounts;

    for (size_t i = 0; i < n; i++)
        if (mount_of(m, i)->kind == SLIP_MOUNT_CACHE &&
            slip_keep_name(&m->held[i].keep, m->b, m->step, mount_of(m, i), err) < 0)
            return -1;
    for (const char *last = "";;) {
        size_t next = n;
        for (size_t i = 0; i < n; i++) {
            const char *name = m->held[i].keep.name;
            if (strcmp(name, last) > 0 && (next == n || strcmp(name, m->held[next].keep.name) < 0))
                next = i;
        }
        if (next == n)
            return 0;
        last = m->held[next].keep.name;
        if (slip_keep_open(&m->held[next].keep, m->b, mount_of(m, next), err) < 0)
            return -1;
        for (size_t i = next + 1; i < n; i++)
            if (strcmp(m->held[i].keep.name, last) == 0 &&
                slip_keep_share(&m->held[i].keep, &m->held[next].keep, err) < 0)
                return -1;
    }
}

int slip_step_mounts_open(struct slip_step_mounts *m, struct slip_builder *b,
                          const struct slip_step *step, int dir, struct slip_error *err)
{
    const size_t n = step->run.nmounts;

    *m = (struct slip_step_mounts){ .b = b, .step = step, .dir = dir };
    m->held = slip_xcalloc(n, sizeof *m->held);
    m->v = slip_xcalloc(n + 1, sizeof *m->v);
    for (size_t i = 0; i < n; i++)
        m->held[i] = (struct held){ .keep = SLIP_KEEP_INIT,
                                    .view = SLIP_VIEW_INIT,
                                    .relay = SLIP_RELAY_INIT,
                                    .fds = { -1, -1, -1 } };
    if (lock_caches(m, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        const struct slip_run_mount *mount = mount_of(m, i);
        struct slip_sandbox_mount out = {
            .kind = SLIP_SANDBOX_BIND,
            .target = mount->target,
            .source = -1,
            .upper = -1,
            .work = -1,
            .readonly = mount->readonly,
            .size = mount->size,
            .mode = mount->mode,
            .uid = mount->uid,
            .gid = mount->gid,
        };
        int rc = open_mount(m, i, &out, err);
        if (rc < 0)
            return -1;
        if (rc > 0)
            m->v[m->n++] = out;
    }
    if (step->run.script)
        m->v[m->n++] = (struct slip_sandbox_mount){
            .kind = SLIP_SANDBOX_FILE,
            .target = step->run.script_path,
            .source = -1,
            .upper = -1,
            .work = -1,
            .readonly = true,
            .text = step->run.script,
            .size = strlen(step->run.script),
            .mode = 0755,
        };
    return 0;
}

int slip_step_mounts_settle(struct slip_step_mounts *m, struct slip_error *err)
{
    for (size_t i = 0; i < m->step->run.nmounts; i++)
        if (m->held[i].keep.dir >= 0 && slip_keep_close(&m->held[i].keep, m->b, m->step, err) < 0)
            return -1;
    return 0;
}
