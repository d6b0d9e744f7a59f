/* slim_sysroot.c - where the libraries of programs for another machine come from.
 *
 * A cross compiler links with a root of its own: a directory of the builder (CMAKE_SYSROOT), or the
 * one in which Debian's packages for cross compilation lie, /usr/<triplet>. In the image it is "/".
 * So the programs are put together in a root that consists of what was installed and of that
 * directory, and of nothing else of the builder: no file of the machine that builds can slip in.
 * With libraries of several architectures side by side (Debian's multiarch), nothing of this is
 * needed.
 */
#include "build/slim.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "image/descriptor.h"
#include "slim/packages.h"
#include "util/fs.h"
#include "util/map.h"
#include "util/mem.h"
#include "util/str.h"

static bool is_foreign(const struct slip_slim_job *job)
{
    const char *variant;

    return job->machine.arch && strcmp(job->machine.arch, slip_this_architecture(&variant)) != 0;
}

/* The last step of the builder that installs nothing. */
static const struct slip_step *below_installs(const struct slip_slim_job *job)
{
    const struct slip_stage *stage = job->copy->input.stage;
    const struct slip_step *step = stage->steps[stage->nsteps - 1];

    while (step->op == SLIP_OP_RUN && step->run.install)
        step = step->parent;
    return step;
}

/* `dir` as the layers of the builder have it, top first. Of this machine, any directory will do,
 * those that stages do not see as well. */
static size_t push_dir(const struct slip_stack *below, const char *dir, struct slip_stack *to)
{
    size_t before = to->n;

    for (size_t i = 0; i < below->n; i++) {
        int fd = slip_open_beneath(below->fds[i], dir + 1, O_RDONLY | O_DIRECTORY, 0);
        if (fd >= 0)
            slip_stack_push_fd(to, fd);
    }
    int fd = below->host ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0)
        slip_stack_push_fd(to, fd);
    return to->n - before;
}

static int push_installed(struct slip_slim_job *job, struct slip_stack *to, struct slip_error *err)
{
    const struct slip_stage *stage = job->copy->input.stage;

    for (size_t i = stage->nsteps; i-- > 0;) {
        struct slip_node *node = slip_node_of(job->b, stage->steps[i]);
        if (stage->steps[i]->op != SLIP_OP_RUN || !stage->steps[i]->run.install || !node->nparts)
            continue;
        if (*to->destdir ? slip_stack_push_installed(job->b, node, to, err) < 0
                         : slip_stack_push(job->b, &node->parts[0], to, err) < 0)
            return -1;
    }
    return 0;
}

static bool has_loader(const struct slip_slim_job *job, const struct slip_stack *dirs, size_t from)
{
    struct stat st;

    for (size_t i = from; job->interp && i < dirs->n; i++)
        if (slip_lstat_in_root(dirs->fds[i], job->interp, &st) == 0)
            return true;
    return false;
}

/* The directories that were named; then, when the loader is in none of them and not in the builder
 * either, the usual one. */
static int push_sysroots(struct slip_slim_job *job, struct slip_stack *to, struct slip_error *err)
{
    struct slip_stack below = SLIP_STACK_INIT;
    const char *const *named = job->copy->slim->sysroots;
    size_t from = to->n;
    struct stat st;
    int rc = slip_stack_open(job->b, below_installs(job), &below, err);

    for (; rc == 0 && named && *named; named++) {
        if (push_dir(&below, *named, to))
            slip_strv_add(&job->sysroots, *named);
        else
            rc = slip_fail(err, SLIP_EINPUT, "the builder has no sysroot '%s'", *named);
    }
    if (rc == 0 && is_foreign(job) && job->interp && !has_loader(job, to, from) &&
        slip_lstat_in_root(job->view.mounted.root, job->interp, &st) < 0) {
        slip_cleanup(slip_freep) char *usual = slip_xasprintf("/usr/%s", job->machine.triplet);
        if (push_dir(&below, usual, to))
            slip_strv_add(&job->sysroots, usual);
    }
    slip_stack_release(&below);
    return rc;
}

int slip_slim_sysroot(struct slip_slim_job *job, struct slip_error *err)
{
    struct slip_view *cross = &job->cross;

    job->root = job->view.mounted.root;
    if (!job->copy->slim->sysroots && !is_foreign(job))
        return 0;
    if (slip_work_begin(&cross->work, job->b, NULL, err) < 0)
        return -1;
    cross->stack.destdir = job->copy->slim->destdir;
    cross->stack.scratch = cross->work.draft.dir;
    if (push_installed(job, &cross->stack, err) < 0 || push_sysroots(job, &cross->stack, err) < 0)
        return -1;
    if (!job->sysroots.n)
        return 0;
    if (slip_view_mount(cross, job->b, err) < 0)
        return -1;
    job->root = cross->mounted.root;
    return 0;
}

int slip_slim_sysroot_hint(const struct slip_slim_job *job, struct slip_error *err)
{
    if (is_foreign(job) && !job->sysroots.n)
        slip_error_hint(
            err,
            "the programs are for %s: install libc6-%s-cross (or %s libraries), or name "
            "the root of the cross compiler, CMAKE_SYSROOT or 'sysroot =' in "
            "[toolchain]",
            job->machine.arch, job->machine.arch, job->machine.arch);
    return -1;
}

char *slip_slim_builder_path(const struct slip_slim_job *job, const char *path)
{
    struct stat st;

    for (size_t i = 0; i < job->sysroots.n; i++) {
        slip_cleanup(slip_freep) char *at = slip_xasprintf("%s%s", job->sysroots.v[i], path);
        if (slip_lstat_in_root(job->view.mounted.root, at, &st) == 0)
            return SLIP_TAKE_PTR(at);
    }
    return slip_xstrdup(path);
}

static void set_package(void *user, void *value, const char *package, const char *arch)
{
    char **to = value;

    (void)user;
    (void)arch;
    if (!*to)
        *to = slip_xstrdup(package);
}

void slip_slim_sysroot_owners(struct slip_slim_job *job)
{
    slip_cleanup(slip_map_release) struct slip_map wanted = SLIP_MAP_INIT;

    for (size_t i = 0; job->sysroots.n && i < job->closure.nfiles; i++) {
        struct slip_needed *file = &job->closure.files[i];
        slip_cleanup(slip_freep) char *path = slip_slim_builder_path(job, file->path);
        slip_map_set(&wanted, path, &file->package);
    }
    slip_packages_owners(job->view.mounted.root, &wanted, set_package, NULL);
}
