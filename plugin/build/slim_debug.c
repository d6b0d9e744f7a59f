/* slim_debug.c - COPY --installed --debug-files: one layer with what stripping took out of the
 * programs and libraries of a project, for the image that debuggers are used in.
 *
 * The same files are chosen and stripped as for the runtime that the layer is laid upon; what comes
 * of them is compared with what they were (slim/split.h).
 */
#include "build/slim.h"

#include <sys/stat.h>

#include "slim/class.h"
#include "slim/split.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

struct debug {
    struct slip_slim_job *job;
    struct slip_tree tree; /* the layer */
    size_t elves;          /* programs and libraries seen */
};

static void debug_release(struct debug *d)
{
    slip_tree_release(&d->tree);
}

static bool has(const struct debug *d, const char *path)
{
    for (size_t i = 0; i < d->tree.n; i++)
        if (strcmp(d->tree.entries[i].path, path) == 0)
            return true;
    return false;
}

static struct slip_entry *add(struct debug *d, const char *path, uint64_t size, const char *of)
{
    struct slip_slim_job *job = d->job;
    struct slip_entry *e = slip_tree_add(&d->tree, path, S_IFREG | 0644);

    e->mtime = job->b->options->epoch;
    e->size = size;
    json_array_append_new(job->files,
                          json_pack("{s:o, s:I, s:s, s:s, s:o}", "path", json_sprintf("/%s", path),
                                    "size", (json_int_t)size, "class",
                                    slip_class_name(SLIP_CLASS_DEBUG), "rule", "split-debug", "why",
                                    json_sprintf("debug information of /%s", of)));
    return e;
}

/* What dwz has moved out of several files into one. Without it lines are missing, nothing else. */
static void add_shared(struct debug *d, const struct slip_entry *program,
                       const struct slip_split *split)
{
    struct slip_slim_job *job = d->job;
    int root = job->view.mounted.root;
    slip_cleanup(slip_freep) char *dir = slip_xasprintf(
        "/%.*s", (int)(slip_path_base(program->path) - program->path), program->path);
    slip_cleanup(slip_freep) char *at =
        split->shared[0] == '/' ? slip_xstrdup(split->shared) : slip_path_join(dir, split->shared);
    slip_cleanup(slip_freep) char *path = slip_split_path(split->shared_id);
    struct stat st;

    if (has(d, path))
        return;
    if (slip_is_elf(root, at) != 1 || slip_lstat_in_root(root, at, &st) < 0 ||
        !S_ISREG(st.st_mode)) {
        slip_warn(job->b->events,
                  "/%s: a part of its debug information is in '%s', which the builder "
                  "does not have",
                  program->path, at);
        return;
    }
    struct slip_entry *e = add(d, path, (uint64_t)st.st_size, program->path);
    e->root = root;
    e->source = slip_xstrdup(at);
}

/* Debug information of many programs may be more than memory holds. */
static int lay_aside(struct debug *d, struct slip_entry *e, const struct slip_split *split,
                     struct slip_error *err)
{
    e->root = d->job->view.work.draft.dir;
    e->source = slip_xasprintf("debug%zu", d->tree.n);
    return slip_write_file(e->root, e->source, split->data, split->len, 0600, false, err);
}

static void tell_missing(struct debug *d, const struct slip_entry *program, int result)
{
    struct slip_events *events = d->job->b->events;

    if (result == SLIP_SPLIT_NO_ID)
        slip_warn(events,
                  "/%s: no debug file, as it has no Build-ID to be found by; link it with "
                  "-Wl,--build-id",
                  program->path);
    else
        slip_warn(events, "/%s: no debug file, as it was stripped before it was installed",
                  program->path);
}

static int add_program(struct debug *d, struct slip_entry *program, struct slip_error *err)
{
    slip_cleanup(slip_split_release) struct slip_split split = SLIP_SPLIT_INIT;
    struct stat st;

    if (slip_lstat_in_root(program->root, program->source, &st) < 0)
        return slip_fail_errno(err, "cannot read '%s'", program->path);
    slip_cleanup(slip_freep) char *was = slip_slim_read(program, (uint64_t)st.st_size, err);
    if (!was)
        return -1;
    int rc = slip_split(was, (size_t)st.st_size, program->content ? program->content : was,
                        program->content ? (size_t)program->size : (size_t)st.st_size,
                        program->path, &split, err);
    if (rc < 0)
        return -1;
    d->elves++;
    if (rc != SLIP_SPLIT_DONE) {
        tell_missing(d, program, rc);
        return 0;
    }
    slip_cleanup(slip_freep) char *path = slip_split_path(split.id);
    if (has(d, path))
        return 0; /* the same program under another name */
    struct slip_entry *e = add(d, path, split.len, program->path);
    if (lay_aside(d, e, &split, err) < 0)
        return -1;
    if (!split.lines)
        slip_warn(d->job->b->events, "/%s: names of functions, but no lines; compile it with -g",
                  program->path);
    if (split.shared)
        add_shared(d, program, &split);
    return 0;
}

/* 0 when the layer has something in it. */
static int collect(struct debug *d, struct slip_error *err)
{
    struct slip_tree *app = &d->job->app;

    slip_tree_finish(app, d->job->b->options->epoch);
    for (size_t i = 0; i < app->n; i++) {
        struct slip_entry *e = &app->entries[i];
        if (!S_ISREG(e->mode) || e->hardlink || slip_is_elf(e->root, e->source) != 1)
            continue;
        if (add_program(d, e, err) < 0)
            return -1;
        free(SLIP_TAKE_PTR(e->content)); /* of many large programs, one at a time is enough */
    }
    if (d->tree.n)
        return 0;
    if (d->elves == 0)
        return slip_fail(err, SLIP_EINPUT,
                         "there is nothing to debug: the project installs no program");
    slip_fail(err, SLIP_EINPUT, "no installed program has debug information");
    return slip_error_hint(err, "compile with -g (CMAKE_BUILD_TYPE=RelWithDebInfo), and install "
                                "without stripping ('install/strip', 'install -s')");
}

int slip_op_debug(struct slip_builder *b, struct slip_node *node, struct slip_error *err)
{
    slip_cleanup(slip_slim_release) struct slip_slim_job job = SLIP_SLIM_JOB_INIT;
    slip_cleanup(debug_release) struct debug d = { .job = &job };
    int rc = -1;

    node->nparts = 0;
    slip_sha256_field(&job.identity, "slipway debug 1");
    slip_sha256_field(&job.identity, slip_node_of(b, node->step->parent)->identity);
    if (slip_slim_open(&job, b, node, err) == 0 && slip_slim_installed(&job, err) == 0 &&
        slip_slim_platform(&job, err) == 0) {
        json_array_clear(job.files); /* they stand in the report of the runtime */
        json_array_clear(job.left_out);
        rc = collect(&d, err);
    }
    if (rc == 0) {
        slip_tree_finish(&d.tree, b->options->epoch);
        rc = slip_slim_write(&job, &d.tree, 0, &node->parts[node->nparts++], err);
    }
    return slip_slim_close(&job, rc, err);
}
