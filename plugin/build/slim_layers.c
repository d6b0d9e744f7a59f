/* slim_layers.c - which layer a file goes into, told by rules that look at that file alone: another
 * file that comes or goes moves nothing.
 */
#include <sys/stat.h>

#include "build/slim.h"
#include "slim/class.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

/* Of a whole image, its base's own layers counted. Those are shared with other images and stay as
 * they are; two is what a COPY --installed makes at least, so that an edit of a program stays small
 * on a base that has used the budget up. */
#define LAYER_BUDGET 8
#define LAYERS_AT_LEAST 2
#define LINKS_LIMIT 40 /* as in the kernel */

static const char *const names[SLIP_HOLDINGS] = {
    [SLIP_HOLD_DISTRIBUTION] = "distribution libraries",
    [SLIP_HOLD_OWN] = "own libraries",
    [SLIP_HOLD_DATA] = "data",
    [SLIP_HOLD_PROGRAMS] = "programs",
};

/* With fewer layers allowed, the lower ones are joined: [allowed][holding]. */
static const unsigned char places[][SLIP_HOLDINGS] = {
    [2] = { 0, 0, 0, 1 },
    [3] = { 0, 1, 1, 2 },
    [4] = { 0, 1, 2, 3 },
};

char *slip_holding_names(unsigned holds)
{
    struct slip_buf text = SLIP_BUF_INIT;

    for (size_t i = 0; i < SLIP_HOLDINGS; i++)
        if (holds >> i & 1)
            slip_buf_printf(&text, "%s%s", text.len ? ", " : "", names[i]);
    return slip_buf_take(&text);
}

size_t slip_slim_other_layers(const struct slip_step *step)
{
    size_t n = 0;

    for (const struct slip_stage *stage = step->stage; stage;
         stage = stage->steps[0]->base.input.stage)
        n += stage->nsteps - 1;
    return n - 1;
}

const struct slip_step *slip_slim_base(const struct slip_slim_job *job)
{
    const struct slip_stage *stage = job->node->step->stage;

    while (stage->steps[0]->base.input.stage)
        stage = stage->steps[0]->base.input.stage;
    return stage->steps[0];
}

static size_t layers_allowed(const struct slip_slim_job *job)
{
    size_t used =
        slip_node_of(job->b, slip_slim_base(job))->base.n + slip_slim_other_layers(job->node->step);

    if (used + LAYERS_AT_LEAST >= LAYER_BUDGET)
        return LAYERS_AT_LEAST;
    return LAYER_BUDGET - used < SLIP_HOLDINGS ? LAYER_BUDGET - used : SLIP_HOLDINGS;
}

bool slip_slim_is_installed(const struct slip_slim_job *job, const char *path)
{
    for (size_t i = 0; i < job->app.n; i++)
        if (strcmp(job->app.entries[i].path, path) == 0)
            return true;
    return false;
}

char *slip_slim_link_target(const char *path, const char *link)
{
    slip_cleanup(slip_freep) char *above =
        slip_xasprintf("/%.*s", (int)(slip_path_base(path) - path), path);
    slip_cleanup(slip_freep) char *joined =
        link[0] == '/' ? slip_xstrdup(link) : slip_path_join(above, link);
    slip_cleanup(slip_freep) char *clean = slip_path_clean(joined);

    return slip_xstrdup(clean + 1);
}

static const struct slip_needed *needed_at(const struct slip_closure *closure, const char *path)
{
    for (size_t i = 0; i < closure->nfiles; i++)
        if (strcmp(closure->files[i].path + 1, path) == 0)
            return &closure->files[i];
    return NULL;
}

enum slip_holding slip_slim_holding(const struct slip_closure *closure,
                                    const struct slip_needed *needed)
{
    static const char *const local[] = { "/usr/local/", "/opt/" };
    bool owners = false;

    /* Links that no package has (ldconfig's, those of alternatives) stay with what they lead to. */
    for (unsigned i = 0; needed->link && !needed->package && i < LINKS_LIMIT; i++) {
        slip_cleanup(slip_freep) char *target =
            slip_slim_link_target(needed->path + 1, needed->link);
        const struct slip_needed *next = needed_at(closure, target);
        if (!next)
            return SLIP_HOLD_DISTRIBUTION; /* to a directory: the shape of the system */
        needed = next;
    }
    if (needed->package)
        return SLIP_HOLD_DISTRIBUTION;
    for (size_t i = 0; i < SLIP_ARRAY_LEN(local); i++)
        if (slip_starts_with(needed->path, local[i]))
            return SLIP_HOLD_OWN;
    for (size_t i = 0; i < closure->nfiles; i++)
        owners |= closure->files[i].package != NULL;
    return owners ? SLIP_HOLD_OWN : SLIP_HOLD_DISTRIBUTION;
}

static bool is_library_name(const char *path)
{
    const char *so = strstr(slip_path_base(path), ".so");

    return so && (!so[3] || so[3] == '.');
}

static enum slip_holding holding_of(const struct slip_map *installed, const struct slip_entry *e)
{
    const char *rule;

    for (unsigned i = 0; (S_ISLNK(e->mode) || e->hardlink) && i < LINKS_LIMIT; i++) {
        slip_cleanup(slip_freep) char *target =
            e->hardlink ? slip_xstrdup(e->link) : slip_slim_link_target(e->path, e->link);
        const struct slip_entry *next = slip_map_get(installed, target);
        if (!next)
            break;
        e = next;
    }
    if (S_ISDIR(e->mode))
        return SLIP_HOLD_DATA;
    if (S_ISLNK(e->mode)) /* to nothing that was installed */
        return is_library_name(e->path) ? SLIP_HOLD_OWN : SLIP_HOLD_DATA;
    /* Separated debug files change with their programs. */
    slip_cleanup(slip_freep) char *absolute = slip_xasprintf("/%s", e->path);
    if (slip_class_of(absolute, e->mode, NULL, &rule) == slip_class_parse("debug"))
        return SLIP_HOLD_PROGRAMS;
    if (slip_is_elf(e->root, e->source) == 1)
        return is_library_name(e->path) ? SLIP_HOLD_OWN : SLIP_HOLD_PROGRAMS;
    return e->mode & 0100 ? SLIP_HOLD_PROGRAMS : SLIP_HOLD_DATA;
}

/* Of several entries of one path the last one is meant. */
static void sort_installed(struct slip_slim_job *job)
{
    slip_cleanup(slip_map_release) struct slip_map installed = SLIP_MAP_INIT;
    slip_cleanup(slip_freep) enum slip_holding *to = slip_xcalloc(job->app.n + 1, sizeof *to);

    for (size_t i = 0; i < job->app.n; i++)
        slip_map_set(&installed, job->app.entries[i].path, &job->app.entries[i]);
    for (size_t i = 0; i < job->app.n; i++)
        to[i] = holding_of(&installed, slip_map_get(&installed, job->app.entries[i].path));
    for (size_t i = 0; i < job->app.n; i++)
        slip_tree_take(&job->layers[to[i]], &job->app.entries[i]);
    slip_tree_release(&job->app);
}

static void join(struct slip_slim_job *job, unsigned *holds)
{
    const unsigned char *place = places[layers_allowed(job)];

    for (size_t i = 0; i < SLIP_HOLDINGS; i++)
        holds[i] = 0;
    for (size_t i = 0; i < SLIP_HOLDINGS; i++) {
        struct slip_tree *from = &job->layers[i], *to = &job->layers[place[i]];
        if (from->n)
            holds[place[i]] |= 1u << i;
        if (from == to)
            continue;
        for (size_t k = 0; k < from->n; k++)
            slip_tree_take(to, &from->entries[k]);
        slip_tree_release(from);
    }
}

static bool has_below(const struct slip_tree *tree, const char *dir)
{
    size_t n = strlen(dir);
    bool below = false;

    for (size_t i = 0; i < tree->n; i++) {
        if (strcmp(tree->entries[i].path, dir) == 0)
            return false; /* it says itself what it is */
        below |= strncmp(tree->entries[i].path, dir, n) == 0 && tree->entries[i].path[n] == '/';
    }
    return below;
}

/* A directory of another mode or owner (/tmp, a home) must be the same in every layer that has
 * something in it, or the last one would make it an ordinary one. */
static void repeat_directories(struct slip_slim_job *job)
{
    for (size_t i = 0; i < SLIP_HOLDINGS; i++)
        for (size_t k = 0, n = job->layers[i].n; k < n; k++) {
            for (size_t to = 0; to < SLIP_HOLDINGS; to++) {
                const struct slip_entry *e = &job->layers[i].entries[k];
                if (to == i || !S_ISDIR(e->mode) ||
                    ((e->mode & 07777) == 0755 && !e->uid && !e->gid) ||
                    !has_below(&job->layers[to], e->path))
                    continue;
                struct slip_entry *copy = slip_tree_add(&job->layers[to], e->path, e->mode);
                copy->uid = e->uid;
                copy->gid = e->gid;
                copy->mtime = e->mtime;
            }
        }
}

const struct slip_entry *slip_slim_find(const struct slip_slim_job *job, const char *path,
                                        size_t *ret_layer)
{
    const struct slip_entry *found = NULL;
    size_t i = SLIP_HOLDINGS;

    path += strspn(path, "/");
    while (!found && i-- > 0)
        found = slip_tree_find(&job->layers[i], path);
    if (found && ret_layer)
        *ret_layer = i;
    return found;
}

/* A library that nobody asked for by name may be needed all the same: it is not left out then. */
static void finish_report(struct slip_slim_job *job, const unsigned *holds)
{
    size_t index;
    json_t *row;

    json_array_foreach (job->files, index, row) {
        size_t layer;
        if (!slip_slim_find(job, slip_json_str(row, "path"), &layer))
            continue;
        slip_cleanup(slip_freep) char *text = slip_holding_names(holds[layer]);
        if (*text)
            json_object_set_new(row, "layer", json_string(text));
    }
    for (index = json_array_size(job->left_out); index-- > 0;)
        if (slip_slim_find(job, slip_json_str(json_array_get(job->left_out, index), "path"), NULL))
            json_array_remove(job->left_out, index);
}

void slip_slim_sort(struct slip_slim_job *job, unsigned ret_holds[SLIP_HOLDINGS])
{
    sort_installed(job);
    join(job, ret_holds);
    repeat_directories(job);
    for (size_t i = 0; i < SLIP_HOLDINGS; i++)
        if (job->layers[i].n)
            slip_tree_finish(&job->layers[i], job->b->options->epoch);
    finish_report(job, ret_holds);
}
