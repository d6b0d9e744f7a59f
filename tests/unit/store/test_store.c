#include "store/store.h"

#include <errno.h>
#include <sys/wait.h>

#include "scratch.h"
#include "store/blob.h"
#include "store/record.h"
#include "store/snapshot.h"

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void opens_what_it_made(void **state)
{
    struct scratch *s = *state;
    struct slip_store again = SLIP_STORE_INIT;
    struct stat st;

    assert_int_equal(stat(s->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(slip_store_open(&again, s->path, &s->err), 0);
    assert_string_equal(again.path, s->path);
    assert_int_equal(again.session, -1);
    slip_store_close(&again);
    slip_store_close(&again);
    assert_int_equal(scratch_count(s->store.run, "."), 0);
}

static void refuses_a_directory_in_use(void **state)
{
    struct scratch *s = *state;
    struct slip_store other = SLIP_STORE_INIT;
    slip_cleanup(slip_freep) char *home = slip_xasprintf("%s/home", s->dir);
    slip_cleanup(slip_freep) char *file = slip_xasprintf("%s/notes.txt", home);

    assert_int_equal(mkdir(home, 0755), 0);
    scratch_write(AT_FDCWD, file, "mine");
    assert_int_equal(slip_store_open(&other, home, &s->err), -1);
    assert_int_equal(s->err.code, SLIP_EUSAGE);
    assert_non_null(strstr(s->err.msg, "is not a store and not empty: it holds 'notes.txt'"));
    assert_non_null(s->err.hint);
    assert_int_equal(other.root, -1);
}

static void finishes_a_store_half_made(void **state)
{
    struct scratch *s = *state;

    slip_store_close(&s->store);
    slip_cleanup(slip_freep) char *format = slip_xasprintf("%s/format", s->path);
    slip_cleanup(slip_freep) char *locks = slip_xasprintf("%s/locks", s->path);
    assert_int_equal(unlink(format), 0);
    assert_int_equal(rmdir(locks), 0);
    assert_int_equal(slip_store_open(&s->store, s->path, &s->err), 0);
    assert_int_equal(access(format, F_OK), 0);
}

static void refuses_another_format(void **state)
{
    struct scratch *s = *state;
    struct slip_store other = SLIP_STORE_INIT;

    scratch_write(s->store.root, "format", "slipway-store 2\n");
    assert_int_equal(slip_store_open(&other, s->path, &s->err), -1);
    assert_int_equal(s->err.code, SLIP_EHOST);
    assert_non_null(strstr(
        s->err.msg, "has the format 'slipway-store 2', this slipway knows 'slipway-store 1'"));
}

static void a_session_is_made_once_and_goes(void **state)
{
    struct scratch *s = *state;
    int fd = slip_store_session(&s->store, &s->err);

    assert_true(fd >= 0);
    assert_int_equal(slip_store_session(&s->store, &s->err), fd);
    assert_int_equal(scratch_count(s->store.run, "."), 1);
    scratch_write(fd, "scratch", "x");
    slip_store_close(&s->store);
    assert_int_equal(slip_store_open(&s->store, s->path, &s->err), 0);
    assert_int_equal(scratch_count(s->store.run, "."), 0);
}

/* In another process: everything a build may leave in the middle of its work. */
static void leave_litter(struct scratch *s)
{
    struct slip_store store = SLIP_STORE_INIT;
    struct slip_snapshot snapshot = SLIP_SNAPSHOT_INIT;
    struct slip_error err = SLIP_ERROR_INIT;

    if (slip_store_open(&store, s->path, &err) < 0 ||
        slip_snapshot_begin(&snapshot, &store, &err) < 0 ||
        mkdirat(snapshot.dir, "work", 0700) < 0 || mkdirat(snapshot.dir, "work/work", 0) < 0 ||
        mkdirat(snapshot.fs, "sealed", 0700) < 0 || mkdirat(snapshot.fs, "sealed/in", 0500) < 0 ||
        fchmodat(snapshot.fs, "sealed", 0, 0) < 0 || slip_store_lock_name(&store, "k", &err) < 0)
        _exit(1);
    struct slip_draft draft = SLIP_DRAFT_INIT;
    if (slip_draft_open(&draft, &store, &err) < 0 || slip_draft_write(&draft, "half", 4, &err) < 0)
        _exit(2);
    int named = openat(store.ingest, "named", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (named < 0)
        _exit(3);
    raise(SIGKILL);
}

static void sweeps_what_the_dead_left(void **state)
{
    struct scratch *s = *state;
    struct slip_store alive = SLIP_STORE_INIT;
    int status;

    assert_int_equal(slip_store_open(&alive, s->path, &s->err), 0);
    assert_true(slip_store_session(&alive, &s->err) >= 0);
    pid_t pid = fork();
    if (pid == 0)
        leave_litter(s);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(scratch_count(s->store.run, "."), 2);
    assert_int_equal(scratch_count(s->store.ingest, "."), 1);
    assert_int_equal(scratch_count(s->store.locks, "."), 1);

    assert_true(slip_store_session(&s->store, &s->err) >= 0);
    assert_int_equal(scratch_count(s->store.run, "."), 2); /* ours, and the living one's */
    assert_int_equal(scratch_count(s->store.ingest, "."), 0);
    assert_int_equal(scratch_count(s->store.locks, "."), 0);
    slip_store_close(&alive);
    assert_int_equal(scratch_count(s->store.run, "."), 1);
}

static void fill(struct scratch *s, struct slip_digest *blob)
{
    slip_cleanup(slip_snapshot_release) struct slip_snapshot snapshot = SLIP_SNAPSHOT_INIT;
    json_t *value = json_pack("{s:i}", "n", 1);

    assert_int_equal(slip_blob_put(&s->store, "hello", 5, blob, &s->err), 0);
    assert_int_equal(slip_record_put(&s->store, KEY, value, &s->err), 0);
    assert_int_equal(slip_ref_set(&s->store, "a:1", blob, &s->err), 0);
    assert_int_equal(slip_snapshot_begin(&snapshot, &s->store, &s->err), 0);
    scratch_write(snapshot.fs, "file", "content");
    assert_int_equal(linkat(snapshot.fs, "file", snapshot.fs, "again", 0), 0);
    assert_int_equal(slip_snapshot_commit(&snapshot, KEY, &s->err), 0);
    json_decref(value);
}

static void measures_itself(void **state)
{
    static const char *const inodes[] = { KEY, KEY "/meta", KEY "/fs", KEY "/fs/file" };
    struct scratch *s = *state;
    struct slip_digest blob;
    struct stat st;

    fill(s, &blob);
    assert_int_equal(fstatat(s->store.blobs, blob.hex, &st, 0), 0);
    assert_int_equal(slip_disk_bytes(s->store.blobs, blob.hex), st.st_blocks * 512);
    uint64_t bytes = 0; /* the file has two names and counts once */
    for (size_t i = 0; i < SLIP_ARRAY_LEN(inodes); i++) {
        assert_int_equal(fstatat(s->store.snapshots, inodes[i], &st, 0), 0);
        bytes += (uint64_t)st.st_blocks * 512;
    }
    assert_int_equal(slip_disk_bytes(s->store.snapshots, KEY), bytes);
}

static void change_blob(struct scratch *s, const struct slip_digest *blob)
{
    assert_int_equal(unlinkat(s->store.blobs, blob->hex, 0), 0);
    scratch_write(s->store.blobs, blob->hex, "hellO");
}

static void remove_blob(struct scratch *s, const struct slip_digest *blob)
{
    assert_int_equal(unlinkat(s->store.blobs, blob->hex, 0), 0);
}

static void stray_blob(struct scratch *s, const struct slip_digest *blob)
{
    (void)blob;
    scratch_write(s->store.blobs, "stray", "");
}

static void change_record(struct scratch *s, const struct slip_digest *blob)
{
    (void)blob;
    scratch_write(s->store.records, "01/" KEY, "x\n{}\n");
}

static void empty_snapshot(struct scratch *s, const struct slip_digest *blob)
{
    struct slip_error err = SLIP_ERROR_INIT;

    (void)blob;
    assert_int_equal(slip_remove_tree(s->store.snapshots, KEY "/fs", &err), 0);
}

static void change_ref(struct scratch *s, const struct slip_digest *blob)
{
    (void)blob;
    scratch_write(s->store.refs, "a%3A1", "sha256:00\na:1\n");
}

static void rename_ref(struct scratch *s, const struct slip_digest *blob)
{
    (void)blob;
    assert_int_equal(renameat(s->store.refs, "a%3A1", s->store.refs, "b%3A1"), 0);
}

#define HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

static const struct damage {
    const char *name;
    void (*inflict)(struct scratch *s, const struct slip_digest *blob);
    const char *found;
} damages[] = {
    { "a changed blob", change_blob,
      "blob sha256:" HELLO " holds 5 bytes of "
      "sha256:04a6f55face2f46be8c23f627d539827615851e10751b63ec59db6d2c706b770" },
    { "a missing blob", remove_blob,
      "the name 'a:1' stands for blob sha256:" HELLO ", which is not there" },
    { "a stray file among blobs", stray_blob, "blobs/sha256/stray is not named by a digest" },
    { "a damaged record", change_record, "record " KEY " is damaged (and will be ignored)" },
    { "a snapshot without content", empty_snapshot,
      "snapshot " KEY ": it has no content" },
    { "a damaged ref", change_ref, "refs/a%3A1 is damaged" },
    { "a ref under another name", rename_ref, "refs/b%3A1 is of another name, 'a:1'" },
};

static void finds_damage(void **state)
{
    const struct damage *damage = *state;
    slip_cleanup(slip_strv_release) struct slip_strv found = SLIP_STRV_INIT;
    struct slip_digest blob;
    void *scratch;

    scratch_setup(&scratch);
    struct scratch *s = scratch;
    fill(s, &blob);
    assert_int_equal(scratch_verify(s, &found), 0);
    damage->inflict(s, &blob);
    assert_int_equal(scratch_verify(s, &found), 1);
    assert_string_equal(found.v[0], damage->found);
    scratch_teardown(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(opens_what_it_made),
        SCRATCH_TEST(refuses_a_directory_in_use),
        SCRATCH_TEST(finishes_a_store_half_made),
        SCRATCH_TEST(refuses_another_format),
        SCRATCH_TEST(a_session_is_made_once_and_goes),
        SCRATCH_TEST(sweeps_what_the_dead_left),
        SCRATCH_TEST(measures_itself),
    };

    return cmocka_run_group_tests_name("store", tests, NULL, NULL) +
           SLIP_RUN_ROWS("store damage", damages, finds_damage);
}
