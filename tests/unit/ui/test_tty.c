#include "screen.h"
#include "stage.h"

static void running(struct stage *s)
{
    say_plan(s, 9);
    say_cached(s, 1, "[build 1/5] FROM debian:12");
    say_step(s, 2, "[build 2/5] RUN apt-get install -y gcc");
    say_log(s, 2, 1, "Reading package lists...\n");
    s->ms = 2300;
    say_end(s, 2, SLIP_EVENT_DONE, NULL);
    say_step(s, 3, "[build 3/5] RUN cmake --build /build");
    for (int i = 1; i <= 12; i++) {
        char line[80];
        snprintf(line, sizeof line, "[%d/318] Building C object CMakeFiles/app.dir/src/%d.c.o\n", i,
                 i);
        say_log(s, 3, 1, line);
    }
    say_log(s, 3, 1, "no end yet");
    stage_at(s, 12340);
}

static void ended(struct stage *s)
{
    running(s);
    say_end(s, 3, SLIP_EVENT_DONE, NULL);
    slip_ui_summary(s->ui, "built app:1");
}

static void failed(struct stage *s)
{
    say_step(s, 1, "[build 1/2] RUN make");
    say_step(s, 2, "[test 1/2] RUN make check");
    say_log(s, 1, 2, "cc: \033[31mfatal\033[0m error\n");
    s->ms = 800;
    say_end(s, 1, SLIP_EVENT_FAILED, "exited with status 1");
    say_end(s, 2, SLIP_EVENT_CANCELED, NULL);
    slip_ui_failure(s->ui,
                    &(struct slip_ui_failure){ .step = 1, .status = "exited with status 1" });
}

static void two_at_once(struct stage *s)
{
    for (unsigned i = 1; i <= 6; i++) {
        char name[32];
        snprintf(name, sizeof name, "[base %u/6] RUN step %u", i, i);
        if (i < 5)
            say_cached(s, i, name);
        else
            say_step(s, i, name);
    }
    for (int i = 0; i < 8; i++) {
        say_log(s, 5, 1, "from five\n");
        say_log(s, 6, 1, "from six\n");
    }
    stage_at(s, 1000);
}

static void warned(struct stage *s)
{
    say_step(s, 1, "RUN a");
    slip_warn(s->events, "the clock is wrong");
    stage_at(s, 1000);
}

static void many_ended(struct stage *s)
{
    two_at_once(s);
    say_end(s, 5, SLIP_EVENT_DONE, NULL);
    say_end(s, 6, SLIP_EVENT_DONE, NULL);
}

static void makefiles(struct stage *s)
{
    say_step(s, 1, "RUN make");
    say_log(s, 1, 1, "[ 42%] Building C object a.o\nwarning: [1/2] is not progress\n");
    say_log(s, 1, 1, "fetching 10%\rfetching 20%\r");
    stage_at(s, 1000);
}

static void wide(struct stage *s)
{
    say_step(s, 1, "RUN echo \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e and a name that goes on and on");
    stage_at(s, 1000);
}

static void pulling(struct stage *s)
{
    say_plan(s, 3);
    say_step(s, 1, "[build 1/3] FROM debian:12");
    say_moved(s, "pulling library/debian 3f4e", 0, 48200000, NULL);
    say_moved(s, "pulling library/debian 5a6b", 0, 900, NULL);
    s->ms = 2000;
    say_moved(s, "pulling library/debian 5a6b", 900, 900, NULL);
    say_moved(s, "pulling library/debian 3f4e", 21300000, 48200000, NULL);
    stage_at(s, 2200);
}

static void pulled(struct stage *s)
{
    pulling(s);
    say_moved(s, "pulling library/debian 3f4e", 48200000, 48200000, NULL);
    say_end(s, 1, SLIP_EVENT_DONE, NULL);
}

static void without_steps(struct stage *s)
{
    say_moved(s, "pulling app 1", 0, 100, NULL);
    say_moved(s, "pulling app 2", 0, 100, NULL);
    s->ms = 1000;
    say_moved(s, "pulling app 2", 50, 100, NULL);
}

static void nothing_is_left(struct stage *s)
{
    without_steps(s);
    say_moved(s, "pulling app 1", 100, 100, NULL);
    say_moved(s, "pulling app 2", 100, 100, "cut off");
}

static void more_than_fit(struct stage *s)
{
    say_step(s, 1, "RUN a");
    say_log(s, 1, 1, "not shown\n");
    for (unsigned i = 0; i < 40; i++) {
        char name[32];
        snprintf(name, sizeof name, "pulling %u", i);
        say_moved(s, name, 1, 100, NULL);
    }
    stage_at(s, 1000);
}

static const struct row {
    const char *name;
    void (*play)(struct stage *s);
    unsigned columns, rows;
    bool close;
    const char *screen;
} rows[] = {
    { "running, 80 columns", running, 80, 24, false,
      "[+] Building 12.3s (2/9)\n"
      " => CACHED [build 1/5] FROM debian:12                                       0.0s\n"
      " => [build 2/5] RUN apt-get install -y gcc                                  2.3s\n"
      " => [build 3/5] RUN cmake --build /build                         [12/318]  10.0s\n"
      "    [8/318] Building C object CMakeFiles/app.dir/src/8.c.o\n"
      "    [9/318] Building C object CMakeFiles/app.dir/src/9.c.o\n"
      "    [10/318] Building C object CMakeFiles/app.dir/src/10.c.o\n"
      "    [11/318] Building C object CMakeFiles/app.dir/src/11.c.o\n"
      "    [12/318] Building C object CMakeFiles/app.dir/src/12.c.o\n"
      "    no end yet\n" },
    { "running, 40 columns", running, 40, 24, false,
      "[+] Building 12.3s (2/9)\n"
      " => CACHED [build 1/5] FROM debi... 0.0s\n"
      " => [build 2/5] RUN apt-get inst... 2.3s\n"
      " => [build 3/5] RUN c... [12/318]  10.0s\n"
      "    [8/318] Building C object CMakeFi...\n"
      "    [9/318] Building C object CMakeFi...\n"
      "    [10/318] Building C object CMakeF...\n"
      "    [11/318] Building C object CMakeF...\n"
      "    [12/318] Building C object CMakeF...\n"
      "    no end yet\n" },
    { "pulling", pulling, 90, 24, false,
      "[+] Building 2.2s (0/3)\n"
      " => [build 1/3] FROM debian:12                                                        2.2s\n"
      "    pulling library/debian 3f4e    [========>           ]   44%  21.3 of 48.2 MB  9.7 "
      "MB/s\n" },
    { "pulling, 40 columns", pulling, 40, 24, false,
      "[+] Building 2.2s (0/3)\n"
      " => [build 1/3] FROM debian:12      2.2s\n"
      "    pulling library/debian 3f4e      44%\n" },
    { "pulled", pulled, 40, 24, true,
      "[+] Building 2.2s (1/3) FINISHED\n"
      " => [build 1/3] FROM debian:12      2.2s\n" },
    { "without steps", without_steps, 40, 24, false,
      "    pulling app 1                     0%\n"
      "    pulling app 2                    50%\n" },
    { "nothing is left", nothing_is_left, 40, 24, true, "" },
    { "more than fit", more_than_fit, 40, 5, false,
      "[+] Building 1.0s (0/1)\n"
      " => RUN a                           1.0s\n"
      "    pulling 0                         1%\n"
      "    pulling 1                         1%\n" },
    { "ended", ended, 40, 24, true,
      "[+] Building 12.3s (3/9) FINISHED\n"
      " => CACHED [build 1/5] FROM debi... 0.0s\n"
      " => [build 2/5] RUN apt-get inst... 2.3s\n"
      " => [build 3/5] RUN cmake --bui... 10.0s\n"
      "built app:1 in 12.3s (3 steps, 1 cached)\n" },
    { "failed", failed, 60, 24, true,
      "[+] Building 0.8s (2/2) FAILED\n"
      " => ERROR [build 1/2] RUN make                          0.8s\n"
      " => CANCELED [test 1/2] RUN make check                  0.8s\n"
      "------\n"
      " > [build 1/2] RUN make:\n"
      "cc: fatal error\n"
      "------\n"
      "error: [build 1/2] RUN make exited with status 1\n" },
    { "room for all logs", two_at_once, 40, 20, false,
      "[+] Building 1.0s (4/6)\n"
      " => CACHED [base 1/6] RUN step 1    0.0s\n"
      " => CACHED [base 2/6] RUN step 2    0.0s\n"
      " => CACHED [base 3/6] RUN step 3    0.0s\n"
      " => CACHED [base 4/6] RUN step 4    0.0s\n"
      " => [base 5/6] RUN step 5           1.0s\n"
      "    from five\n    from five\n    from five\n    from five\n    from five\n"
      "    from five\n"
      " => [base 6/6] RUN step 6           1.0s\n"
      "    from six\n    from six\n    from six\n    from six\n    from six\n    from six\n" },
    { "room for some logs", two_at_once, 40, 12, false,
      "[+] Building 1.0s (4/6)\n"
      " => CACHED [base 1/6] RUN step 1    0.0s\n"
      " => CACHED [base 2/6] RUN step 2    0.0s\n"
      " => CACHED [base 3/6] RUN step 3    0.0s\n"
      " => CACHED [base 4/6] RUN step 4    0.0s\n"
      " => [base 5/6] RUN step 5           1.0s\n"
      "    from five\n    from five\n"
      " => [base 6/6] RUN step 6           1.0s\n"
      "    from six\n    from six\n" },
    { "room for no logs", two_at_once, 40, 6, false,
      "[+] Building 1.0s (4/6)\n"
      " => CACHED [base 3/6] RUN step 3    0.0s\n"
      " => CACHED [base 4/6] RUN step 4    0.0s\n"
      " => [base 5/6] RUN step 5           1.0s\n"
      " => [base 6/6] RUN step 6           1.0s\n" },
    { "room for one step", two_at_once, 40, 3, false,
      "[+] Building 1.0s (4/6)\n"
      " => [base 5/6] RUN step 5           1.0s\n" },
    { "at the end all are shown", many_ended, 40, 12, true,
      "[+] Building 1.0s (6/6) FINISHED\n"
      " => CACHED [base 1/6] RUN step 1    0.0s\n"
      " => CACHED [base 2/6] RUN step 2    0.0s\n"
      " => CACHED [base 3/6] RUN step 3    0.0s\n"
      " => CACHED [base 4/6] RUN step 4    0.0s\n"
      " => [base 5/6] RUN step 5           1.0s\n"
      " => [base 6/6] RUN step 6           1.0s\n" },
    { "a warning stays above", warned, 40, 12, false,
      "warning: the clock is wrong\n"
      "[+] Building 1.0s (0/1)\n"
      " => RUN a                           1.0s\n" },
    { "progress of makefiles", makefiles, 40, 12, false,
      "[+] Building 1.0s (0/1)\n"
      " => RUN make                 [42%]  1.0s\n"
      "    [ 42%] Building C object a.o\n"
      "    warning: [1/2] is not progress\n"
      "    fetching 20%\n" },
};

static void looks_as_it_should(void **state)
{
    const struct row *row = *state;
    struct stage stage;
    struct screen *screen = slip_xmalloc(sizeof *screen);

    for (int colour = 0; colour < 2; colour++) {
        stage_open(&stage, (struct slip_ui_options){ .mode = SLIP_PROGRESS_TTY,
                                                     .columns = row->columns,
                                                     .rows = row->rows,
                                                     .colour = colour });
        row->play(&stage);
        if (row->close)
            stage_close(&stage);
        else
            fflush(stage.out);
        screen_init(screen, row->columns, row->rows);
        screen_feed(screen, stage.text);
        slip_cleanup(slip_freep) char *text = screen_text(screen);
        assert_string_equal(text, row->screen);
        assert_true(screen->cursor && screen->wrap);
        assert_int_equal(screen->x, 0);
        assert_int_equal(strstr(stage.text, "\033[0m") != NULL, colour);
        slip_buf_release(&screen->scrolled);
        if (!row->close)
            stage_close(&stage);
        stage_release(&stage);
    }
    free(screen);
}

static void wide_characters_count_twice(void **state)
{
    struct stage stage;

    (void)state;
    stage_open(&stage,
               (struct slip_ui_options){ .mode = SLIP_PROGRESS_TTY, .columns = 30, .rows = 10 });
    wide(&stage);
    fflush(stage.out);
    assert_non_null(
        strstr(stage.text, " => RUN echo \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e an... 1.0s\n"));
    stage_close(&stage);
    stage_release(&stage);
}

static void is_redrawn_ten_times_a_second(void **state)
{
    struct stage stage;
    size_t frames = 0;

    (void)state;
    stage_open(&stage,
               (struct slip_ui_options){ .mode = SLIP_PROGRESS_TTY, .columns = 40, .rows = 10 });
    say_step(&stage, 1, "RUN a");
    for (stage.ms = 1; stage.ms <= 1000; stage.ms++) {
        say_log(&stage, 1, 1, "x\n");
        slip_ui_tick(stage.ui);
    }
    fflush(stage.out);
    for (const char *p = stage.text; (p = strstr(p, "[+]")); p++)
        frames++;
    assert_int_equal(frames, 11);
    stage_close(&stage);
    stage_release(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wide_characters_count_twice),
        cmocka_unit_test(is_redrawn_ten_times_a_second),
    };

    return SLIP_RUN_ROWS("tty", rows, looks_as_it_should) +
           cmocka_run_group_tests_name("tty drawing", tests, NULL, NULL);
}
