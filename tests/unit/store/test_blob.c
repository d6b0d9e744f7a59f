#include "store/blob.h"

#include <errno.h>
#include <pthread.h>

#include "scratch.h"

#define HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

static void a_committed_draft_is_a_blob(void **state)
{
    struct scratch *s = *state;
    slip_cleanup(slip_draft_release) struct slip_draft draft = SLIP_DRAFT_INIT;
    struct slip_digest digest;
    struct stat st;
    uint64_t size;

    assert_int_equal(slip_draft_open(&draft, &s->store, &s->err), 0);
    assert_int_equal(slip_draft_write(&draft, "hel", 3, &s->err), 0);
    assert_int_equal(slip_draft_write(&draft, "lo", 2, &s->err), 0);
    assert_int_equal(scratch_count(s->store.blobs, "."), 0);
    assert_int_equal(slip_draft_commit(&draft, NULL, &digest, &s->err), 0);
    assert_string_equal(digest.hex, HELLO);
    assert_int_equal(slip_blob_has(&s->store, &digest, &s->err), 1);
    slip_cleanup(slip_closep) int fd = slip_blob_open(&s->store, &digest, &size, &s->err);
    assert_int_equal(size, 5);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0444);
}

static void a_named_draft_is_as_good(void **state)
{
    struct scratch *s = *state;
    slip_cleanup(slip_draft_release) struct slip_draft draft = SLIP_DRAFT_INIT;
    struct slip_digest digest;

    /* As on a file system without O_TMPFILE. */
    draft.store = &s->store;
    memcpy(draft.name, "named", 6);
    draft.fd = openat(s->store.ingest, "named", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(slip_draft_write(&draft, "hello", 5, &s->err), 0);
    assert_int_equal(slip_draft_commit(&draft, NULL, &digest, &s->err), 0);
    assert_int_equal(slip_blob_has(&s->store, &digest, &s->err), 1);
    assert_int_equal(scratch_count(s->store.ingest, "."), 0);

    draft.fd = openat(s->store.ingest, "named", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    memcpy(draft.name, "named", 6);
    slip_draft_release(&draft);
    assert_int_equal(scratch_count(s->store.ingest, "."), 0);
}

static void the_same_twice_is_success(void **state)
{
    struct scratch *s = *state;
    struct slip_digest a, b;

    assert_int_equal(slip_blob_put(&s->store, "x", 1, &a, &s->err), 0);
    assert_int_equal(slip_blob_put(&s->store, "x", 1, &b, &s->err), 0);
    assert_true(slip_digest_equal(&a, &b));
    assert_int_equal(scratch_count(s->store.blobs, "."), 1);
}

static void a_cut_off_blob_is_healed(void **state)
{
    struct scratch *s = *state;
    slip_cleanup(slip_strv_release) struct slip_strv found = SLIP_STRV_INIT;

    scratch_write(s->store.blobs, HELLO, "hel");
    assert_int_equal(scratch_verify(s, &found), 1);
    assert_int_equal(slip_blob_put(&s->store, "hello", 5, NULL, &s->err), 0);
    assert_int_equal(scratch_verify(s, &found), 0);
    assert_int_equal(scratch_count(s->store.ingest, "."), 0);
}

static void other_bytes_are_refused(void **state)
{
    struct scratch *s = *state;
    slip_cleanup(slip_draft_release) struct slip_draft draft = SLIP_DRAFT_INIT;
    struct slip_digest want = { HELLO }, got = { "" };

    assert_int_equal(slip_draft_open(&draft, &s->store, &s->err), 0);
    assert_int_equal(slip_draft_write(&draft, "hullo", 5, &s->err), 0);
    assert_int_equal(slip_draft_commit(&draft, &want, &got, &s->err), -1);
    assert_int_equal(s->err.code, SLIP_EINTEGRITY);
    assert_string_equal(got.hex, "");
    slip_draft_release(&draft);
    assert_int_equal(scratch_count(s->store.blobs, "."), 0);
}

static const struct import {
    const char *name, *bytes;
    uint64_t limit;
    enum slip_errc code; /* 0: success */
} imports[] = {
    { "as many as allowed", "hello", 5, 0 },
    { "fewer than allowed", "hello", UINT64_MAX, 0 },
    { "one too many", "hello", 4, SLIP_EINTEGRITY },
    { "none allowed", "h", 0, SLIP_EINTEGRITY },
    { "nothing", "", 0, 0 },
};

static void imports_up_to_its_limit(void **state)
{
    const struct import *row = *state;
    struct slip_digest digest;
    void *scratch;
    int ends[2];

    scratch_setup(&scratch);
    struct scratch *s = scratch;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(slip_write_all(ends[1], row->bytes, strlen(row->bytes)), 0);
    close(ends[1]);
    int rc = slip_blob_import(&s->store, ends[0], row->limit, NULL, &digest, &s->err);
    close(ends[0]);
    assert_int_equal(rc, row->code ? -1 : 0);
    assert_int_equal(s->err.code, row->code);
    assert_int_equal(scratch_count(s->store.blobs, "."), row->code ? 0 : 1);
    scratch_teardown(&scratch);
}

static const struct absent {
    const char *name, *hex;
} absents[] = {
    { "not held", HELLO },
    { "unset", "" },
    { "no digest", "../../../../etc/passwd" },
    { "upper case", "2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824" },
};

static void says_that_it_has_not(void **state)
{
    const struct absent *row = *state;
    struct slip_digest digest = SLIP_DIGEST_INIT;
    void *scratch;

    scratch_setup(&scratch);
    struct scratch *s = scratch;
    memcpy(digest.hex, row->hex, strlen(row->hex));
    assert_int_equal(slip_blob_has(&s->store, &digest, &s->err), 0);
    assert_int_equal(slip_blob_open(&s->store, &digest, NULL, &s->err), -1);
    assert_int_equal(s->err.sys_errno, ENOENT);
    scratch_teardown(&scratch);
}

static void *put_many(void *arg)
{
    struct scratch *s = arg;
    struct slip_error err = SLIP_ERROR_INIT;

    for (unsigned i = 0; i < 50; i++)
        if (slip_blob_put(&s->store, &i, sizeof i, NULL, &err) < 0)
            return &s->err;
    return NULL;
}

static void threads_agree(void **state)
{
    struct scratch *s = *state;
    pthread_t threads[4];
    slip_cleanup(slip_strv_release) struct slip_strv found = SLIP_STRV_INIT;

    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, put_many, s), 0);
    for (size_t i = 0; i < 4; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(scratch_count(s->store.blobs, "."), 50);
    assert_int_equal(scratch_count(s->store.ingest, "."), 0);
    assert_int_equal(scratch_verify(s, &found), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(a_committed_draft_is_a_blob), SCRATCH_TEST(a_named_draft_is_as_good),
        SCRATCH_TEST(the_same_twice_is_success),   SCRATCH_TEST(a_cut_off_blob_is_healed),
        SCRATCH_TEST(other_bytes_are_refused),     SCRATCH_TEST(threads_agree),
    };

    return cmocka_run_group_tests_name("blob", tests, NULL, NULL) +
           SLIP_RUN_ROWS("blob import", imports, imports_up_to_its_limit) +
           SLIP_RUN_ROWS("blob absent", absents, says_that_it_has_not);
}
