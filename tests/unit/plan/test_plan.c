#include "main.h"

#include "plan/plan.h"
#include "util/json.h"

/* A plan by hand: `base` is used by `app` through FROM, `tools` by a mount, `docs` by nobody. */
struct sample {
    struct slip_arena arena;
    struct slip_plan plan;
    struct slip_stage stages[4];
    struct slip_stage *stage_list[4];
    struct slip_step steps[6];
    struct slip_step *lists[4][3];
    struct slip_run_mount mount;
};

static void add(struct sample *s, unsigned stage, struct slip_step *step)
{
    struct slip_stage *to = &s->stages[stage];

    step->stage = to;
    step->parent = to->nsteps ? to->steps[to->nsteps - 1] : NULL;
    to->steps = s->lists[stage];
    to->steps[to->nsteps++] = step;
}

static void make(struct sample *s)
{
    static const char *const names[] = { "base", "docs", "tools", "app" };
    static const char *const argv[] = { "make", "a\"b", NULL }, *const env[] = { "A=1", NULL };

    *s = (struct sample){ 0 };
    for (unsigned i = 0; i < 4; i++) {
        s->stages[i] = (struct slip_stage){ .name = names[i], .index = i };
        s->stages[i].config = json_object();
        s->stages[i].history = json_array();
        s->stage_list[i] = &s->stages[i];
    }
    s->mount = (struct slip_run_mount){
        .kind = SLIP_MOUNT_BIND,
        .input = { .origin = SLIP_FROM_STAGE, .name = "tools", .stage = &s->stages[2] },
        .source = "bin",
        .target = "/t",
        .readonly = true
    };
    s->steps[0] = (struct slip_step){ .op = SLIP_OP_BASE, .text = "FROM alpine AS base" };
    s->steps[0].base.input = (struct slip_input){ .origin = SLIP_FROM_IMAGE, .name = "alpine" };
    s->steps[1] = (struct slip_step){ .op = SLIP_OP_BASE, .text = "FROM x AS docs" };
    s->steps[1].base.input = (struct slip_input){ .origin = SLIP_FROM_IMAGE, .name = "x" };
    s->steps[2] = (struct slip_step){ .op = SLIP_OP_BASE, .text = "FROM scratch AS tools" };
    s->steps[2].base.input = (struct slip_input){ .origin = SLIP_FROM_SCRATCH, .name = "" };
    s->steps[3] = (struct slip_step){ .op = SLIP_OP_BASE, .text = "FROM base AS app" };
    s->steps[3].base.input =
        (struct slip_input){ .origin = SLIP_FROM_STAGE, .name = "base", .stage = &s->stages[0] };
    s->steps[4] = (struct slip_step){ .op = SLIP_OP_RUN, .text = "RUN [\"make\"]" };
    s->steps[4].run = (struct slip_run){
        .argv = argv, .env = env, .cwd = "/", .user = "", .mounts = &s->mount, .nmounts = 1
    };
    s->steps[5] = (struct slip_step){ .op = SLIP_OP_WORKDIR, .text = "WORKDIR /w" };
    s->steps[5].workdir = (struct slip_workdir){ "/w", "u" };
    for (unsigned i = 0; i < 4; i++)
        add(s, i, &s->steps[i]);
    add(s, 3, &s->steps[4]);
    add(s, 3, &s->steps[5]);
    s->plan = (struct slip_plan){ .arena = &s->arena, .stages = s->stage_list, .nstages = 4 };
}

static void release(struct sample *s)
{
    slip_plan_release(&s->plan);
    slip_arena_release(&s->arena);
}

static void keeps_what_the_target_needs(void **state)
{
    slip_cleanup(release) struct sample s;

    (void)state;
    make(&s);
    slip_plan_prune(&s.plan, &s.stages[3]);
    assert_true(s.stages[0].needed && s.stages[2].needed && s.stages[3].needed);
    assert_false(s.stages[1].needed);
    assert_int_equal(s.plan.nsteps, 5);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(s.plan.steps[i]->number, i + 1);
    assert_int_equal(s.steps[1].number, 0);
    assert_ptr_equal(s.plan.target, &s.stages[3]);

    slip_plan_prune(&s.plan, &s.stages[1]); /* again, for another target */
    assert_int_equal(s.plan.nsteps, 1);
    assert_int_equal(s.steps[1].number, 1);
    assert_int_equal(s.steps[4].number, 0);
    assert_false(s.stages[0].needed);
}

static void knows_inputs(void **state)
{
    slip_cleanup(release) struct sample s;

    (void)state;
    make(&s);
    assert_string_equal(slip_step_input(&s.steps[0], 0)->name, "alpine");
    assert_null(slip_step_input(&s.steps[0], 1));
    assert_ptr_equal(slip_step_input(&s.steps[4], 0), &s.mount.input);
    assert_null(slip_step_input(&s.steps[4], 1));
    assert_null(slip_step_input(&s.steps[5], 0));
}

static void prints(void **state)
{
    slip_cleanup(release) struct sample s;
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;

    (void)state;
    make(&s);
    slip_plan_prune(&s.plan, &s.stages[3]);
    slip_plan_print(&s.plan, &out);
    assert_string_equal(slip_buf_str(&out), "stage 0 'base'\n"
                                            "    1  FROM alpine AS base\n"
                                            "\nstage 1 'docs' (not needed)\n"
                                            "    -  FROM x AS docs\n"
                                            "\nstage 2 'tools'\n"
                                            "    2  FROM scratch AS tools\n"
                                            "\nstage 3 'app' (target)\n"
                                            "    3  FROM base AS app\n"
                                            "    4  RUN [\"make\"]\n"
                                            "    5  WORKDIR /w\n");
}

static void draws(void **state)
{
    slip_cleanup(release) struct sample s;
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;

    (void)state;
    make(&s);
    slip_plan_prune(&s.plan, &s.stages[3]);
    slip_plan_dot(&s.plan, &out);
    assert_string_equal(slip_buf_str(&out), "digraph plan {\n  rankdir=TB;\n  node [shape=box];\n"
                                            "  subgraph cluster_0 {\n    label=\"base\";\n"
                                            "    s1 [label=\"FROM alpine AS base\"];\n  }\n"
                                            "  subgraph cluster_2 {\n    label=\"tools\";\n"
                                            "    s2 [label=\"FROM scratch AS tools\"];\n  }\n"
                                            "  subgraph cluster_3 {\n    label=\"app\";\n"
                                            "    s3 [label=\"FROM base AS app\"];\n"
                                            "    s4 [label=\"RUN [\\\"make\\\"]\"];\n"
                                            "    s5 [label=\"WORKDIR /w\"];\n  }\n"
                                            "  \"alpine\" -> s1 [style=dashed];\n"
                                            "  s1 -> s3;\n"
                                            "  s3 -> s4;\n"
                                            "  s2 -> s4;\n"
                                            "  s4 -> s5;\n"
                                            "}\n");
}

static void shows_json(void **state)
{
    slip_cleanup(release) struct sample s;

    (void)state;
    make(&s);
    slip_plan_prune(&s.plan, &s.stages[3]);
    slip_cleanup(slip_json_decrefp) json_t *json = slip_plan_json(&s.plan);
    assert_string_equal(slip_json_str(json, "target"), "app");
    json_t *stages = json_object_get(json, "stages");
    assert_int_equal(json_array_size(stages), 4);
    json_t *app = json_array_get(stages, 3);
    slip_cleanup(slip_freep) char *run =
        slip_json_text(json_array_get(json_object_get(app, "steps"), 1));
    assert_string_equal(run,
                        "{\"number\":4,\"op\":\"run\",\"text\":\"RUN [\\\"make\\\"]\","
                        "\"argv\":[\"make\",\"a\\\"b\"],\"env\":[\"A=1\"],\"cwd\":\"/\","
                        "\"network\":\"default\",\"mounts\":[{\"type\":\"bind\","
                        "\"from\":{\"origin\":\"stage\",\"name\":\"tools\"},\"source\":\"bin\","
                        "\"target\":\"/t\",\"readonly\":true}]}");
    slip_cleanup(slip_freep) char *docs = slip_json_text(json_array_get(stages, 1));
    assert_string_equal(docs, "{\"name\":\"docs\",\"index\":1,\"needed\":false,\"steps\":[{"
                              "\"number\":0,\"op\":\"base\",\"text\":\"FROM x AS docs\","
                              "\"from\":{\"origin\":\"image\",\"name\":\"x\"}}]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_the_target_needs),
        cmocka_unit_test(knows_inputs),
        cmocka_unit_test(prints),
        cmocka_unit_test(draws),
        cmocka_unit_test(shows_json),
    };

    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
