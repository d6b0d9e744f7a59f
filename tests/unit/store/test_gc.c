#include "scratch.h"

#include <time.h>

#include "store/blob.h"
#include "store/gc.h"
#include "store/record.h"
#include "store/snapshot.h"

#define DAY (24 * 60 * 60)
#define K1 "1111111111111111111111111111111111111111111111111111111111111111"
#define K2 "2222222222222222222222222222222222222222222222222222222222222222"
#define K3 "3333333333333333333333333333333333333333333333333333333333333333"

/* What is in the store, each under a letter:
 *   n a name -> M manifest -> C configuration, L layer
 *   r record K1 -> s snapshot K1, B blob    t record K2 -> u snapshot K2 (100 kB)
 *   O a blob that nobody knows              m a build directory, K3 */
struct yard {
    struct scratch *scratch;
    struct slip_digest blobs[5]; /* M C L B O */
};

static void put_blob(struct scratch *s, const char *text, struct slip_digest *ret)
{
    assert_int_equal(slip_blob_put(&s->store, text, strlen(text), ret, &s->err), 0);
}

static void put_snapshot(struct scratch *s, const char *id, size_t bytes)
{
    slip_cleanup(slip_snapshot_release) struct slip_snapshot snapshot = SLIP_SNAPSHOT_INIT;
    slip_cleanup(slip_freep) char *text = slip_xcalloc(1, bytes + 1);

    memset(text, 'x', bytes);
    assert_int_equal(slip_snapshot_begin(&snapshot, &s->store, &s->err), 0);
    scratch_write(snapshot.fs, "file", text);
    assert_int_equal(slip_snapshot_commit(&snapshot, id, &s->err), 0);
}

static void set_age(int dirfd, const char *name, int days)
{
    struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };

    clock_gettime(CLOCK_REALTIME, &times[1]);
    times[1].tv_sec -= (time_t)days * DAY;
    assert_int_equal(utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void fill(struct yard *yard)
{
    struct scratch *s = yard->scratch;
    slip_cleanup(slip_buf_release) struct slip_buf manifest = SLIP_BUF_INIT;

    put_blob(s, "{\"config\": 1}", &yard->blobs[1]);
    put_blob(s, "a layer", &yard->blobs[2]);
    put_blob(s, "a blob", &yard->blobs[3]);
    put_blob(s, "{\"nobody\": \"knows\"}", &yard->blobs[4]);
    slip_buf_printf(&manifest,
                    "{\"layers\": [{\"digest\": \"sha256:%s\"}], \"config\": \"sha256:%s\"}",
                    yard->blobs[2].hex, yard->blobs[1].hex);
    put_blob(s, slip_buf_str(&manifest), &yard->blobs[0]);
    assert_int_equal(slip_ref_set(&s->store, "a:1", &yard->blobs[0], &s->err), 0);
    put_snapshot(s, K1, 10);
    put_snapshot(s, K2, 100000);
    slip_cleanup(slip_freep) char *blob = slip_xasprintf("sha256:%s", yard->blobs[3].hex);
    slip_cleanup(slip_json_decrefp) json_t *r = json_pack("{s:[s], s:s}", "parts", K1, "b", blob);
    slip_cleanup(slip_json_decrefp) json_t *t = json_pack("{s:{s:s}}", "deep", "snapshot", K2);
    assert_int_equal(slip_record_put(&s->store, K1, r, &s->err), 0);
    assert_int_equal(slip_record_put(&s->store, K2, t, &s->err), 0);
    slip_cleanup(slip_closep) int mount = slip_store_mount(&s->store, K3, &s->err);
    assert_true(mount >= 0);
}

/* Objects have ages in days: everything 20, but the record and the snapshot "t" and "u" 10, the
 * build directory 3, record "r" 1. */
static void let_time_pass(struct yard *yard)
{
    struct slip_store *store = &yard->scratch->store;

    for (size_t i = 0; i < SLIP_ARRAY_LEN(yard->blobs); i++)
        set_age(store->blobs, yard->blobs[i].hex, 20);
    set_age(store->refs, "a%3A1", 20);
    set_age(store->snapshots, K1, 20);
    set_age(store->snapshots, K2, 10);
    set_age(store->records, "22/" K2, 10);
    set_age(store->records, "11/" K1, 1);
    set_age(store->mounts, K3, 3);
}

static void letters(const struct yard *yard, char ret[16])
{
    const struct slip_store *s = &yard->scratch->store;
    const struct {
        char letter;
        int dir;
        const char *name;
    } all[] = { { 'n', s->refs, "a%3A1" },
                { 'M', s->blobs, yard->blobs[0].hex },
                { 'C', s->blobs, yard->blobs[1].hex },
                { 'L', s->blobs, yard->blobs[2].hex },
                { 'r', s->records, "11/" K1 },
                { 's', s->snapshots, K1 },
                { 'B', s->blobs, yard->blobs[3].hex },
                { 't', s->records, "22/" K2 },
                { 'u', s->snapshots, K2 },
                { 'O', s->blobs, yard->blobs[4].hex },
                { 'm', s->mounts, K3 } };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(all); i++)
        if (faccessat(all[i].dir, all[i].name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            *ret++ = all[i].letter;
    *ret = '\0';
}

struct row {
    const char *name;
    struct slip_gc_options options;
    const char *used_by_another; /* a letter of M, s, t, or "" */
    const char *left;
};

#define DAYS(n) .keep_seconds = (n)*DAY, .keep_bytes = SLIP_KEEP_ALL
#define BYTES(n) .keep_seconds = -1, .keep_bytes = (n)

static const struct row rows[] = {
    { "a month keeps all", { DAYS(30) }, "", "nMCLrsBtuOm" },
    { "a fortnight", { DAYS(14) }, "", "nMCLrsBtum" },
    { "a week", { DAYS(7) }, "", "nMCLrsBm" },
    { "two days", { DAYS(2) }, "", "nMCLrsB" },
    { "nothing of the cache", { DAYS(0) }, "", "nMCL" },
    { "much room", { BYTES(10000000) }, "", "nMCLrsBtuOm" },
    { "room for the latest", { BYTES(70000) }, "", "nMCLrsBm" },
    { "no room: names stay", { BYTES(0) }, "", "nMCL" },
    { "room, but too old", { .keep_seconds = 5 * DAY, .keep_bytes = 10000000 }, "", "nMCLrsBm" },
    { "all", { .all = true, DAYS(0) }, "", "" },
    { "a dry run", { .all = true, .dry_run = true, DAYS(0) }, "", "nMCLrsBtuOm" },
    { "all, but somebody uses the manifest", { .all = true, DAYS(0) }, "M", "MCL" },
    { "all, but somebody uses a snapshot", { .all = true, DAYS(0) }, "s", "s" },
    { "all, but somebody uses a record", { .all = true, DAYS(0) }, "t", "tu" },
};

static void use(struct yard *yard, struct slip_store *other, char letter)
{
    struct slip_error *err = &yard->scratch->err;

    if (letter == 'M')
        assert_int_equal(slip_blob_has(other, &yard->blobs[0], err), 1);
    if (letter == 's')
        assert_int_equal(slip_snapshot_has(other, K1), 1);
    if (letter == 't') {
        slip_cleanup(slip_json_decrefp) json_t *record = slip_record_get(other, K2);
        assert_non_null(record);
    }
}

static void removes_what_it_should(void **state)
{
    const struct row *row = *state;
    void *scratch = NULL;
    struct slip_store other = SLIP_STORE_INIT;
    struct slip_gc_result result;
    char left[16];

    scratch_setup(&scratch);
    struct yard yard = { .scratch = scratch };
    fill(&yard);
    let_time_pass(&yard);
    if (*row->used_by_another) {
        assert_int_equal(slip_store_open(&other, yard.scratch->path, &yard.scratch->err), 0);
        use(&yard, &other, *row->used_by_another);
    }
    assert_int_equal(
        slip_store_gc(&yard.scratch->store, &row->options, &result, &yard.scratch->err), 0);
    letters(&yard, left);
    assert_string_equal(left, row->left);
    assert_int_equal(slip_store_verify(&yard.scratch->store, NULL, NULL, &yard.scratch->err), 0);
    slip_store_close(&other);
    scratch_teardown(&scratch);
}

int main(void)
{
    return SLIP_RUN_ROWS("store/gc", rows, removes_what_it_should);
}
