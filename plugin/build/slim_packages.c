#include "build/slim.h"

#include "slim/apk.h"
#include "slim/database.h"
#include "slim/dpkg.h"
#include "slim/notes.h"
#include "slim/trail.h"
#include "util/fs.h"
#include "util/mem.h"

#define ELF_LIMIT ((uint64_t)1 << 30)
#define OS_RELEASE_LIMIT ((size_t)64 << 10)

/* Packages that have a file in the image, with those files. */
struct used {
    struct slip_package *package; /* borrowed */
    struct slip_strv paths;
    char *purl; /* owned */
};

struct origin {
    struct slip_slim_job *job;
    struct slip_database db;
    struct slip_map noted; /* by name: owned packages of notes, that no database knows */
    struct slip_map rows;  /* path to the report's row */
    struct used *used;
    size_t n, cap;
    size_t unowned; /* libraries that nothing says the package of */
};

static void origin_release(struct origin *o)
{
    for (size_t i = 0; i < o->n; i++) {
        slip_strv_release(&o->used[i].paths);
        free(o->used[i].purl);
    }
    free(o->used);
    slip_map_release(&o->rows);
    for (size_t i = 0; i < o->noted.n; i++) {
        slip_package_release(o->noted.entries[i].value);
        free(o->noted.entries[i].value);
    }
    slip_map_release(&o->noted);
    slip_database_release(&o->db);
}

static struct used *use(struct origin *o, struct slip_package *package)
{
    for (size_t i = 0; i < o->n; i++)
        if (o->used[i].package == package)
            return &o->used[i];
    slip_database_licence(&o->db, package);
    o->used = slip_xgrow(o->used, o->n, &o->cap, sizeof *o->used);
    o->used[o->n] =
        (struct used){ .package = package, .purl = slip_package_purl(package, &o->db.distro) };
    return &o->used[o->n++];
}

/* What the note of a library says when no database does. */
static struct slip_package *noted_package(struct origin *o, const char *path)
{
    slip_cleanup(slip_notes_release) struct slip_notes notes = SLIP_NOTES_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf elf = SLIP_BUF_INIT;

    if (!slip_trail_read(o->job->root, path, ELF_LIMIT, &elf))
        return NULL;
    slip_notes_read(elf.data, elf.len, &notes);
    if (!notes.package.name)
        return NULL;
    struct slip_package *known = slip_map_get(&o->noted, notes.package.name);
    if (known)
        return known;
    known = slip_xmalloc(sizeof *known);
    *known = notes.package;
    notes.package = (struct slip_package){ 0 };
    slip_map_set(&o->noted, known->name, known);
    return known;
}

/* The files that came from the builder's distribution: those of the closure and of DATA. */
static void find_packages(struct origin *o)
{
    slip_cleanup(slip_strv_release) struct slip_strv paths = SLIP_STRV_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv origins = SLIP_STRV_INIT;
    slip_cleanup(slip_map_release) struct slip_map owners = SLIP_MAP_INIT;

    for (size_t i = 0; i < SLIP_HOLDINGS; i++) {
        const struct slip_tree *layer = &o->job->layers[i];
        for (size_t k = 0; k < layer->n; k++)
            if (S_ISREG(layer->entries[k].mode) && layer->entries[k].source)
                slip_strv_addf(&paths, "/%s", layer->entries[k].path);
    }
    slip_strv_sort(&paths);
    for (size_t i = 0; i < paths.n; i++)
        slip_strv_add_take(&origins, slip_slim_builder_path(o->job, paths.v[i]));
    slip_database_owners(&o->db, &origins, &owners);
    for (size_t i = 0; i < paths.n; i++) {
        struct slip_package *package = slip_map_get(&owners, origins.v[i]);
        bool is_elf = slip_is_elf(o->job->root, paths.v[i]) == 1;
        if (!package && is_elf)
            package = noted_package(o, paths.v[i]);
        o->unowned += !package && is_elf;
        if (!package)
            continue;
        struct used *used = use(o, package);
        json_t *row = slip_map_get(&o->rows, paths.v[i]);
        slip_strv_add(&used->paths, paths.v[i]);
        json_object_set_new(row, "purl", json_string(used->purl));
        if (!slip_json_str(row, "package"))
            json_object_set_new(row, "package", json_string(package->name));
    }
}

/* The packages of the static libraries: these are not in the image, but their code is. */
static void find_archive_packages(struct origin *o)
{
    slip_cleanup(slip_strv_release) struct slip_strv paths = SLIP_STRV_INIT;
    slip_cleanup(slip_map_release) struct slip_map owners = SLIP_MAP_INIT;
    const json_t *archives = json_object_get(o->job->origin, "archives");
    size_t i;
    json_t *row;

    json_array_foreach (archives, i, row)
        slip_strv_add(&paths, slip_json_str(row, "path"));
    slip_database_owners(&o->db, &paths, &owners);
    json_array_foreach (archives, i, row) {
        struct slip_package *package = slip_map_get(&owners, slip_json_str(row, "path"));
        if (package)
            json_object_set_new(row, "purl", json_string(use(o, package)->purl));
    }
}

static int by_purl(const void *a, const void *b)
{
    return strcmp(((const struct used *)a)->purl, ((const struct used *)b)->purl);
}

static void add_text(struct origin *o, const char *path, struct slip_buf *text)
{
    struct slip_tree *layer = &o->job->layers[SLIP_HOLD_DISTRIBUTION];
    struct slip_entry *e = slip_tree_add(layer, path, S_IFREG | 0644);

    e->mtime = o->job->b->options->epoch;
    e->size = text->len;
    e->content = slip_buf_take(text);
    json_array_append_new(o->job->files,
                          json_pack("{s:o, s:I, s:s, s:s, s:s}", "path", json_sprintf("/%s", path),
                                    "size", (json_int_t)e->size, "class", "runtime", "rule",
                                    "package-database", "why",
                                    "says to scanners which packages the libraries come from"));
}

/* As distroless images have it: one paragraph for each package, and the sums of what is there. */
static void add_dpkg(struct origin *o, const struct used *used)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf sums = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *path =
        slip_xasprintf("var/lib/dpkg/status.d/%s", used->package->name);
    slip_cleanup(slip_freep) char *sums_path = slip_xasprintf("%s.md5sums", path);

    slip_dpkg_paragraph(used->package, &text);
    add_text(o, path, &text);
    slip_dpkg_sums(o->db.root, used->package, &used->paths, &sums);
    if (sums.len)
        add_text(o, sums_path, &sums);
}

/* Scanners want to know the release before they look for packages. */
static void add_os_release(struct origin *o)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    if (slip_trail_read(o->db.root, "/etc/os-release", OS_RELEASE_LIMIT, &text))
        add_text(o, "etc/os-release", &text);
}

/* Only where the image stands on nothing: a base has a database of its own. */
static void add_database(struct origin *o)
{
    slip_cleanup(slip_buf_release) struct slip_buf apk = SLIP_BUF_INIT;
    bool found = false;

    if (!o->job->copy->slim->runtime_files)
        return;
    for (size_t i = 0; i < o->n; i++) {
        if (o->used[i].paths.n == 0)
            continue;
        found = true;
        if (strcmp(o->used[i].package->type, "deb") == 0)
            add_dpkg(o, &o->used[i]);
        else if (strcmp(o->used[i].package->type, "apk") == 0)
            slip_apk_paragraph(o->used[i].package, &o->used[i].paths, &apk);
    }
    if (apk.len)
        add_text(o, "lib/apk/db/installed", &apk);
    if (found)
        add_os_release(o);
}

static void report(const struct origin *o)
{
    json_t *packages = json_array(), *unknown = json_object_get(o->job->origin, "unknown");
    json_t *told = json_object_get(o->job->origin, "packages");

    for (size_t i = 0; i < o->n; i++)
        json_array_append_new(packages, slip_package_json(o->used[i].package, &o->db.distro));
    if (o->unowned)
        json_array_append_new(unknown,
                              json_sprintf("the package of %zu %s%s", o->unowned,
                                           o->unowned == 1 ? "library" : "libraries",
                                           o->db.has_rpm ? ": the rpm database is not read" : ""));
    json_array_extend(packages, told); /* those of documents */
    json_object_set_new(o->job->origin, "packages", packages);
}

void slip_slim_packages(struct slip_slim_job *job)
{
    slip_cleanup(origin_release) struct origin o = { .job = job, .db = SLIP_DATABASE_INIT };
    size_t i;
    json_t *row;

    slip_database_open(&o.db, job->view.mounted.root);
    json_array_foreach (job->files, i, row)
        slip_map_set(&o.rows, slip_json_str(row, "path"), row);
    for (i = 0; i < job->app.n; i++) {
        slip_cleanup(slip_freep) char *path = slip_xasprintf("/%s", job->app.entries[i].path);
        json_object_set_new(slip_map_get(&o.rows, path), "own", json_true());
    }
    find_packages(&o);
    slip_slim_archives(job);
    find_archive_packages(&o);
    if (o.n)
        qsort(o.used, o.n, sizeof *o.used, by_purl);
    add_database(&o);
    report(&o);
}
