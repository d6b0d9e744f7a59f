#include "store/record.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>

#include "scratch.h"
#include "store/blob.h"

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define FILE_OF_KEY "01/" KEY

static void put(struct scratch *s, int n)
{
    json_t *value = json_pack("{s:i, s:s}", "n", n, "text", "grün");

    assert_int_equal(slip_record_put(&s->store, KEY, value, &s->err), 0);
    json_decref(value);
}

static void gives_what_was_put(void **state)
{
    struct scratch *s = *state;

    assert_null(slip_record_get(&s->store, KEY));
    put(s, 1);
    put(s, 2);
    json_t *value = slip_record_get(&s->store, KEY);
    assert_non_null(value);
    assert_int_equal(json_integer_value(json_object_get(value, "n")), 2);
    assert_string_equal(slip_json_str(value, "text"), "grün");
    json_decref(value);
    assert_int_equal(scratch_count(s->store.ingest, "."), 0);
}

static void refuses_what_it_could_not_give_back(void **state)
{
    struct scratch *s = *state;
    json_t *value = json_pack("{s:o}", "name", json_string_nocheck("\xff"));

    assert_int_equal(slip_record_put(&s->store, KEY, value, &s->err), -1);
    assert_int_equal(s->err.code, SLIP_EINPUT);
    assert_int_equal(slip_record_put(&s->store, "../x", value, &s->err), -1);
    assert_null(slip_record_get(&s->store, "../x"));
    json_decref(value);
}

static const struct damage {
    const char *name;
    size_t at; /* byte to change; SIZE_MAX: cut the file here instead */
    size_t length;
} damages[] = {
    { "a byte of the checksum", 3, 0 },      { "a byte of the value", 70, 0 },
    { "the newline between", 64, 0 },        { "cut to nothing", SIZE_MAX, 0 },
    { "cut in the checksum", SIZE_MAX, 40 }, { "cut after the checksum", SIZE_MAX, 65 },
    { "cut in the value", SIZE_MAX, 80 },
};

static void damage_is_a_miss(void **state)
{
    const struct damage *row = *state;
    void *scratch;

    scratch_setup(&scratch);
    struct scratch *s = scratch;
    put(s, 1);
    slip_cleanup(slip_closep) int fd = openat(s->store.records, FILE_OF_KEY, O_RDWR | O_CLOEXEC);
    if (row->at == SIZE_MAX)
        assert_int_equal(ftruncate(fd, (off_t)row->length), 0);
    else
        assert_int_equal(pwrite(fd, "~", 1, (off_t)row->at), 1);
    assert_null(slip_record_get(&s->store, KEY));
    put(s, 2);
    json_t *value = slip_record_get(&s->store, KEY);
    assert_non_null(value);
    json_decref(value);
    scratch_teardown(&scratch);
}

static void remembers_its_last_use(void **state)
{
    struct scratch *s = *state;
    const struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
    struct stat before, after;

    put(s, 1);
    assert_int_equal(utimensat(s->store.records, FILE_OF_KEY, old, 0), 0);
    json_decref(slip_record_get(&s->store, KEY));
    assert_int_equal(fstatat(s->store.records, FILE_OF_KEY, &before, 0), 0);
    assert_true(before.st_mtime > time(NULL) - 60);
    json_decref(slip_record_get(&s->store, KEY));
    assert_int_equal(fstatat(s->store.records, FILE_OF_KEY, &after, 0), 0);
    assert_int_equal(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
}

static const struct ref {
    const char *name, *file; /* NULL: whatever it is called */
} refs[] = {
    { "app", "app" },
    { "ghcr.io/acme/app:1.4", "ghcr.io%2Facme%2Fapp%3A1.4" },
    { "localhost:5000/a_b-c", "localhost%3A5000%2Fa_b-c" },
    { ".", "%2E" },
    { "..", "%2E." },
    { "../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd" },
    { "%2E", "%252E" },
    { "a b\nc\t\"", "a%20b%0Ac%09%22" },
    { "grün", "gr%C3%BCn" },
    { "\xff\x01", "%FF%01" },
    { "------------------------------------------------------------------------------------------"
      "------------------------------------------------------------------------------------------"
      "------------------------------------------------------------------------------------------",
      NULL },
    { "//////////////////////////////////////////////////////////////////////////////////////////"
      "//////////////////////////////////////////////////////////////////////////////////////////",
      NULL },
};

static void any_text_is_a_name(void **state)
{
    const struct ref *row = *state;
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv found = SLIP_STRV_INIT;
    slip_cleanup(slip_freep) char *other = slip_xasprintf("%s?", row->name);
    struct slip_digest one, two, got;
    void *scratch;

    scratch_setup(&scratch);
    struct scratch *s = scratch;
    assert_int_equal(slip_blob_put(&s->store, "1", 1, &one, &s->err), 0);
    assert_int_equal(slip_blob_put(&s->store, "2", 1, &two, &s->err), 0);
    assert_int_equal(slip_ref_get(&s->store, row->name, &got, &s->err), 0);
    assert_int_equal(slip_ref_set(&s->store, row->name, &one, &s->err), 0);
    if (row->file)
        assert_int_equal(faccessat(s->store.refs, row->file, F_OK, 0), 0);
    assert_int_equal(slip_ref_set(&s->store, row->name, &two, &s->err), 0);
    assert_int_equal(slip_ref_set(&s->store, other, &one, &s->err), 0);
    assert_int_equal(slip_ref_get(&s->store, row->name, &got, &s->err), 1);
    assert_string_equal(got.hex, two.hex);
    assert_int_equal(slip_ref_list(&s->store, &names, &s->err), 0);
    assert_int_equal(names.n, 2);
    assert_string_equal(names.v[0], row->name);
    assert_string_equal(names.v[1], other);
    assert_int_equal(scratch_verify(s, &found), 0);
    assert_int_equal(slip_ref_remove(&s->store, row->name, &s->err), 0);
    assert_int_equal(slip_ref_remove(&s->store, row->name, &s->err), 0);
    assert_int_equal(slip_ref_get(&s->store, row->name, &got, &s->err), 0);
    scratch_teardown(&scratch);
}

static void a_damaged_name_is_an_error_until_set_again(void **state)
{
    struct scratch *s = *state;
    struct slip_digest one, got;

    assert_int_equal(slip_blob_put(&s->store, "1", 1, &one, &s->err), 0);
    assert_int_equal(slip_ref_set(&s->store, "app", &one, &s->err), 0);
    scratch_write(s->store.refs, "app", "");
    assert_int_equal(slip_ref_get(&s->store, "app", &got, &s->err), -1);
    assert_int_equal(s->err.code, SLIP_EINTEGRITY);
    assert_int_equal(slip_ref_set(&s->store, "app", &one, &s->err), 0);
    assert_int_equal(slip_ref_get(&s->store, "app", &got, &s->err), 1);
    assert_int_equal(slip_ref_set(&s->store, "", &one, &s->err), -1);
}

static void an_unchanged_name_is_not_written(void **state)
{
    struct scratch *s = *state;
    struct slip_digest one;
    struct stat before, after;

    assert_int_equal(slip_blob_put(&s->store, "1", 1, &one, &s->err), 0);
    assert_int_equal(slip_ref_set(&s->store, "app", &one, &s->err), 0);
    assert_int_equal(fstatat(s->store.refs, "app", &before, 0), 0);
    assert_int_equal(slip_ref_set(&s->store, "app", &one, &s->err), 0);
    assert_int_equal(fstatat(s->store.refs, "app", &after, 0), 0);
    assert_int_equal(before.st_ino, after.st_ino);
}

static void a_lock_excludes_until_closed(void **state)
{
    struct scratch *s = *state;
    int ends[2], status;
    char got;

    int fd = slip_store_lock_name(&s->store, "a/key", &s->err);
    assert_true(fd >= 0);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct slip_store store;
        struct slip_error err = SLIP_ERROR_INIT;
        close(fd);
        if (slip_store_open(&store, s->path, &err) < 0 ||
            slip_store_lock_name(&store, "a/other", &err) < 0 || write(ends[1], "o", 1) != 1 ||
            slip_store_lock_name(&store, "a/key", &err) < 0 || write(ends[1], "k", 1) != 1)
            _exit(1);
        _exit(0);
    }
    assert_int_equal(read(ends[0], &got, 1), 1);
    assert_int_equal(got, 'o');
    usleep(50000);
    assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
    close(fd);
    assert_int_equal(read(ends[0], &got, 1), 1);
    assert_int_equal(got, 'k');
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(slip_store_lock_name(&s->store, "", &s->err), -1);
}

static void a_lock_can_be_shared(void **state)
{
    struct scratch *s = *state;
    int one = -1, two = -1, alone = -1;

    assert_int_equal(slip_store_try_lock_name(&s->store, "key", true, &one, &s->err), 1);
    assert_int_equal(slip_store_try_lock_name(&s->store, "key", true, &two, &s->err), 1);
    assert_int_equal(slip_store_try_lock_name(&s->store, "key", false, &alone, &s->err), 0);
    (void)close(one);
    assert_int_equal(slip_store_try_lock_name(&s->store, "key", false, &alone, &s->err), 0);
    (void)close(two);
    assert_int_equal(slip_store_try_lock_name(&s->store, "key", false, &alone, &s->err), 1);
    assert_int_equal(slip_store_try_lock_name(&s->store, "key", true, &one, &s->err), 0);
    assert_int_equal(slip_store_try_lock_name(&s->store, "other", true, &one, &s->err), 1);
    (void)close(one);
    (void)close(alone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(gives_what_was_put),
        SCRATCH_TEST(refuses_what_it_could_not_give_back),
        SCRATCH_TEST(remembers_its_last_use),
        SCRATCH_TEST(a_damaged_name_is_an_error_until_set_again),
        SCRATCH_TEST(an_unchanged_name_is_not_written),
        SCRATCH_TEST(a_lock_excludes_until_closed),
        SCRATCH_TEST(a_lock_can_be_shared),
    };

    return cmocka_run_group_tests_name("record", tests, NULL, NULL) +
           SLIP_RUN_ROWS("record damage", damages, damage_is_a_miss) +
           SLIP_RUN_ROWS("record names", refs, any_text_is_a_name);
}
