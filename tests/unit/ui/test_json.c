#include "stage.h"
#include "util/json.h"

static void move(struct stage *s)
{
    for (uint64_t i = 0; i < 90; i++, s->ms += 2)
        say_moved(s, "pulling app \033[2Jx", i, 90, NULL);
    say_moved(s, "pulling app \033[2Jx", 90, 90, "the line was cut");
    s->ms = 0;
}

static void play(struct stage *s)
{
    move(s);
    say_plan(s, 2);
    say_skipped(s, "test");
    say_cached(s, 1, "FROM \"debian\"");
    say_step(s, 2, "RUN make");
    s->ms = 250;
    say_log(s, 2, 2, "\033[31mred\033[0m \xff\n");
    say_end(s, 2, SLIP_EVENT_FAILED, "exited with status 2");
    slip_note(s->events, "not shown");
    slip_warn(s->events, "careful");
    slip_ui_failure(s->ui, &(struct slip_ui_failure){ .step = 2,
                                                      .status = "exited with status 2",
                                                      .log_path = "/l/2.log" });
    slip_ui_summary(s->ui, "failed");
}

#define HEAD(ms, event) "{\"v\":1,\"ts\":\"1970-01-01T00:00:00." ms "Z\",\"event\":\"" event "\""
#define STEP_2 ",\"step\":2,\"name\":\"RUN make\""

#define PULLING ",\"name\":\"pulling app x\",\"bytes\":"

static const char expected[] =
    HEAD("000", "transfer") PULLING "0,\"total\":90}\n" HEAD("100", "transfer") PULLING
    "50,\"total\":90}\n" HEAD("180", "transfer") PULLING
    "90,\"total\":90,\"text\":\"the line was cut\"}\n" HEAD("000", "plan") ",\"steps\":2}\n" HEAD(
        "000", "skipped") ",\"name\":\"test\"}\n" HEAD("000",
                                                       "cached") ",\"step\":1,\"name\":\"FROM "
                                                                 "\\\"debian\\\"\",\"ms\":0}"
                                                                 "\n" HEAD("000", "step") STEP_2
    "}\n" HEAD("250", "log") STEP_2
    ",\"stream\":\"stderr\",\"text\":\"\\u001B[31mred\\u001B[0m \xef\xbf\xbd\"}\n" HEAD("250",
                                                                                        "failed")
        STEP_2 ",\"ms\":250,\"text\":\"exited with status 2\"}\n" HEAD(
            "250", "warning") ",\"text\":\"careful\"}\n" HEAD("250", "failure") STEP_2
    ",\"status\":\"exited with status 2\",\"log\":\"/l/2.log\",\"tail\":[\"red "
    "\xef\xbf\xbd\"]}\n" HEAD(
        "250", "summary") ",\"text\":\"failed\",\"steps\":2,\"cached\":1,\"ms\":250}\n";

static void every_line_is_an_object(void **state)
{
    struct stage stage;
    struct slip_error err = SLIP_ERROR_INIT;

    (void)state;
    stage_open(&stage, (struct slip_ui_options){ .mode = SLIP_PROGRESS_JSON });
    play(&stage);
    stage_close(&stage);
    assert_string_equal(stage.text, expected);
    for (const char *at = stage.text; *at; at = strchr(at, '\n') + 1) {
        json_t *object = slip_json_parse(at, strcspn(at, "\n"), "line", &err);
        assert_true(json_is_object(object));
        assert_int_equal(json_integer_value(json_object_get(object, "v")), 1);
        json_decref(object);
    }
    stage_release(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_line_is_an_object) };

    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
