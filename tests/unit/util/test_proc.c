#include "main.h"

#include <stdbool.h>
#include <time.h>

#include "util/proc.h"

/* What a program that is told "word" makes of it, in at most a second. */
static const struct row {
    const char *name, *script;
    int rc, status;
    const char *answer; /* NULL: not looked at */
} rows[] = {
    { "reads and answers", "cat; echo .", 0, 0, "word.\n" },
    { "reads nothing", "echo no", 0, 0, "no\n" },
    { "says nothing", ":", 0, 0, "" },
    { "fails", "echo why; exit 3", 0, 3, "why\n" },
    { "is killed", "kill -9 $$", 0, 137, "" },
    { "what it complains of goes nowhere", "echo x >&2", 0, 0, "" },
    { "hangs", "exec sleep 30", -1, 0, NULL },
    { "talks, then hangs", "echo a; exec sleep 30", -1, 0, NULL },
    { "closes its output, then hangs", "exec >&-; exec sleep 30", -1, 0, NULL },
    { "closes its output, then ends", "exec >&-; exit 4", 0, 4, "" },
    { "leaves somebody behind who keeps the output", "sleep 30 & exit 0", -1, 0, NULL },
};

static void is_told(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf answer = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *script = slip_xstrdup(row->script);
    char *const argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, script, NULL };
    time_t before = time(NULL);
    int status = 0;

    assert_int_equal(slip_proc_tell(argv, "word", 1, &answer, &status, &err), row->rc);
    assert_true(time(NULL) - before < 15); /* not the 30 s it would take */
    if (row->rc < 0) {
        assert_non_null(strstr(err.msg, "takes too long"));
        return;
    }
    assert_int_equal(status, row->status);
    assert_string_equal(slip_buf_str(&answer), row->answer);
}

int main(void)
{
    return SLIP_RUN_ROWS("util/proc", rows, is_told);
}
