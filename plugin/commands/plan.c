#include "commands/front.h"
#include "util/json.h"

/* `plan` and `graph` differ in what is shown without an option. */
static int show(struct slip_session *s, const struct slip_command *command,
                void (*text_of)(const struct slip_plan *plan, struct slip_buf *out), int argc,
                char **argv, struct slip_error *err)
{
    bool json = false, dot = false;
    slip_cleanup(slip_front_options_release) struct slip_front_options options =
        SLIP_FRONT_OPTIONS_INIT;
    slip_cleanup(slip_front_release) struct slip_front front = SLIP_FRONT_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    const struct slip_opt opts[] = {
        SLIP_FRONT_OPTS(&options),
        SLIP_OPT_FLAG(0, "json", &json, "as JSON"),
        SLIP_OPT_FLAG(0, "dot", &dot, "as a Graphviz graph"),
        SLIP_OPT_END,
    };
    int done = slip_command_opts(s, command, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    options.context = argc ? argv[0] : NULL;
    options.offline = true;
    if (slip_front_open(&front, s, &options, err) < 0 ||
        slip_front_plan(&front, s, &options, err) < 0)
        return -1;
    if (json) {
        slip_cleanup(slip_json_decrefp) json_t *document = slip_plan_json(&front.plan);
        slip_cleanup(slip_freep) char *printed = json_dumps(document, JSON_INDENT(2));
        slip_buf_printf(&text, "%s\n", printed ? printed : "{}");
    } else if (dot) {
        slip_plan_dot(&front.plan, &text);
    } else {
        text_of(&front.plan, &text);
    }
    fputs(slip_buf_str(&text), s->out);
    return 0;
}

static int run_plan(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    return show(s, &slip_command_plan, slip_plan_print, argc, argv, err);
}

static int run_graph(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    return show(s, &slip_command_graph, slip_plan_draw, argc, argv, err);
}

const struct slip_command slip_command_plan = {
    .name = "plan",
    .synopsis = "plan -f FILE [--json|--dot] [CONTEXT]",
    .summary = "show the stages and steps of a build, and run nothing",
    .max_args = 1,
    .run = run_plan,
};

const struct slip_command slip_command_graph = {
    .name = "graph",
    .synopsis = "graph -f FILE [--dot|--json] [CONTEXT]",
    .summary = "draw what an image is made from, and run nothing",
    .max_args = 1,
    .run = run_graph,
};
