#include "build/bill.h"

#include <fcntl.h>

#include "build/builder.h"
#include "build/container.h"
#include "build/slim.h"
#include "image/descriptor.h"
#include "slim/database.h"
#include "slim/elf.h"
#include "slim/notes.h"
#include "slim/trail.h"
#include "store/record.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"
#include "util/walk.h"

#define ELF_LIMIT ((uint64_t)1 << 30)

struct billing {
    json_t *report; /* "files", "packages", "archives", "unknown" of all slim steps */
    json_t *bill;   /* owned until it is done */
    int root;
    struct slip_database db;
    struct slip_strv paths;      /* every regular file, sorted */
    struct slip_map libraries;   /* file name of what may be a library, to its owned path */
    struct slip_map rows;        /* path to the report's row */
    struct slip_map owners;      /* path to the package of the image's own database */
    struct slip_map package_set; /* purl to row */
    json_t *found;               /* rows that were made here */
};

static void billing_release(struct billing *b)
{
    json_decref(b->report);
    json_decref(b->bill);
    json_decref(b->found);
    slip_database_release(&b->db);
    slip_strv_release(&b->paths);
    for (size_t i = 0; i < b->libraries.n; i++)
        free(b->libraries.entries[i].value);
    slip_map_release(&b->libraries);
    slip_map_release(&b->rows);
    slip_map_release(&b->owners);
    slip_map_release(&b->package_set);
}

/* The notes of the slim steps that made the image; empty when it was not built here. */
static json_t *read_reports(struct slip_store *store, const struct slip_digest *manifest)
{
    static const char *const lists[] = { "files", "packages", "archives", "documents", "unknown" };
    json_t *all = json_object(), *identity;
    char key[65];
    size_t i;

    for (i = 0; i < SLIP_ARRAY_LEN(lists); i++)
        json_object_set_new(all, lists[i], json_array());
    slip_report_key(manifest->hex, key);
    slip_cleanup(slip_json_decrefp) json_t *record = slip_record_get(store, key);
    json_array_foreach (json_object_get(record, "reports"), i, identity) {
        slip_report_key(json_string_value(identity), key);
        slip_cleanup(slip_json_decrefp) json_t *report = slip_record_get(store, key);
        for (size_t k = 0; k < SLIP_ARRAY_LEN(lists); k++)
            json_array_extend(json_object_get(all, lists[k]), json_object_get(report, lists[k]));
    }
    return all;
}

static void note_library(struct billing *b, const char *path)
{
    const char *base = slip_path_base(path);

    if (strstr(base, ".so") && !slip_map_get(&b->libraries, base))
        slip_map_set(&b->libraries, base, slip_xstrdup(path));
}

static int note_file(void *user, int dir, const char *name, const char *path, const struct stat *st,
                     struct slip_error *err)
{
    struct billing *b = user;

    (void)dir, (void)name, (void)err;
    if (S_ISREG(st->st_mode) || S_ISLNK(st->st_mode))
        note_library(b, path);
    if (S_ISREG(st->st_mode))
        slip_strv_add(&b->paths, path);
    return 0;
}

static void add_package(struct billing *b, json_t *row)
{
    const char *purl = slip_json_str(row, "purl");

    if (purl && !slip_map_get(&b->package_set, purl))
        slip_map_set(&b->package_set, purl, row);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct slip_map_entry *)a)->key, ((const struct slip_map_entry *)b)->key);
}

/* Those of the slim steps know more, and come first. True when the image's own database told of
 * others: it has a base. */
static bool find_packages(struct billing *b)
{
    json_t *row;
    size_t i;

    json_array_foreach (json_object_get(b->report, "packages"), i, row)
        add_package(b, row);
    size_t noted = b->package_set.n;
    for (i = 0; i < b->db.packages.n; i++) {
        slip_database_licence(&b->db, &b->db.packages.v[i]);
        row = slip_package_json(&b->db.packages.v[i], &b->db.distro);
        json_array_append_new(b->found, row);
        add_package(b, row);
    }
    return b->package_set.n > noted;
}

static void list_packages(struct billing *b)
{
    const size_t n = b->package_set.n;
    struct slip_map_entry *sorted = slip_xcalloc(n + 1, sizeof *sorted);
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        sorted[i] = b->package_set.entries[i];
    qsort(sorted, n, sizeof *sorted, by_key);
    for (size_t i = 0; i < n; i++)
        json_array_append(list, sorted[i].value);
    free(sorted);
    json_object_set_new(b->bill, "packages", list);
}

/* What the library is that a file asks for: a path in the image, and the package it comes from. */
static json_t *need_row(const struct billing *b, const char *soname)
{
    slip_cleanup(slip_trail_release) struct slip_trail trail = SLIP_TRAIL_INIT;
    const char *found = slip_map_get(&b->libraries, soname);
    json_t *row = json_object();

    json_object_set_new(row, "soname", json_string(soname));
    if (!found || slip_trail_walk(b->root, found, &trail) != 1)
        return row;
    json_object_set_new(row, "path", json_string(trail.real));
    const struct slip_package *package = slip_map_get(&b->owners, trail.real);
    if (package) {
        slip_cleanup(slip_freep) char *purl = slip_package_purl(package, &b->db.distro);
        json_object_set_new(row, "purl", json_string(purl));
    }
    return row;
}

static bool no_symbol(const char *name)
{
    (void)name;
    return false;
}

/* A program says itself of which package it is, where no database does (rpm's is not read). */
static void take_note(struct billing *b, const struct slip_notes *notes, json_t *row)
{
    json_t *found =
        slip_package_json(&notes->package, notes->distro.id ? &notes->distro : &b->db.distro);

    json_array_append_new(b->found, found);
    add_package(b, found);
    json_object_set(row, "purl", json_object_get(found, "purl"));
}

static int describe_elf(struct billing *b, const char *path, json_t *row, struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf bytes = SLIP_BUF_INIT;
    slip_cleanup(slip_elf_release) struct slip_elf elf = SLIP_ELF_INIT;
    slip_cleanup(slip_notes_release) struct slip_notes notes = SLIP_NOTES_INIT;
    slip_cleanup(slip_error_release) struct slip_error damaged = SLIP_ERROR_INIT;

    if (!slip_trail_read(b->root, path, ELF_LIMIT, &bytes))
        return slip_fail_errno(err, "cannot read '%s'", path);
    slip_notes_read(bytes.data, bytes.len, &notes);
    if (notes.build_id)
        json_object_set_new(row, "build_id", json_string(notes.build_id));
    if (notes.package.name && !slip_json_str(row, "purl"))
        take_note(b, &notes, row);
    json_object_set_new(row, "elf", json_true());
    if (slip_elf_parse(bytes.data, bytes.len, path, no_symbol, &elf, &damaged) != 1)
        return 0; /* a bill lists what is there, sound or not */
    json_t *needs = json_array();
    for (size_t i = 0; i < elf.needed.n; i++)
        json_array_append_new(needs, need_row(b, elf.needed.v[i]));
    if (elf.interp && !slip_strv_has(&elf.needed, slip_path_base(elf.interp)))
        json_array_append_new(needs, need_row(b, slip_path_base(elf.interp)));
    json_object_set_new(row, "needs", needs);
    return 0;
}

static int add_file(struct billing *b, const char *path, bool is_elf, json_t *list,
                    struct slip_error *err)
{
    const json_t *noted = slip_map_get(&b->rows, path);
    slip_cleanup(slip_closep) int fd = slip_open_in_root(b->root, path, O_RDONLY | O_NOFOLLOW, 0);
    struct slip_digest sha256;
    struct stat st;
    char sha1[41];
    json_t *row = json_object();

    json_array_append_new(list, row);
    if (fd < 0 || fstat(fd, &st) < 0)
        return slip_fail_errno(err, "cannot open '%s'", path);
    if (slip_digest_sums_of_fd(fd, &sha256, sha1, err) < 0)
        return slip_error_context(err, "'%s'", path);
    json_object_set_new(row, "path", json_string(path));
    json_object_set_new(row, "size", json_integer((json_int_t)st.st_size));
    json_object_set_new(row, "sha256", json_string(sha256.hex));
    json_object_set_new(row, "sha1", json_string(sha1));
    json_object_set(row, "why", json_object_get(noted, "why"));
    json_object_set(row, "purl", json_object_get(noted, "purl"));
    json_object_set(row, "own", json_object_get(noted, "own"));
    return is_elf ? describe_elf(b, path, row, err) : 0;
}

/* A base's files are told by its packages. What no package owns is listed: with a base only what
 * can run, as installing leaves much that nobody owns. */
static int list_files(struct billing *b, bool has_base, struct slip_error *err)
{
    json_t *list = json_array();

    json_object_set_new(b->bill, "files", list);
    for (size_t i = 0; i < b->paths.n; i++) {
        const char *path = b->paths.v[i];
        bool noted = slip_map_get(&b->rows, path);
        if (!noted && slip_map_get(&b->owners, path))
            continue;
        bool is_elf = slip_is_elf(b->root, path) == 1;
        if ((noted || is_elf || !has_base) && add_file(b, path, is_elf, list, err) < 0)
            return -1;
    }
    return 0;
}

/* Labels are what the image says of itself; annotations say the same. */
static void take_fact(struct billing *b, const struct slip_image *image, const char *key,
                      const char *label)
{
    slip_cleanup(slip_freep) char *full = slip_xasprintf("org.opencontainers.image.%s", label);
    const char *text =
        slip_json_str(json_object_get(json_object_get(image->config, "config"), "Labels"), full);

    if (text && *text)
        json_object_set_new(b->bill, key, json_string(text));
}

static int64_t created(const struct slip_image *image)
{
    const char *text = slip_json_str(image->config, "created");
    struct tm utc = { 0 };

    return text && strptime(text, "%Y-%m-%dT%H:%M:%S", &utc) ? (int64_t)timegm(&utc) : 0;
}

static void add_unknown(struct billing *b)
{
    json_t *unknown = json_copy(json_object_get(b->report, "unknown"));

    if (b->db.has_rpm && b->db.packages.n == 0)
        json_array_append_new(
            unknown, json_string("the packages of the base: its rpm database is not read"));
    if (!json_array_size(json_object_get(b->report, "files")))
        json_array_append_new(unknown, json_string("static libraries: no COPY --installed noted "
                                                   "them when the image was built"));
    json_object_set_new(b->bill, "unknown", unknown);
}

static int look(void *user, int root, const struct slip_image *image, struct slip_error *err)
{
    struct billing *b = user;
    char digest[72];
    size_t i;
    json_t *row;

    b->root = root;
    b->bill = json_object();
    take_fact(b, image, "name", "title");
    take_fact(b, image, "version", "version");
    take_fact(b, image, "licence", "licenses");
    take_fact(b, image, "url", "url");
    json_object_set_new(b->bill, "digest",
                        json_string(slip_digest_name(&image->manifest_digest, digest)));
    json_object_set_new(b->bill, "created", json_integer(created(image)));
    json_object_set(b->bill, "architecture", json_object_get(image->config, "architecture"));
    slip_database_open(&b->db, root);
    json_array_foreach (json_object_get(b->report, "files"), i, row)
        slip_map_set(&b->rows, slip_json_str(row, "path"), row);
    if (slip_walk(b->root, note_file, b, err) < 0)
        return -1;
    slip_strv_sort(&b->paths);
    slip_database_owners(&b->db, &b->paths, &b->owners);
    b->found = json_array();
    if (list_files(b, find_packages(b), err) < 0)
        return -1;
    list_packages(b);
    json_object_set(b->bill, "archives", json_object_get(b->report, "archives"));
    json_object_set(b->bill, "documents", json_object_get(b->report, "documents"));
    add_unknown(b);
    return 0;
}

/* An image that was pulled may be built here later: more is known of it then. */
static void record_key(const struct slip_digest *manifest, const json_t *report, char ret[65])
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;
    slip_cleanup(slip_freep) char *text = slip_json_text(report);

    slip_sha256_field(&sha, "slipway bill 1");
    slip_sha256_field(&sha, manifest->hex);
    slip_sha256_field(&sha, text);
    slip_key_finish(&sha, ret);
}

/* "ghcr.io/acme/hello:1" is called hello when it does not say itself. */
static void set_name(json_t *bill, const char *name)
{
    if (slip_json_str(bill, "name"))
        return;
    const char *base = name ? slip_path_base(name) : "";
    slip_cleanup(slip_freep) char *plain = slip_xstrndup(base, strcspn(base, ":@"));
    json_object_set_new(bill, "name", json_string(*plain ? plain : "unnamed"));
}

json_t *slip_bill(struct slip_sources *sources, const struct slip_digest *manifest,
                  const char *name, struct slip_events *events, struct slip_error *err)
{
    slip_cleanup(billing_release) struct billing b = { .db = SLIP_DATABASE_INIT, .root = -1 };
    char key[65];

    b.report = read_reports(sources->store, manifest);
    record_key(manifest, b.report, key);
    json_t *bill = slip_record_get(sources->store, key);
    if (!bill) {
        if (slip_image_look(sources, manifest, events, look, &b, err) < 0 ||
            slip_record_put(sources->store, key, b.bill, err) < 0)
            return NULL;
        bill = SLIP_TAKE_PTR(b.bill);
    }
    set_name(bill, name);
    return bill;
}
