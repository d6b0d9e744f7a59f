#include "ui/ui.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "stage.h"
#include "util/fs.h"

struct dir {
    char path[32];
    int fd;
};

static void dir_open(struct dir *dir)
{
    snprintf(dir->path, sizeof dir->path, "/tmp/slip-ui-XXXXXX");
    assert_non_null(mkdtemp(dir->path));
    dir->fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(dir->fd >= 0);
}

static void dir_close(struct dir *dir)
{
    struct slip_error err = SLIP_ERROR_INIT;

    close(dir->fd);
    assert_int_equal(slip_remove_tree(AT_FDCWD, dir->path, &err), 0);
}

static void a_log_is_complete_and_unclipped(void **state)
{
    struct stage stage;
    struct dir dir;
    struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf want = SLIP_BUF_INIT, got = SLIP_BUF_INIT;
    char name[16];

    (void)state;
    dir_open(&dir);
    stage_open(&stage, (struct slip_ui_options){ .mode = SLIP_PROGRESS_QUIET, .log_dir = dir.fd });
    say_step(&stage, 7, "RUN make");
    say_step(&stage, 8, "RUN silent");
    for (unsigned i = 0; i < 40000; i++) {
        slip_cleanup(slip_freep) char *line = slip_xasprintf(
            "%u \033[31mwarning\033[0m: unused variable \xff%s", i, i % 3 ? "\n" : "\r");
        say_log(&stage, 7, 1 + (int)(i % 2), line);
        slip_buf_puts(&want, line);
    }
    say_end(&stage, 7, SLIP_EVENT_DONE, NULL);
    say_end(&stage, 8, SLIP_EVENT_DONE, NULL);
    stage_close(&stage);
    stage_release(&stage);
    assert_string_equal(slip_ui_log_name(7, name), "7.log");
    assert_int_equal(slip_read_file(dir.fd, name, 16 << 20, &got, &err), 0);
    assert_int_equal(got.len, want.len);
    assert_memory_equal(got.data, want.data, want.len);
    assert_int_equal(faccessat(dir.fd, "8.log", F_OK, 0), -1); /* it wrote nothing */
    dir_close(&dir);
}

static void a_log_that_cannot_be_kept_is_a_warning(void **state)
{
    struct stage stage;
    struct dir dir;

    (void)state;
    dir_open(&dir);
    assert_int_equal(mkdirat(dir.fd, "1.log", 0700), 0);
    stage_open(&stage, (struct slip_ui_options){ .mode = SLIP_PROGRESS_QUIET, .log_dir = dir.fd });
    say_step(&stage, 1, "RUN make");
    say_log(&stage, 1, 1, "a\n");
    say_log(&stage, 1, 1, "b\n");
    stage_close(&stage);
    assert_string_equal(stage.text, "warning: cannot keep the log of step 1: Is a directory\n");
    stage_release(&stage);
    dir_close(&dir);
}

struct talker {
    struct slip_events *events;
    unsigned step;
};

static void *talk(void *arg)
{
    struct talker *talker = arg;

    slip_emit(
        talker->events,
        &(struct slip_event){ .kind = SLIP_EVENT_STEP, .step = talker->step, .name = "RUN talk" });
    for (int i = 0; i < 500; i++) {
        slip_emit(talker->events, &(struct slip_event){ .kind = SLIP_EVENT_LOG,
                                                        .step = talker->step,
                                                        .text = "so it is\n",
                                                        .len = 9,
                                                        .fd = 1 });
        if (i % 100 == 0)
            usleep(1000);
    }
    slip_emit(talker->events,
              &(struct slip_event){ .kind = SLIP_EVENT_DONE, .step = talker->step });
    return NULL;
}

static const struct mode {
    const char *name;
    enum slip_progress mode;
} modes[] = {
    { "plain", SLIP_PROGRESS_PLAIN },
    { "tty", SLIP_PROGRESS_TTY },
    { "json", SLIP_PROGRESS_JSON },
    { "quiet", SLIP_PROGRESS_QUIET },
};

/* With the real clock and the drawing thread. */
static void many_threads_may_talk(void **state)
{
    const struct mode *row = *state;
    struct slip_ui *ui;
    struct slip_error err = SLIP_ERROR_INIT;
    struct talker talkers[4];
    pthread_t threads[4];
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    assert_int_equal(slip_ui_open(&ui,
                                  &(struct slip_ui_options){ .mode = row->mode,
                                                             .out = out,
                                                             .term = "xterm",
                                                             .log_dir = -1,
                                                             .columns = 80,
                                                             .rows = 24 },
                                  &err),
                     0);
    for (unsigned i = 0; i < 4; i++) {
        talkers[i] = (struct talker){ slip_ui_events(ui), i + 1 };
        assert_int_equal(pthread_create(&threads[i], NULL, talk, &talkers[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    slip_ui_close(ui);
    fclose(out);
    size_t lines = 0;
    for (const char *p = text; (p = strstr(p, "so it is")); p++)
        lines++;
    if (row->mode == SLIP_PROGRESS_PLAIN || row->mode == SLIP_PROGRESS_JSON)
        assert_int_equal(lines, 2000);
    if (row->mode == SLIP_PROGRESS_TTY)
        assert_non_null(strstr(text, "(4/4) FINISHED"));
    if (row->mode == SLIP_PROGRESS_QUIET)
        assert_int_equal(len, 0);
    free(text);
}

static void knows_its_modes(void **state)
{
    enum slip_progress mode;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    (void)state;
    assert_int_equal(slip_progress_parse("json", &mode, &err), 0);
    assert_int_equal(mode, SLIP_PROGRESS_JSON);
    assert_int_equal(slip_progress_parse("plane", &mode, &err), -1);
    assert_int_equal(err.code, SLIP_EUSAGE);
    assert_string_equal(err.hint, "did you mean 'plain'?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_is_complete_and_unclipped),
        cmocka_unit_test(a_log_that_cannot_be_kept_is_a_warning),
        cmocka_unit_test(knows_its_modes),
    };

    return cmocka_run_group_tests_name("ui", tests, NULL, NULL) +
           SLIP_RUN_ROWS("ui threads", modes, many_threads_may_talk);
}
