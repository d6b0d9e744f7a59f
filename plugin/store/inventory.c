#include "store/inventory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "store/name.h"
#include "store/record.h"
#include "store/use.h"
#include "util/fs.h"
#include "util/json.h"
#include "util/mem.h"
#include "util/str.h"

#define DOCUMENT_LIMIT ((uint64_t)8 << 20)
#define KIND_LETTERS "nrsmblc"

static char *key_of(enum slip_gc_kind kind, const char *id)
{
    return slip_xasprintf("%c%s", KIND_LETTERS[kind], id);
}

static void add(struct slip_inventory *inv, enum slip_gc_kind kind, int dir, const char *name)
{
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) /* gone meanwhile */
        return;
    struct slip_unit *unit = slip_xcalloc(1, sizeof *unit);
    *unit = (struct slip_unit){
        .kind = kind, .dir = dir, .name = slip_xstrdup(name), .used = st.st_mtim, .document = -1
    };
    inv->units = slip_xgrow(inv->units, inv->n, &inv->cap, sizeof(void *));
    inv->units[inv->n++] = unit;
    slip_cleanup(slip_freep) char *key = key_of(kind, slip_path_base(name));
    slip_map_set(&inv->by_key, key, unit);
}

static int add_all(struct slip_inventory *inv, enum slip_gc_kind kind, int dir, const char *path,
                   struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    if (slip_list_dir(dir, *path ? path : ".", &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        slip_cleanup(slip_freep) char *name =
            slip_xasprintf("%s%s%s", path, *path ? "/" : "", names.v[i]);
        add(inv, kind, dir, name);
    }
    return 0;
}

static int add_records(struct slip_inventory *inv, int dir, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv shards = SLIP_STRV_INIT;

    if (slip_list_dir(dir, ".", &shards, err) < 0)
        return -1;
    for (size_t i = 0; i < shards.n; i++)
        if (add_all(inv, SLIP_GC_RECORD, dir, shards.v[i], err) < 0)
            return -1;
    return 0;
}

static int by_use(const void *a, const void *b)
{
    const struct slip_unit *const *ua = a, *const *ub = b;
    int order = slip_time_compare(&(*ua)->used, &(*ub)->used);

    return order ? order : strcmp((*ua)->name, (*ub)->name);
}

int slip_inventory_take(struct slip_inventory *inv, struct slip_store *store,
                        struct slip_error *err)
{
    inv->store = store;
    inv->scans = openat(store->root, "scans", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (add_all(inv, SLIP_GC_NAME, store->refs, "", err) < 0 ||
        add_records(inv, store->records, err) < 0 ||
        add_all(inv, SLIP_GC_SNAPSHOT, store->snapshots, "", err) < 0 ||
        add_all(inv, SLIP_GC_MOUNT, store->mounts, "", err) < 0 ||
        add_all(inv, SLIP_GC_BLOB, store->blobs, "", err) < 0 ||
        add_all(inv, SLIP_GC_LOG, store->logs, "", err) < 0 ||
        (inv->scans >= 0 && add_all(inv, SLIP_GC_SCAN, inv->scans, "", err) < 0))
        return slip_error_context(err, "cannot list store '%s'", store->path);
    if (inv->n)
        qsort(inv->units, inv->n, sizeof(void *), by_use);
    return 0;
}

void slip_inventory_release(struct slip_inventory *inv)
{
    for (size_t i = 0; i < inv->n; i++) {
        free(inv->units[i]->name);
        free(inv->units[i]);
    }
    free(inv->units);
    free(inv->kept);
    slip_map_release(&inv->by_key);
    slip_closep(&inv->scans);
    *inv = SLIP_INVENTORY_INIT;
}

static void keep(struct slip_inventory *inv, struct slip_unit *unit)
{
    if (!unit || unit->kept)
        return;
    unit->kept = true;
    inv->kept = slip_xgrow(inv->kept, inv->nkept, &inv->kept_cap, sizeof(void *));
    inv->kept[inv->nkept++] = unit;
}

/* A text that is a digest keeps a blob; one that is an id, whatever has that id. */
static void keep_named(struct slip_inventory *inv, const char *text)
{
    static const enum slip_gc_kind with_id[] = { SLIP_GC_RECORD, SLIP_GC_SNAPSHOT, SLIP_GC_MOUNT,
                                                 SLIP_GC_BLOB };
    const char *id = slip_starts_with(text, "sha256:") ? text + 7 : text;

    if (!slip_name_is_id(id))
        return;
    for (size_t i = 0; i < SLIP_ARRAY_LEN(with_id); i++) {
        slip_cleanup(slip_freep) char *key = key_of(with_id[i], id);
        keep(inv, slip_map_get(&inv->by_key, key));
    }
}

static void keep_links(struct slip_inventory *inv, const json_t *json)
{
    const char *key;
    json_t *value;
    size_t i;

    if (json_is_string(json))
        keep_named(inv, json_string_value(json));
    json_array_foreach (json, i, value)
        keep_links(inv, value);
    if (json_is_object(json)) {
        void *at; /* json_object_foreach wants an object that is not const */
        json_t *object = json_incref((json_t *)(uintptr_t)json);
        json_object_foreach_safe(object, at, key, value)
        {
            keep_named(inv, key);
            keep_links(inv, value);
        }
        json_decref(object);
    }
}

static void follow_name(struct slip_inventory *inv, const struct slip_buf *text)
{
    slip_cleanup(slip_freep) char *name = NULL;
    struct slip_digest digest;

    if (slip_ref_parse(text, &digest, &name) == 0)
        keep_named(inv, digest.hex);
}

static void follow(struct slip_inventory *inv, struct slip_unit *unit)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    if (!slip_unit_leads(unit) ||
        slip_read_file(unit->dir, unit->name, SLIP_RECORD_LIMIT, &text, &ignored) < 0)
        return;
    if (unit->kind == SLIP_GC_NAME) {
        follow_name(inv, &text);
        return;
    }
    slip_cleanup(slip_json_decrefp) json_t *json =
        unit->kind == SLIP_GC_RECORD
            ? slip_record_parse(&text)
            : slip_json_parse(slip_buf_str(&text), text.len, unit->name, &ignored);
    keep_links(inv, json);
}

void slip_inventory_mark(struct slip_inventory *inv, struct slip_unit *unit)
{
    size_t next = inv->nkept;

    keep(inv, unit);
    for (; next < inv->nkept; next++)
        follow(inv, inv->kept[next]);
}

void slip_inventory_unmark(struct slip_inventory *inv, size_t n)
{
    while (inv->nkept > n)
        inv->kept[--inv->nkept]->kept = false;
}

uint64_t slip_unit_bytes(struct slip_unit *unit)
{
    if (!unit->measured)
        unit->bytes = slip_disk_bytes(unit->dir, unit->name);
    unit->measured = true;
    return unit->bytes;
}

static bool is_document(const struct slip_unit *unit)
{
    slip_cleanup(slip_closep) int fd =
        openat(unit->dir, unit->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    char first;

    return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
           (uint64_t)st.st_size <= DOCUMENT_LIMIT && read(fd, &first, 1) == 1 && first == '{';
}

bool slip_unit_leads(struct slip_unit *unit)
{
    if (unit->kind != SLIP_GC_BLOB)
        return unit->kind == SLIP_GC_NAME || unit->kind == SLIP_GC_RECORD;
    if (unit->document < 0)
        unit->document = is_document(unit);
    return unit->document;
}
