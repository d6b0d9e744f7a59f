#include "main.h"

#include <signal.h>

#include "util/sealed.h"

static const volatile sig_atomic_t cancelled = 1;

static const struct row {
    const char *name, *script;
    int status;
    const char *answer, *complaints;
} rows[] = {
    { "both streams", "echo out; echo err >&2", 0, "out\n", "err\n" },
    { "its end", "exit 3", 3, "", "" },
    { "killed", "kill -9 $$", 137, "", "" },
    { "no input", "cat; echo end", 0, "end\n", "" },
    { "only what it is told", "echo $TOLD-$HIDDEN", 0, "yes-\n", "" },
    { "its own umask", "umask", 0, "0022\n", "" },
    { "much on both",
      "i=0; while [ $i -lt 3000 ]; do echo 0123456789; echo abcdefghi >&2; i=$((i+1)); done", 0,
      NULL, NULL },
};

static void runs(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf answer = SLIP_BUF_INIT,
                                                   complaints = SLIP_BUF_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv env = SLIP_STRV_INIT;
    slip_cleanup(slip_freep) char *script = slip_xstrdup(row->script);
    char *const argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, script, NULL };
    int status = -1;

    (void)setenv("HIDDEN", "x", 1);
    slip_strv_setenv(&env, "TOLD", "yes");
    const struct slip_sealed sealed = { .argv = argv, .env = &env };
    assert_int_equal(slip_sealed_run(&sealed, &answer, &complaints, &status, &err), 0);
    assert_int_equal(status, row->status);
    if (row->answer) {
        assert_string_equal(slip_buf_str(&answer), row->answer);
        assert_string_equal(slip_buf_str(&complaints), row->complaints);
        return;
    }
    assert_int_equal(answer.len, 33000);
    assert_in_range(complaints.len, 4096, 8192 + 4096);
    assert_string_equal(complaints.data + complaints.len - 10, "abcdefghi\n");
}

static void says_what_is_missing(void **state)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf complaints = SLIP_BUF_INIT;
    char *const argv[] = { (char[]){ "no-such-program-here" }, NULL };
    const struct slip_sealed sealed = { .argv = argv, .env = &(struct slip_strv){ 0 } };
    int status;

    (void)state;
    assert_int_equal(slip_sealed_run(&sealed, NULL, &complaints, &status, &err), -1);
    assert_int_equal(err.code, SLIP_EHOST);
}

static void stops_when_told(void **state)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf complaints = SLIP_BUF_INIT;
    char *const argv[] = { (char[]){ "sleep" }, (char[]){ "60" }, NULL };
    const struct slip_sealed sealed = { argv, &(struct slip_strv){ 0 }, &cancelled };
    int status;

    (void)state;
    assert_int_equal(slip_sealed_run(&sealed, NULL, &complaints, &status, &err), -1);
    assert_int_equal(err.code, SLIP_ECANCELLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_missing),
        cmocka_unit_test(stops_when_told),
    };
    int failed = SLIP_RUN_ROWS("sealed", rows, runs);

    return failed + cmocka_run_group_tests_name("sealed, more", tests, NULL, NULL);
}
