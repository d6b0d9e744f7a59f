#include "build/slim.h"

#include <errno.h>
#include <fcntl.h>

#include "layer/diff.h"
#include "slim/class.h"
#include "slim/strip.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

#define STRIP_LIMIT ((uint64_t)1 << 31)

/* An install step may leave traces that nobody meant to install. */
static bool is_trace(const char *path)
{
    static const char *const dirs[] = { "tmp",     "root",    "home",   "run",   "proc",
                                        "sys",     "dev",     "src",    "build", "var/cache",
                                        "var/tmp", "var/log", "var/run" };
    static const char *const files[] = {
        "etc/ld.so.cache", "etc/resolv.conf", "etc/hosts",
        "etc/hostname",    "etc/mtab",        "usr/share/info/dir"
    };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(dirs); i++) {
        size_t n = strlen(dirs[i]);
        if (strncmp(path, dirs[i], n) == 0 && (!path[n] || path[n] == '/'))
            return true;
    }
    for (size_t i = 0; i < SLIP_ARRAY_LEN(files); i++)
        if (strcmp(path, files[i]) == 0)
            return true;
    return false;
}

/* The path in the image of what stands at `path` in an install step's directory, or NULL. */
static const char *image_path(const char *path, const char *destdir)
{
    size_t n;

    while (*destdir == '/')
        destdir++;
    n = strlen(destdir);
    while (n && destdir[n - 1] == '/')
        n--;
    if (n && strncmp(path, destdir, n) == 0 && path[n] == '/')
        return path + n + 1;
    if (n && strncmp(path, destdir, n) == 0 && !path[n])
        return NULL;
    return is_trace(path) ? NULL : path;
}

/* umask and owner of whoever checked the sources out must not show: 0755 or 0644, root's. Bits
 * that somebody set on purpose (suid, sgid, sticky) stay. */
static mode_t normal_mode(mode_t mode)
{
    if (S_ISLNK(mode))
        return S_IFLNK | 0777;
    if (S_ISDIR(mode) || (mode & 0100))
        return (mode & (S_IFMT | 07000)) | 0755;
    return (mode & (S_IFMT | 07000)) | 0644;
}

static bool wanted_name(const struct slip_slim *slim, const char *base)
{
    if (!slim->only || !slim->only[0])
        return true;
    for (const char *const *o = slim->only; *o; o++)
        if (strcmp(*o, base) == 0)
            return true;
    return false;
}

static bool has_child(const struct slip_tree *tree, size_t i)
{
    size_t n = strlen(tree->entries[i].path);

    return i + 1 < tree->n && strncmp(tree->entries[i + 1].path, tree->entries[i].path, n) == 0 &&
           tree->entries[i + 1].path[n] == '/';
}

static void report(struct slip_slim_job *job, const struct slip_entry *e, unsigned class,
                   uint64_t size)
{
    json_t *row = json_pack("{s:o, s:I, s:s, s:s}", "path", json_sprintf("/%s", e->path), "size",
                            (json_int_t)size, "class", slip_class_name(class), "why",
                            "installed by the project");

    json_array_append_new(job->files, row);
}

static char *read_whole(int root, const char *path, uint64_t size, struct slip_error *err)
{
    slip_cleanup(slip_closep) int fd = slip_open_in_root(root, path, O_RDONLY | O_NOFOLLOW, 0);
    char *bytes = size < STRIP_LIMIT ? malloc(size ? size : 1) : NULL;

    if (fd < 0 || !bytes || slip_read_full(fd, bytes, size) != (ssize_t)size) {
        free(bytes);
        slip_fail_errno(err, "cannot read '%s'", path);
        return NULL;
    }
    return bytes;
}

/* Programs lose their symbols, and every RUNPATH that points into the build. */
static int strip(struct slip_slim_job *job, struct slip_entry *e, struct slip_error *err)
{
    void *stripped = NULL;
    size_t len = 0;

    if (!S_ISREG(e->mode) || e->hardlink || e->size >= STRIP_LIMIT ||
        slip_is_elf(e->root, e->source) != 1)
        return 0;
    const struct slip_strip_options options = {
        .keep_symbols = !job->copy->slim->strip,
        .runpath_prefixes = (const char *const *)job->build_dirs.v,
    };
    slip_cleanup(slip_freep) char *bytes = read_whole(e->root, e->source, e->size, err);
    if (!bytes)
        return -1;
    int changed = slip_strip(bytes, e->size, e->path, &options, &stripped, &len, err);
    if (changed > 0) {
        e->content = stripped;
        e->size = len;
    }
    return changed < 0 ? -1 : 0;
}

static void remember_lib_dir(struct slip_slim_job *job, const char *path)
{
    const char *base = slip_path_base(path);

    if (!strstr(base, ".so"))
        return;
    slip_cleanup(slip_freep) char *dir =
        slip_xasprintf("/%.*s", base > path ? (int)(base - path - 1) : 0, path);
    if (!slip_strv_has(&job->lib_dirs, dir))
        slip_strv_add(&job->lib_dirs, dir);
}

/* One entry of an install step's directory, when it belongs into the image. */
static int take(struct slip_slim_job *job, const struct slip_tree *from, size_t i,
                struct slip_error *err)
{
    const struct slip_slim *slim = job->copy->slim;
    const struct slip_entry *e = &from->entries[i];
    const char *path = image_path(e->path, slim->destdir);

    if (!path || !*path || e->whiteout)
        return 0;
    if (S_ISDIR(e->mode) &&
        (has_child(from, i) || path == e->path || (slim->only && slim->only[0])))
        return 0; /* directories come with what is in them */
    slip_cleanup(slip_freep) char *absolute = slip_xasprintf("/%s", path);
    unsigned class = slip_class_of(absolute, e->mode, e->link);
    remember_lib_dir(job, path);
    if (!(class & slim->classes) || !wanted_name(slim, slip_path_base(path)))
        return 0;
    if (!S_ISREG(e->mode) && !S_ISLNK(e->mode) && !S_ISDIR(e->mode))
        return 0;
    struct slip_entry *to = slip_tree_add(&job->app, path, normal_mode(e->mode));
    to->mtime = job->b->options->epoch;
    to->size = e->size;
    to->hardlink = e->hardlink;
    const char *link = e->link && e->hardlink ? image_path(e->link, slim->destdir) : e->link;
    size_t n = strlen(slim->destdir);
    if (link && !e->hardlink && n && strncmp(link, slim->destdir, n) == 0 && link[n] == '/')
        link += n;
    to->link = link ? slip_xstrdup(link) : NULL;
    to->root = job->view.mounted.root;
    to->source = slip_xstrdup(path);
    if (strip(job, to, err) < 0)
        return -1;
    report(job, to, class, to->size);
    return 0;
}

static int check_only(struct slip_slim_job *job, struct slip_error *err)
{
    for (const char *const *o = job->copy->slim->only; o && *o; o++) {
        bool found = false;
        for (size_t i = 0; i < job->app.n && !found; i++)
            found = strcmp(slip_path_base(job->app.entries[i].path), *o) == 0;
        if (found)
            continue;
        slip_fail(err, SLIP_EINPUT, "'%s' is not among the installed files", *o);
        return slip_error_hint(err, "add an install rule for it, or take it as a file");
    }
    return 0;
}

int slip_slim_installed(struct slip_slim_job *job, struct slip_error *err)
{
    const struct slip_stage *stage = job->copy->input.stage;
    const struct slip_diff_options options = {
        .epoch = job->b->options->epoch,
        .emulated = job->b->tier == SLIP_TIER_SINGLE,
    };
    bool any = false;

    for (size_t i = 0; i < stage->nsteps; i++) {
        const struct slip_step *step = stage->steps[i];
        struct slip_node *node = slip_node_of(job->b, step);
        if (step->op != SLIP_OP_RUN || !step->run.install)
            continue;
        any = true;
        slip_cleanup(slip_tree_release) struct slip_tree tree = SLIP_TREE_INIT;
        slip_cleanup(slip_closep) int fs =
            node->nparts ? slip_part_open(job->b, &node->parts[0], err) : -1;
        if (!node->nparts)
            continue;
        if (fs < 0 || slip_diff(fs, -1, &options, &tree, err) < 0)
            return -1;
        slip_tree_finish(&tree, job->b->options->epoch);
        for (size_t k = 0; k < tree.n; k++)
            if (take(job, &tree, k, err) < 0)
                return -1;
    }
    if (!any)
        return slip_fail_at(err, job->node->step->at,
                            "COPY --installed: stage '%s' has no RUN --install step", stage->name);
    if (job->app.n == 0) {
        slip_fail(err, SLIP_EINPUT, "the install step installed nothing of class runtime");
        return slip_error_hint(err, "give the project install rules, name FILES to take, or ask "
                                    "for other CLASSES");
    }
    return check_only(job, err);
}
