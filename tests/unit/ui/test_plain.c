#include "stage.h"

static void one_after_another(struct stage *s)
{
    say_plan(s, 3);
    say_cached(s, 1, "[build 1/3] FROM debian:12");
    say_step(s, 2, "[build 2/3] RUN cmake --build /build");
    s->ms = 113;
    say_log(s, 2, 1, "-- The C compiler");
    s->ms = 120;
    say_log(s, 2, 1, " is GNU\n-- Done\n\nlast");
    s->ms = 300;
    say_end(s, 2, SLIP_EVENT_DONE, NULL);
    say_step(s, 3, "[build 3/3] RUN <<EOF\nset -e\nmake\nEOF");
    s->ms = 1550;
    say_log(s, 3, 2, "make: *** no rule\n");
    say_end(s, 3, SLIP_EVENT_FAILED, "exited with status 2");
}

static void side_by_side(struct stage *s)
{
    say_step(s, 1, "[a 1/1] RUN a");
    say_step(s, 2, "[b 1/1] RUN b");
    for (int i = 0; i < 3; i++) {
        s->ms += 100;
        say_log(s, 1, 1, "from a\n");
        say_log(s, 2, 1, "from b\n");
    }
    stage_at(s, 1500); /* a has been silent for long enough */
    s->ms = 1600;
    say_log(s, 1, 1, "a again\n");
    say_end(s, 2, SLIP_EVENT_DONE, NULL);
    s->ms = 1700;
    say_log(s, 1, 1, "a still\n");
    say_end(s, 1, SLIP_EVENT_CANCELED, NULL);
}

static void the_quiet_one_is_announced(struct stage *s)
{
    say_step(s, 1, "[a 1/1] RUN a");
    say_step(s, 2, "[b 1/1] RUN b");
    for (s->ms = 900; s->ms < 4000; s->ms += 900) {
        say_log(s, 1, 1, "from a\n");
        slip_ui_tick(s->ui);
    }
    say_end(s, 1, SLIP_EVENT_DONE, NULL);
}

static void hostile_output(struct stage *s)
{
    say_step(s, 1, "RUN \033[2Jevil");
    say_log(s, 1, 1,
            "\033]0;title\a\033[31mred\033[0m\033[2J\n10%\r20%\r\n\tx\001\x9b"
            "2K\n\xc2\x9b"
            "31m\n\033");
    say_log(s, 1, 1,
            "[H split\nab\xe2\x80\xae"
            "cd\n");
    say_end(s, 1, SLIP_EVENT_DONE, NULL);
}

static void without_a_stage(struct stage *s)
{
    say_plan(s, 1);
    say_skipped(s, "test");
    say_cached(s, 1, "FROM a");
}

static void remarks(struct stage *s)
{
    slip_note(s->events, "tier: root");
    slip_warn(s->events, "the base image has no digest\n  \033[31mpin it");
}

static void a_failure(struct stage *s)
{
    say_step(s, 4, "[build 2/3] RUN make");
    for (int i = 1; i <= 23; i++) {
        char line[32];
        snprintf(line, sizeof line, "line %d\n", i);
        say_log(s, 4, 1, line);
    }
    say_end(s, 4, SLIP_EVENT_FAILED, "exited with status 2");
    slip_ui_failure(s->ui, &(struct slip_ui_failure){ .step = 4,
                                                      .status = "exited with status 2",
                                                      .log_path = "/logs/4.log",
                                                      .shell = "slipway shell build" });
}

static void a_silent_failure(struct stage *s)
{
    say_step(s, 4, "[build 2/3] RUN false");
    slip_ui_failure(s->ui,
                    &(struct slip_ui_failure){ .step = 4, .status = "exited with status 1" });
}

static void a_summary(struct stage *s)
{
    say_cached(s, 1, "FROM a");
    say_cached(s, 2, "RUN b");
    s->ms = 40;
    slip_ui_summary(s->ui, "app:1 is up to date");
}

#define LINES_4_TO_23                                                                      \
    "line 4\nline 5\nline 6\nline 7\nline 8\nline 9\nline 10\nline 11\nline 12\nline 13\n" \
    "line 14\nline 15\nline 16\nline 17\nline 18\nline 19\nline 20\nline 21\nline 22\nline 23\n"

static void transfers(struct stage *s)
{
    say_step(s, 1, "FROM debian:12");
    say_moved(s, "pulling debian aaa", 0, 48200000, NULL);
    say_moved(s, "pulling debian bbb", 0, 900, NULL);
    s->ms = 1300;
    say_moved(s, "pulling debian bbb", 900, 900, NULL);
    say_moved(s, "pulling debian aaa", 10000000, 48200000, NULL);
    s->ms = 10400;
    say_moved(s, "pulling debian aaa", 24100000, 48200000, NULL);
    s->ms = 15000;
    say_moved(s, "pulling debian aaa", 30000000, 48200000, NULL);
    s->ms = 16000;
    say_moved(s, "pulling debian aaa", 48200000, 48200000, NULL);
    say_moved(s, "sent \033[2Jevil", 5, 5, NULL);
    say_moved(s, "pushing app ccc", 0, 77, NULL);
    say_moved(s, "pushing app ccc", 77, 77, "the registry said no");
    say_end(s, 1, SLIP_EVENT_DONE, NULL);
}

static void more_than_anybody_looks_at(struct stage *s)
{
    for (int round = 0; round < 2; round++)
        for (unsigned i = 0; i < 100; i++) {
            char name[32];
            snprintf(name, sizeof name, "pulling %u", i);
            say_moved(s, name, round ? 9 : 1, 9, NULL);
            if (round && i == 31)
                return;
        }
}

static const struct row {
    const char *name;
    void (*play)(struct stage *s);
    struct slip_ui_options options;
    const char *text;
} rows[] = {
    { "one after another",
      one_after_another,
      { .mode = SLIP_PROGRESS_PLAIN },
      "#1 [build 1/3] FROM debian:12\n"
      "#1 CACHED\n"
      "\n"
      "#2 [build 2/3] RUN cmake --build /build\n"
      "#2 0.120 -- The C compiler is GNU\n"
      "#2 0.120 -- Done\n"
      "#2 0.120 \n"
      "#2 0.300 last\n"
      "#2 DONE 0.3s\n"
      "\n"
      "#3 [build 3/3] RUN <<EOF set -e make EOF\n"
      "#3 1.250 make: *** no rule\n"
      "#3 ERROR: exited with status 2\n"
      "\n" },
    { "side by side",
      side_by_side,
      { .mode = SLIP_PROGRESS_PLAIN },
      "#1 [a 1/1] RUN a\n"
      "#1 0.100 from a\n"
      "#1 0.200 from a\n"
      "#1 0.300 from a\n"
      "\n"
      "#2 [b 1/1] RUN b\n"
      "#2 0.100 from b\n"
      "#2 0.200 from b\n"
      "#2 0.300 from b\n"
      "#2 DONE 1.6s\n"
      "\n"
      "#1 [a 1/1] RUN a\n"
      "#1 1.600 a again\n"
      "#1 1.700 a still\n"
      "#1 CANCELED\n"
      "\n" },
    { "the quiet one is announced",
      the_quiet_one_is_announced,
      { .mode = SLIP_PROGRESS_PLAIN },
      "#1 [a 1/1] RUN a\n"
      "#1 0.900 from a\n"
      "#1 1.800 from a\n"
      "#1 2.700 from a\n"
      "#1 3.600 from a\n"
      "\n"
      "#2 [b 1/1] RUN b\n"
      "\n"
      "#1 [a 1/1] RUN a\n"
      "#1 DONE 4.5s\n"
      "\n" },
    { "hostile output",
      hostile_output,
      { .mode = SLIP_PROGRESS_PLAIN },
      "#1 RUN evil\n"
      "#1 0.000 red\n"
      "#1 0.000 20%\n"
      "#1 0.000         x\xef\xbf\xbd"
      "2K\n"
      "#1 0.000 31m\n"
      "#1 0.000  split\n"
      "#1 0.000 abcd\n"
      "#1 DONE 0.0s\n"
      "\n" },
    { "warnings only",
      remarks,
      { .mode = SLIP_PROGRESS_PLAIN },
      "warning: the base image has no digest\n  pin it\n" },
    { "notes too",
      remarks,
      { .mode = SLIP_PROGRESS_PLAIN, .verbose = true },
      "note: tier: root\nwarning: the base image has no digest\n  pin it\n" },
    { "warnings in colour",
      remarks,
      { .mode = SLIP_PROGRESS_PLAIN, .colour = true },
      "\033[33mwarning:\033[0m the base image has no digest\n  pin it\n" },
    { "a stage that is not needed",
      without_a_stage,
      { .mode = SLIP_PROGRESS_PLAIN },
      "stage 'test' is not needed by the target, skipped\n#1 FROM a\n#1 CACHED\n\n" },
    { "quiet: not a word on stages", without_a_stage, { .mode = SLIP_PROGRESS_QUIET }, "" },
    { "a summary",
      a_summary,
      { .mode = SLIP_PROGRESS_PLAIN },
      "#1 FROM a\n#1 CACHED\n\n#2 RUN b\n#2 CACHED\n\n"
      "app:1 is up to date in 0.0s (2 steps, 2 cached)\n" },
    { "transfers",
      transfers,
      { .mode = SLIP_PROGRESS_PLAIN },
      "#1 FROM debian:12\n"
      "pulled debian bbb 900 B in 1.3s\n"
      "pulling debian aaa 24.1 of 48.2 MB\n"
      "pulled debian aaa 48.2 MB in 16.0s\n"
      "sent evil 5 B in 0.0s\n"
      "#1 DONE 16.0s\n\n" },
    { "quiet: no transfers", transfers, { .mode = SLIP_PROGRESS_QUIET }, "" },
    { "quiet: more than anybody looks at",
      more_than_anybody_looks_at,
      { .mode = SLIP_PROGRESS_QUIET },
      "" },
    { "quiet: a failure",
      a_failure,
      { .mode = SLIP_PROGRESS_QUIET },
      "------\n > [build 2/3] RUN make:\n" LINES_4_TO_23
      "------\nerror: [build 2/3] RUN make exited with status 2\n"
      "  full log: /logs/4.log\n  look around: slipway shell build\n" },
    { "quiet: a silent failure",
      a_silent_failure,
      { .mode = SLIP_PROGRESS_QUIET },
      "------\n > [build 2/3] RUN false:\n(it wrote nothing)\n"
      "------\nerror: [build 2/3] RUN false exited with status 1\n" },
    { "quiet: nothing else", one_after_another, { .mode = SLIP_PROGRESS_QUIET }, "" },
    { "quiet: no summary", a_summary, { .mode = SLIP_PROGRESS_QUIET }, "" },
    { "quiet: warnings",
      remarks,
      { .mode = SLIP_PROGRESS_QUIET, .verbose = true },
      "warning: the base image has no digest\n  pin it\n" },
    { "a dumb terminal gets plain",
      a_summary,
      { .mode = SLIP_PROGRESS_TTY, .term = "dumb" },
      "#1 FROM a\n#1 CACHED\n\n#2 RUN b\n#2 CACHED\n\n"
      "app:1 is up to date in 0.0s (2 steps, 2 cached)\n" },
    { "no terminal gets plain",
      a_summary,
      { .mode = SLIP_PROGRESS_AUTO },
      "#1 FROM a\n#1 CACHED\n\n#2 RUN b\n#2 CACHED\n\n"
      "app:1 is up to date in 0.0s (2 steps, 2 cached)\n" },
};

static void reads_as_it_should(void **state)
{
    const struct row *row = *state;
    struct stage stage;

    stage_open(&stage, row->options);
    row->play(&stage);
    stage_close(&stage);
    assert_string_equal(stage.text, row->text);
    stage_release(&stage);
}

int main(void)
{
    return SLIP_RUN_ROWS("plain", rows, reads_as_it_should);
}
