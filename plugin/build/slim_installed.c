#include "build/slim.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

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

struct verdict {
    unsigned class;
    const char *rule;     /* borrowed */
    const char *declared; /* the user's pattern, or NULL: a rule of class.c */
};

static struct verdict judge(const struct slip_slim_job *job, const struct slip_entry *e,
                            const char *path)
{
    struct verdict v = { 0 };
    int declared = slip_class_declared(job->copy->slim->class_of, path, &v.declared);

    v.class = declared < 0 ? slip_class_of(path, e->mode, e->link, &v.rule) : (unsigned)declared;
    if (declared < 0 && slip_class_may_be_script(path, e->mode) &&
        slip_is_elf(job->view.mounted.root, path) == 0) {
        v.class = slip_class_parse("dev");
        v.rule = SLIP_RULE_LINKER_SCRIPT;
    }
    return v;
}

static void report(json_t *rows, const char *path, uint64_t size, const struct verdict *v,
                   const char *why)
{
    json_t *row =
        json_pack("{s:s, s:I, s:s, s:o}", "path", path, "size", (json_int_t)size, "class",
                  slip_class_name(v->class), "rule",
                  v->declared ? json_sprintf("declared:%s", v->declared) : json_string(v->rule));

    if (why)
        json_object_set_new(row, "why", json_string(why));
    json_array_append_new(rows, row);
}

/* Directories only come with what is in them, and are not missed. */
static int leave_out(struct slip_slim_job *job, const struct slip_entry *e, const char *path,
                     const struct verdict *v)
{
    if (!S_ISDIR(e->mode))
        report(job->left_out, path, e->size, v, NULL);
    return 0;
}

char *slip_slim_read(const struct slip_entry *entry, uint64_t size, struct slip_error *err)
{
    const char *path = entry->source;
    slip_cleanup(slip_closep) int fd =
        slip_open_in_root(entry->root, path, O_RDONLY | O_NOFOLLOW, 0);
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
    slip_cleanup(slip_freep) char *bytes = slip_slim_read(e, e->size, err);
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

/* A hard link to a name that is left out is a file of its own. Names come sorted, so the first one
 * was looked at before. */
static int unlink_alone(struct slip_slim_job *job, struct slip_entry *to, struct slip_error *err)
{
    struct stat st;

    if (!to->hardlink || slip_slim_is_installed(job, to->link))
        return 0;
    if (slip_lstat_in_root(to->root, to->source, &st) < 0)
        return slip_fail_errno(err, "cannot look at '%s'", to->source);
    to->hardlink = false;
    free(SLIP_TAKE_PTR(to->link));
    to->size = (uint64_t)st.st_size;
    return 0;
}

/* One entry, as it shall be in the image. */
static int add(struct slip_slim_job *job, const struct slip_entry *e, const char *path,
               const struct verdict *verdict, struct slip_error *err)
{
    const struct slip_slim *slim = job->copy->slim;
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
    if (unlink_alone(job, to, err) < 0 || strip(job, to, err) < 0)
        return -1;
    slip_cleanup(slip_freep) char *absolute = slip_xasprintf("/%s", path);
    report(job->files, absolute, to->size, verdict, "installed by the project");
    return 0;
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
    struct verdict verdict = judge(job, e, absolute);
    remember_lib_dir(job, path);
    if (!(verdict.class & slim->classes))
        return leave_out(job, e, absolute, &verdict);
    if (!wanted_name(slim, slip_path_base(path)))
        verdict.rule = "not-chosen", verdict.declared = NULL;
    else if (!S_ISREG(e->mode) && !S_ISLNK(e->mode) && !S_ISDIR(e->mode))
        verdict.rule = "special-file", verdict.declared = NULL;
    else
        return add(job, e, path, &verdict, err);
    return leave_out(job, e, absolute, &verdict);
}
/* The row of what is called so and was left out for its class, or NULL. */
static const json_t *left_out_as(const struct slip_slim_job *job, const char *name)
{
    size_t i;
    const json_t *row;

    json_array_foreach (job->left_out, i, row) {
        if (strcmp(slip_path_base(slip_json_str(row, "path")), name) == 0)
            return row;
    }
    return NULL;
}

static int check_only(struct slip_slim_job *job, struct slip_error *err)
{
    for (const char *const *o = job->copy->slim->only; o && *o; o++) {
        bool found = false;
        for (size_t i = 0; i < job->app.n && !found; i++)
            found = strcmp(slip_path_base(job->app.entries[i].path), *o) == 0;
        if (found)
            continue;
        const json_t *row = left_out_as(job, *o);
        if (row) {
            const char *class = slip_json_str(row, "class"), *rule = slip_json_str(row, "rule");
            slip_fail(err, SLIP_EINPUT, "'%s' was installed, but is left out as class %s (rule %s)",
                      slip_json_str(row, "path"), class, rule);
            return slip_error_hint(err, "ask for it with CLASSES, or say CLASS_OF runtime %s",
                                   slip_json_str(row, "path"));
        }
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
