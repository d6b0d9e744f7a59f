#include "build/slim.h"

#include <fcntl.h>

#include "build/keep.h"
#include "slim/document.h"
#include "slim/linked.h"
#include "slim/notes.h"
#include "slim/trail.h"
#include "util/digest.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

#define ELF_LIMIT ((uint64_t)1 << 30)
#define ENTRIES_MAX ((size_t)1 << 18) /* of a build directory */
#define DEPTH_MAX 40u

/* What was built here is believed before what happens to lie in the system, where the very library
 * may lie that is built here. */
enum { RANK_BUILT, RANK_OBJECT, RANK_SYSTEM };

struct search {
    struct slip_linked linked;
    struct slip_documents documents;
    struct slip_map sums;     /* path of an archive that was built or brought along: to its owned
                                 SHA-256, when there are documents that may know it */
    struct slip_map stripped; /* Build-IDs, or paths, of programs that cannot be asked: to their
                                 owned paths; NULL once they can */
    size_t entries;
};

static void search_release(struct search *s)
{
    slip_linked_release(&s->linked);
    slip_documents_release(&s->documents);
    for (size_t i = 0; i < s->sums.n; i++)
        free(s->sums.entries[i].value);
    slip_map_release(&s->sums);
    for (size_t i = 0; i < s->stripped.n; i++)
        free(s->stripped.entries[i].value);
    slip_map_release(&s->stripped);
}

static void add_program(struct search *s, int root, const char *source, const char *path)
{
    slip_cleanup(slip_buf_release) struct slip_buf elf = SLIP_BUF_INIT;
    slip_cleanup(slip_notes_release) struct slip_notes notes = SLIP_NOTES_INIT;

    if (slip_is_elf(root, source) != 1 || !slip_trail_read(root, source, ELF_LIMIT, &elf) ||
        slip_linked_add(&s->linked, path, elf.data, elf.len))
        return;
    slip_notes_read(elf.data, elf.len, &notes);
    const char *key = notes.build_id ? notes.build_id : path;
    if (!slip_map_get(&s->stripped, key))
        slip_map_set(&s->stripped, key, slip_xstrdup(path));
}

/* What `install -s` made of a program has lost its symbols; the build directory still has it whole,
 * under the same Build-ID. */
static void visit_program(struct search *s, int root, const char *path, const char *shown)
{
    slip_cleanup(slip_buf_release) struct slip_buf elf = SLIP_BUF_INIT;
    slip_cleanup(slip_notes_release) struct slip_notes notes = SLIP_NOTES_INIT;

    (void)shown;
    if (slip_is_elf(root, path) != 1 || !slip_trail_read(root, path, ELF_LIMIT, &elf))
        return;
    slip_notes_read(elf.data, elf.len, &notes);
    char *installed = notes.build_id ? slip_map_get(&s->stripped, notes.build_id) : NULL;
    if (installed && slip_linked_add(&s->linked, installed, elf.data, elf.len)) {
        slip_map_set(&s->stripped, notes.build_id, NULL);
        free(installed);
    }
}

static void visit_document(struct search *s, int root, const char *path, const char *shown)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    if (slip_document_is_called(slip_path_base(path)) &&
        slip_trail_read(root, path, SLIP_DOCUMENT_LIMIT, &text))
        (void)slip_documents_add(&s->documents, shown, slip_buf_str(&text), text.len);
}

static void visit_archive(struct search *s, int root, const char *path, const char *shown)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    struct slip_digest digest;

    if (slip_ends_with(path, ".o"))
        slip_linked_offer_object(&s->linked, root, path, RANK_OBJECT);
    if (!slip_ends_with(path, ".a"))
        return;
    slip_linked_offer(&s->linked, root, path, shown, RANK_BUILT);
    slip_cleanup(slip_closep) int fd =
        s->documents.files.n ? slip_open_in_root(root, path, O_RDONLY, 0) : -1;
    if (fd >= 0 && slip_digest_of_fd(fd, &digest, NULL, &ignored) == 0)
        slip_map_set(&s->sums, shown, slip_xstrdup(digest.hex));
}

/* The project's own programs and libraries, as they were installed: not stripped yet. */
static void add_programs(struct search *s, const struct slip_slim_job *job)
{
    for (size_t i = 0; i < job->app.n; i++) {
        const struct slip_entry *e = &job->app.entries[i];
        slip_cleanup(slip_freep) char *path = slip_xasprintf("/%s", e->path);
        if (S_ISREG(e->mode) && !e->hardlink)
            add_program(s, e->root, e->source, path);
    }
}

/* Where linkers look, and where compilers keep their own libraries. */
static void offer_system(struct search *s, int root)
{
    static const char *const places[] = {
        "/usr/lib/*.a",           "/usr/lib64/*.a",         "/usr/lib/*-linux-*/*.a",
        "/usr/local/lib/*.a",     "/usr/local/lib64/*.a",   "/usr/local/lib/*-linux-*/*.a",
        "/usr/lib/gcc/*/*/*.a",   "/usr/lib64/gcc/*/*/*.a", "/usr/lib/gcc-cross/*/*/*.a",
        "/usr/*-linux-*/lib/*.a",
    };
    slip_cleanup(slip_map_release) struct slip_map seen = SLIP_MAP_INIT;

    for (size_t i = 0; i < SLIP_ARRAY_LEN(places); i++) {
        slip_cleanup(slip_strv_release) struct slip_strv found = SLIP_STRV_INIT;
        slip_trail_glob(root, places[i], &found);
        for (size_t k = 0; k < found.n; k++) {
            slip_cleanup(slip_trail_release) struct slip_trail trail = SLIP_TRAIL_INIT;
            if (slip_trail_walk(root, found.v[k], &trail) != 1 || !S_ISREG(trail.mode) ||
                slip_map_get(&seen, trail.real))
                continue;
            slip_map_set(&seen, trail.real, s);
            slip_linked_offer(&s->linked, root, trail.real, trail.real, RANK_SYSTEM);
        }
    }
}

typedef void visit_fn(struct search *s, int root, const char *path, const char *shown);

/* Every file below a directory that was mounted at `shown`. */
static void visit_below(struct search *s, int root, const char *dir, const char *shown,
                        unsigned depth, visit_fn *visit)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_closep) int fd = slip_open_beneath(root, dir, O_RDONLY | O_DIRECTORY, 0);

    if (fd < 0 || depth > DEPTH_MAX || slip_list_dir(fd, ".", &names, &ignored) < 0)
        return;
    for (size_t i = 0; i < names.n && s->entries < ENTRIES_MAX; i++, s->entries++) {
        slip_cleanup(slip_freep) char *path = slip_xasprintf("%s/%s", dir, names.v[i]);
        slip_cleanup(slip_freep) char *whole = slip_xasprintf("%s/%s", shown, names.v[i]);
        struct stat st;
        if (fstatat(fd, names.v[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (S_ISDIR(st.st_mode) && strcmp(names.v[i], ".git") != 0)
            visit_below(s, root, path, whole, depth + 1, visit);
        if (S_ISREG(st.st_mode))
            visit(s, root, path, whole);
    }
}

/* Build directories are caches, which no layer holds; what is left in them is looked at as it is.
 */
static int open_cache(struct slip_builder *b, const struct slip_step *step,
                      const struct slip_run_mount *mount)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_keep_release) struct slip_keep keep = SLIP_KEEP_INIT;

    if (slip_keep_name(&keep, b, step, mount, &ignored) < 0)
        return -1;
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s/fs", keep.name);
    return slip_open_beneath(b->store->mounts, path, O_RDONLY | O_DIRECTORY, 0);
}

static int open_context(const struct slip_builder *b, const struct slip_run_mount *mount)
{
    const struct slip_context *context = slip_builder_context(b, mount->input.name);
    slip_cleanup(slip_closep) int top =
        context && context->path ? open(context->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    return top < 0 ? -1 : slip_open_in_root(top, mount->source, O_RDONLY | O_DIRECTORY, 0);
}

/* What is mounted where it is on this machine shows as ".": a bill must not depend on where
 * somebody builds. */
static const char *shown_as(const struct slip_builder *b, const struct slip_run_mount *m)
{
    const struct slip_context *context =
        m->input.origin == SLIP_FROM_CONTEXT ? slip_builder_context(b, m->input.name) : NULL;
    slip_cleanup(slip_freep) char *own =
        context && context->path ? slip_path_absolute(context->path) : NULL;

    return own && strcmp(own, m->target) == 0 ? "." : m->target;
}

static void visit_mounts(struct search *s, const struct slip_slim_job *job, visit_fn *visit)
{
    const struct slip_stage *stage = job->copy->input.stage;
    slip_cleanup(slip_map_release) struct slip_map seen = SLIP_MAP_INIT;

    s->entries = 0;
    for (size_t i = stage->nsteps; i-- > 0;) {
        const struct slip_step *step = stage->steps[i];
        for (size_t k = 0; step->op == SLIP_OP_RUN && k < step->run.nmounts; k++) {
            const struct slip_run_mount *m = &step->run.mounts[k];
            if (slip_map_get(&seen, m->target))
                continue;
            slip_map_set(&seen, m->target, s);
            slip_cleanup(slip_closep) int cache =
                m->kind == SLIP_MOUNT_CACHE ? open_cache(job->b, step, m) : -1;
            slip_cleanup(slip_closep) int context =
                m->input.origin == SLIP_FROM_CONTEXT ? open_context(job->b, m) : -1;
            if (cache >= 0)
                visit_below(s, cache, ".", shown_as(job->b, m), 0, visit);
            if (context >= 0)
                visit_below(s, context, ".", shown_as(job->b, m), 0, visit);
        }
    }
}

static json_t *archive_row(const struct search *s, const struct slip_linked_archive *a)
{
    const char *sum = slip_map_get(&s->sums, a->path);
    const char *purl = sum ? slip_documents_owner(&s->documents, sum) : NULL;
    json_t *row =
        json_pack("{s:s, s:o, s:I, s:I}", "path", a->path, "into", slip_json_from_strv(&a->into),
                  "members", (json_int_t)a->members, "of", (json_int_t)a->total);

    if (purl)
        json_object_set_new(row, "purl", json_string(purl));
    return row;
}

void slip_slim_archives(struct slip_slim_job *job)
{
    slip_cleanup(search_release) struct search s = { .linked = SLIP_LINKED_INIT };
    json_t *archives = json_array(), *unknown = json_array();

    add_programs(&s, job);
    if (s.stripped.n)
        visit_mounts(&s, job, visit_program);
    visit_mounts(&s, job, visit_document);
    visit_mounts(&s, job, visit_archive);
    offer_system(&s, job->view.mounted.root);
    slip_linked_choose(&s.linked);
    for (size_t i = 0; i < s.linked.narchives; i++)
        json_array_append_new(archives, archive_row(&s, &s.linked.archives[i]));
    for (size_t i = 0; i < s.stripped.n; i++)
        if (s.stripped.entries[i].value)
            json_array_append_new(unknown,
                                  json_sprintf("the static libraries in %s: it was installed "
                                               "without its symbols",
                                               (const char *)s.stripped.entries[i].value));
    json_object_set_new(job->origin, "archives", archives);
    json_object_set_new(job->origin, "unknown", unknown);
    if (s.documents.list) {
        json_object_set(job->origin, "documents", s.documents.list);
        json_object_set(job->origin, "packages", s.documents.packages);
    }
}
