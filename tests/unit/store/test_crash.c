/* Writers of every kind, killed at a random moment: whatever is there afterwards is right, and
 * nothing else is there once the next build has begun. */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "scratch.h"
#include "store/blob.h"
#include "store/record.h"
#include "store/snapshot.h"

#define ROUNDS 40
#define WRITERS 3

static unsigned next(unsigned *seed)
{
    *seed = *seed * 1103515245U + 12345U;
    return *seed >> 8;
}

static int write_once(struct slip_store *store, unsigned *seed, struct slip_error *err)
{
    slip_cleanup(slip_snapshot_release) struct slip_snapshot snapshot = SLIP_SNAPSHOT_INIT;
    unsigned what = next(seed) % 64;
    char bytes[64 << 8], key[65], name[24];
    struct slip_digest digest;

    memset(bytes, (int)what, sizeof bytes);
    memset(key, "0123456789abcdef"[what % 16], 64);
    key[64] = '\0';
    snprintf(name, sizeof name, "app:%u", what % 16);
    if (slip_blob_put(store, bytes, (what + 1) << 8, &digest, err) < 0 ||
        slip_ref_set(store, name, &digest, err) < 0)
        return -1;
    json_t *value = json_pack("{s:s}", "manifest", digest.hex);
    int rc = slip_record_put(store, key, value, err);
    json_decref(value);
    if (rc < 0 || slip_snapshot_begin(&snapshot, store, err) < 0)
        return -1;
    scratch_write(snapshot.fs, "one", "1");
    scratch_write(snapshot.fs, "two", "2");
    if (next(seed) % 8 == 0)
        return 0;
    return slip_snapshot_commit(&snapshot, key, err);
}

static void writer(const char *path, unsigned seed)
{
    for (;;) {
        struct slip_store store;
        struct slip_error err = SLIP_ERROR_INIT;
        if (slip_store_open(&store, path, &err) < 0)
            _exit(1);
        for (int i = 0; i < 8; i++)
            if (write_once(&store, &seed, &err) < 0)
                _exit(2);
        slip_store_close(&store);
    }
}

static void is_valid_after_kills(void **state)
{
    struct scratch *s = *state;
    slip_cleanup(slip_strv_release) struct slip_strv found = SLIP_STRV_INIT;
    unsigned seed = 1;

    for (unsigned round = 0; round < ROUNDS; round++) {
        pid_t pids[WRITERS];
        for (unsigned i = 0; i < WRITERS; i++) {
            pids[i] = fork();
            if (pids[i] == 0)
                writer(s->path, round * WRITERS + i + 1);
        }
        usleep(2000 + next(&seed) % 30000);
        for (unsigned i = 0; i < WRITERS; i++) {
            int status;
            kill(pids[i], SIGKILL);
            assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
            assert_true(WIFSIGNALED(status)); /* else a writer met an error */
        }
        assert_int_equal(scratch_verify(s, &found), 0);
    }
    assert_true(scratch_count(s->store.blobs, ".") > 0);
    assert_true(slip_store_session(&s->store, &s->err) >= 0);
    assert_int_equal(scratch_count(s->store.run, "."), 1);
    assert_int_equal(scratch_count(s->store.ingest, "."), 0);
    slip_cleanup(slip_strv_release) struct slip_strv ids = SLIP_STRV_INIT;
    assert_int_equal(slip_list_dir(s->store.snapshots, ".", &ids, &s->err), 0);
    assert_true(ids.n > 0);
    for (size_t i = 0; i < ids.n; i++) {
        slip_cleanup(slip_closep) int fs = slip_snapshot_open(&s->store, ids.v[i], &s->err);
        assert_int_equal(scratch_count(fs, "."), 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { SCRATCH_TEST(is_valid_after_kills) };

    return cmocka_run_group_tests_name("crash", tests, NULL, NULL);
}
