#include "store/snapshot.h"
#include "util/digest.h"

#include <errno.h>
#include <time.h>

#include "scratch.h"

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void publish(struct scratch *s, const char *content)
{
    slip_cleanup(slip_snapshot_release) struct slip_snapshot snapshot = SLIP_SNAPSHOT_INIT;

    assert_int_equal(slip_snapshot_begin(&snapshot, &s->store, &s->err), 0);
    scratch_write(snapshot.fs, "file", content);
    assert_int_equal(slip_snapshot_commit(&snapshot, KEY, &s->err), 0);
    assert_int_equal(snapshot.dir, -1);
}

static void assert_content(struct scratch *s, const char *content)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_closep) int fs = slip_snapshot_open(&s->store, KEY, &s->err);

    assert_true(fs >= 0);
    assert_int_equal(slip_read_file(fs, "file", 100, &text, &s->err), 0);
    assert_string_equal(slip_buf_str(&text), content);
}

static void is_seen_when_committed(void **state)
{
    struct scratch *s = *state;
    slip_cleanup(slip_snapshot_release) struct slip_snapshot snapshot = SLIP_SNAPSHOT_INIT;
    struct stat st;
    mode_t had = umask(077);

    assert_int_equal(slip_snapshot_begin(&snapshot, &s->store, &s->err), 0);
    umask(had);
    assert_int_equal(fstat(snapshot.fs, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0755); /* it becomes "/" of an image */
    assert_int_equal(mkdirat(snapshot.dir, "work", 0700), 0);
    assert_int_equal(mkdirat(snapshot.dir, "work/work", 0), 0);
    scratch_write(snapshot.fs, "file", "one");
    assert_int_equal(slip_snapshot_has(&s->store, KEY), 0);
    assert_int_equal(slip_snapshot_commit(&snapshot, KEY, &s->err), 0);
    assert_int_equal(slip_snapshot_has(&s->store, KEY), 1);
    assert_int_equal(faccessat(s->store.snapshots, KEY "/work", F_OK, 0), -1);
    assert_int_equal(scratch_count(slip_store_session(&s->store, &s->err), "."), 0);
    assert_content(s, "one");
}

static void the_first_wins(void **state)
{
    struct scratch *s = *state;

    publish(s, "one");
    publish(s, "two");
    assert_content(s, "one");
    assert_int_equal(scratch_count(slip_store_session(&s->store, &s->err), "."), 0);
}

static void a_release_takes_the_draft_away(void **state)
{
    struct scratch *s = *state;
    struct slip_snapshot snapshot = SLIP_SNAPSHOT_INIT;

    slip_snapshot_release(&snapshot);
    assert_int_equal(slip_snapshot_begin(&snapshot, &s->store, &s->err), 0);
    scratch_write(snapshot.fs, "file", "x");
    slip_snapshot_release(&snapshot);
    slip_snapshot_release(&snapshot);
    assert_int_equal(scratch_count(slip_store_session(&s->store, &s->err), "."), 0);
    assert_int_equal(scratch_count(s->store.snapshots, "."), 0);
}

#define OTHER_BOOT "boot 00000000-0000-0000-0000-000000000000\n"

static const struct meta {
    const char *name;
    const char *state; /* a meta with a right checksum */
    const char *text;  /* or whatever; both NULL: no file */
    int has, findings;
} metas[] = {
    { "another boot", OTHER_BOOT, NULL, 0, 0 },
    { "synced", "synced\n", NULL, 1, 0 },
    { "unheard of", "perhaps\n", NULL, 0, 0 },
    { "cut off", NULL, "", 0, 1 },
    { "absent", NULL, NULL, 0, 1 },
    { "without a seal", NULL, "synced\n", 0, 1 },
};

/* The meta that is there, with another first line and a checksum that fits. */
static void set_state(struct scratch *s, const char *state)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf sum_of = SLIP_BUF_INIT;
    struct slip_digest sum;

    assert_int_equal(slip_read_file(s->store.snapshots, KEY "/meta", 300, &text, &s->err), 0);
    const char *seal = strchr(slip_buf_str(&text), '\n') + 1;
    slip_buf_printf(&sum_of, "%s%.64s", state, seal);
    slip_digest_of(sum_of.data, sum_of.len, &sum);
    slip_cleanup(slip_freep) char *anew = slip_xasprintf("%s%.64s\n%s\n", state, seal, sum.hex);
    scratch_write(s->store.snapshots, KEY "/meta", anew);
}

static void counts_only_when_it_is_sure(void **state)
{
    const struct meta *row = *state;
    slip_cleanup(slip_strv_release) struct slip_strv found = SLIP_STRV_INIT;
    void *scratch;

    scratch_setup(&scratch);
    struct scratch *s = scratch;
    publish(s, "one");
    if (row->state)
        set_state(s, row->state);
    else if (row->text)
        scratch_write(s->store.snapshots, KEY "/meta", row->text);
    else
        assert_int_equal(unlinkat(s->store.snapshots, KEY "/meta", 0), 0);
    assert_int_equal(slip_snapshot_has(&s->store, KEY), row->has);
    assert_int_equal(scratch_verify(s, &found), row->findings);
    publish(s, "two");
    assert_content(s, row->has ? "one" : "two");
    assert_int_equal(scratch_count(s->store.snapshots, "."), 1);
    scratch_teardown(&scratch);
}

static void sync_makes_it_sure(void **state)
{
    struct scratch *s = *state;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    assert_int_equal(slip_store_sync(&s->store, &s->err), 0);
    publish(s, "one");
    assert_int_equal(slip_read_file(s->store.snapshots, KEY "/meta", 300, &text, &s->err), 0);
    assert_int_equal(strncmp(slip_buf_str(&text), "boot ", 5), 0);
    assert_int_equal(slip_store_sync(&s->store, &s->err), 0);
    slip_buf_clear(&text);
    assert_int_equal(slip_read_file(s->store.snapshots, KEY "/meta", 300, &text, &s->err), 0);
    assert_int_equal(strncmp(slip_buf_str(&text), "synced\n", 7), 0);
    assert_int_equal(slip_snapshot_has(&s->store, KEY), 1);
}

static const struct age {
    const char *name;
    int seconds;
} ages[] = {
    { "just published", 0 },
    { "half a minute", 30 },
    { "an hour", 3600 },
    { "from the future", -3600 },
};

/* Whether an aged one is marked also depends on what else is being written on this machine. */
static void only_the_aged_are_synced_by_the_way(void **state)
{
    const struct age *row = *state;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    void *scratch;

    scratch_setup(&scratch);
    struct scratch *s = scratch;
    publish(s, "one");
    const struct timespec when[2] = { { .tv_sec = time(NULL) - row->seconds },
                                      { .tv_sec = time(NULL) - row->seconds } };
    assert_int_equal(utimensat(s->store.root, "unsynced", when, 0), 0);
    slip_store_sync_aged(&s->store);
    bool marked = faccessat(s->store.root, "unsynced", F_OK, 0) < 0;
    assert_int_equal(slip_read_file(s->store.snapshots, KEY "/meta", 300, &text, &s->err), 0);
    assert_int_equal(strncmp(slip_buf_str(&text), "synced\n", 7) == 0, marked);
    if (row->seconds < 60)
        assert_false(marked);
    scratch_teardown(&scratch);
}

static const struct id {
    const char *name, *id;
} ids[] = {
    { "empty", "" },
    { "short", "abc" },
    { "way out", "../../../../../../../../../../../../../../../../../../../../../../" },
    { "upper case", "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef" },
    { "too long", KEY "0" },
};

static void only_keys_are_ids(void **state)
{
    const struct id *row = *state;
    slip_cleanup(slip_snapshot_release) struct slip_snapshot snapshot = SLIP_SNAPSHOT_INIT;
    void *scratch;

    scratch_setup(&scratch);
    struct scratch *s = scratch;
    assert_int_equal(slip_snapshot_has(&s->store, row->id), 0);
    assert_int_equal(slip_snapshot_open(&s->store, row->id, &s->err), -1);
    assert_int_equal(s->err.sys_errno, ENOENT);
    assert_int_equal(slip_snapshot_begin(&snapshot, &s->store, &s->err), 0);
    assert_int_equal(slip_snapshot_commit(&snapshot, row->id, &s->err), -1);
    assert_int_equal(s->err.code, SLIP_EINPUT);
    slip_snapshot_release(&snapshot);
    scratch_teardown(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(is_seen_when_committed),
        SCRATCH_TEST(the_first_wins),
        SCRATCH_TEST(a_release_takes_the_draft_away),
        SCRATCH_TEST(sync_makes_it_sure),
    };

    return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL) +
           SLIP_RUN_ROWS("snapshot meta", metas, counts_only_when_it_is_sure) +
           SLIP_RUN_ROWS("snapshot age", ages, only_the_aged_are_synced_by_the_way) +
           SLIP_RUN_ROWS("snapshot id", ids, only_keys_are_ids);
}
