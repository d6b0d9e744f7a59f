#include <inttypes.h>
#include <string.h>

#include "plan/plan.h"
#include "util/json.h"

static const char *const ops[] = { [SLIP_OP_BASE] = "base",
                                   [SLIP_OP_RUN] = "run",
                                   [SLIP_OP_COPY] = "copy",
                                   [SLIP_OP_WORKDIR] = "workdir" };
static const char *const origins[] = {
    [SLIP_FROM_SCRATCH] = "scratch", [SLIP_FROM_HOST] = "host",   [SLIP_FROM_CONTEXT] = "context",
    [SLIP_FROM_STAGE] = "stage",     [SLIP_FROM_IMAGE] = "image", [SLIP_FROM_ROOTFS] = "rootfs",
    [SLIP_FROM_INLINE] = "inline",   [SLIP_FROM_URL] = "url",     [SLIP_FROM_GIT] = "git"
};
static const char *const classes[] = { "runtime", "dev", "doc", "debug" };

static void set_text(json_t *object, const char *key, const char *value)
{
    if (value && *value)
        json_object_set_new(object, key, slip_json_any(value));
}

static void set_flag(json_t *object, const char *key, bool value)
{
    if (value)
        json_object_set_new(object, key, json_true());
}

static void set_list(json_t *object, const char *key, const char *const *list)
{
    if (!list || !list[0])
        return;
    json_t *array = json_array();
    for (size_t i = 0; list[i]; i++)
        json_array_append_new(array, slip_json_any(list[i]));
    json_object_set_new(object, key, array);
}

static json_t *input_json(const struct slip_input *input)
{
    json_t *json = json_object();

    json_object_set_new(json, "origin", json_string(origins[input->origin]));
    set_text(json, "name", input->origin == SLIP_FROM_STAGE ? input->stage->name : input->name);
    return json;
}

static json_t *mount_json(const struct slip_run_mount *mount)
{
    json_t *json = json_object();

    json_object_set_new(json, "type", json_string(slip_mount_name(mount->kind)));
    if (mount->input.origin != SLIP_FROM_SCRATCH)
        json_object_set_new(json, "from", input_json(&mount->input));
    set_text(json, "source", mount->source);
    set_text(json, "target", mount->target);
    set_text(json, "id", mount->id);
    set_text(json, "env", mount->env);
    if (mount->kind == SLIP_MOUNT_CACHE)
        set_text(json, "sharing", slip_sharing_name(mount->sharing));
    set_flag(json, "readonly", mount->readonly);
    set_flag(json, "rw", mount->rw);
    set_flag(json, "required", mount->required);
    if (mount->has_mode) {
        char mode[16];
        snprintf(mode, sizeof mode, "%04" PRIo32, mount->mode);
        set_text(json, "mode", mode);
    }
    if (mount->uid)
        json_object_set_new(json, "uid", json_integer(mount->uid));
    if (mount->gid)
        json_object_set_new(json, "gid", json_integer(mount->gid));
    if (mount->size)
        json_object_set_new(json, "size", json_integer((json_int_t)mount->size));
    return json;
}

static void add_run(json_t *json, const struct slip_run *run)
{
    set_list(json, "argv", run->argv);
    set_list(json, "env", run->env);
    set_text(json, "script", run->script);
    set_text(json, "cwd", run->cwd);
    set_text(json, "user", run->user);
    json_object_set_new(json, "network", json_string(slip_network_name(run->network)));
    set_flag(json, "install", run->install);
    set_flag(json, "test", run->test);
    if (!run->nmounts)
        return;
    json_t *array = json_array();
    for (size_t i = 0; i < run->nmounts; i++)
        json_array_append_new(array, mount_json(&run->mounts[i]));
    json_object_set_new(json, "mounts", array);
}

static json_t *slim_json(const struct slip_slim *slim)
{
    json_t *json = json_object(), *array = json_array();

    for (size_t i = 0; i < SLIP_ARRAY_LEN(classes); i++)
        if (slim->classes & (1u << i))
            json_array_append_new(array, json_string(classes[i]));
    json_object_set_new(json, "classes", array);
    set_flag(json, "closure", slim->closure);
    set_flag(json, "strip", slim->strip);
    set_flag(json, "debug-files", slim->debug_files);
    set_flag(json, "runtime-files", slim->runtime_files);
    set_text(json, "destdir", slim->destdir);
    set_list(json, "only", slim->only);
    set_list(json, "dlopen", slim->dlopen);
    set_list(json, "data", slim->data);
    set_list(json, "class-of", slim->class_of);
    set_flag(json, "strict", slim->strict);
    set_list(json, "acknowledge", slim->acknowledge);
    set_list(json, "sysroot", slim->sysroots);
    set_text(json, "entrypoint", slim->entrypoint);
    return json;
}

static void add_copy(json_t *json, const struct slip_copy *copy)
{
    json_object_set_new(json, "from", input_json(&copy->input));
    set_list(json, "sources", copy->sources);
    set_text(json, "dest", copy->dest);
    set_text(json, "chown", copy->chown);
    set_text(json, "chmod", copy->chmod);
    set_list(json, "exclude", copy->exclude);
    set_flag(json, "add", copy->add);
    set_flag(json, "link", copy->link);
    set_flag(json, "parents", copy->parents);
    set_flag(json, "optional", copy->optional);
    if (copy->slim)
        json_object_set_new(json, "installed", slim_json(copy->slim));
    if (!copy->ninlines)
        return;
    json_t *array = json_array();
    for (size_t i = 0; i < copy->ninlines; i++) {
        json_t *file = json_object();
        json_object_set_new(file, "name", slip_json_any(copy->inlines[i].name));
        json_object_set_new(file, "text", slip_json_any(copy->inlines[i].text));
        json_array_append_new(array, file);
    }
    json_object_set_new(json, "files", array);
}

/* Line numbers, counted on from the last one asked for: steps come in the order of their file. */
struct line_counter {
    const struct slip_source *src;
    size_t off;
    unsigned line;
};

static unsigned line_of(struct line_counter *counter, struct slip_span at)
{
    if (counter->src != at.src || at.off < counter->off || at.off > at.src->len)
        *counter = (struct line_counter){ at.src, at.off, slip_span_line(at) };
    for (; counter->off < at.off; counter->off++)
        counter->line += at.src->text[counter->off] == '\n';
    return counter->line;
}

static json_t *step_json(const struct slip_step *step, struct line_counter *counter)
{
    json_t *json = json_object();

    json_object_set_new(json, "number", json_integer(step->number));
    json_object_set_new(json, "op", json_string(ops[step->op]));
    set_text(json, "text", step->text);
    if (step->at.src)
        json_object_set_new(json, "line", json_integer(line_of(counter, step->at)));
    switch (step->op) {
    case SLIP_OP_BASE:
        json_object_set_new(json, "from", input_json(&step->base.input));
        set_text(json, "platform", step->base.platform);
        break;
    case SLIP_OP_RUN:
        add_run(json, &step->run);
        break;
    case SLIP_OP_COPY:
        add_copy(json, &step->copy);
        break;
    case SLIP_OP_WORKDIR:
        set_text(json, "path", step->workdir.path);
        set_text(json, "user", step->workdir.user);
        break;
    }
    return json;
}

json_t *slip_plan_json(const struct slip_plan *plan)
{
    json_t *json = json_object(), *stages = json_array();
    struct line_counter counter = { 0 };

    for (size_t i = 0; i < plan->nstages; i++) {
        const struct slip_stage *stage = plan->stages[i];
        json_t *entry = json_object(), *steps = json_array();
        for (size_t s = 0; s < stage->nsteps; s++)
            json_array_append_new(steps, step_json(stage->steps[s], &counter));
        json_object_set_new(entry, "name", json_string(stage->name));
        json_object_set_new(entry, "index", json_integer(stage->index));
        json_object_set_new(entry, "needed", json_boolean(stage->needed));
        json_object_set_new(entry, "steps", steps);
        if (stage->needed && stage->config)
            json_object_set(entry, "config", stage->config);
        if (stage->needed && stage->author)
            json_object_set_new(entry, "author", json_string(stage->author));
        if (stage->needed && stage->history)
            json_object_set(entry, "history", stage->history);
        json_array_append_new(stages, entry);
    }
    set_text(json, "target", plan->target ? plan->target->name : NULL);
    json_object_set_new(json, "stages", stages);
    if (plan->args)
        json_object_set(json, "args", plan->args);
    set_list(json, "ignore", plan->ignore);
    return json;
}

void slip_plan_print(const struct slip_plan *plan, struct slip_buf *out)
{
    for (size_t i = 0; i < plan->nstages; i++) {
        const struct slip_stage *stage = plan->stages[i];
        slip_buf_printf(out, "%sstage %u '%s'%s\n", i ? "\n" : "", stage->index, stage->name,
                        stage == plan->target ? " (target)"
                        : stage->needed       ? ""
                                              : " (not needed)");
        for (size_t s = 0; s < stage->nsteps; s++) {
            const struct slip_step *step = stage->steps[s];
            if (step->number)
                slip_buf_printf(out, "%5u  %s\n", step->number, step->text);
            else
                slip_buf_printf(out, "    -  %s\n", step->text);
        }
    }
}

static void dot_label(struct slip_buf *out, const char *label)
{
    size_t n = 0;

    slip_buf_putc(out, '"');
    for (; *label && n < 60; label++, n++) {
        if (*label == '"' || *label == '\\')
            slip_buf_putc(out, '\\');
        slip_buf_putc(out, (unsigned char)*label < ' ' ? ' ' : *label);
    }
    while (((unsigned char)*label & 0xc0) == 0x80) /* do not cut a character in two */
        slip_buf_putc(out, *label++);
    slip_buf_puts(out, *label ? "...\"" : "\"");
}

static void dot_input(struct slip_buf *out, const struct slip_input *input, unsigned to)
{
    const char *name = *input->name ? input->name : origins[input->origin];

    if (input->origin == SLIP_FROM_STAGE) {
        const struct slip_stage *stage = input->stage;
        slip_buf_printf(out, "  s%u -> s%u;\n", stage->steps[stage->nsteps - 1]->number, to);
    } else if (input->origin != SLIP_FROM_SCRATCH && input->origin != SLIP_FROM_INLINE) {
        slip_buf_puts(out, "  ");
        dot_label(out, name);
        slip_buf_printf(out, " -> s%u [style=dashed];\n", to);
    }
}

void slip_plan_dot(const struct slip_plan *plan, struct slip_buf *out)
{
    const struct slip_input *input;

    slip_buf_puts(out, "digraph plan {\n  rankdir=TB;\n  node [shape=box];\n");
    for (size_t i = 0; i < plan->nstages; i++) {
        const struct slip_stage *stage = plan->stages[i];
        if (!stage->needed)
            continue;
        slip_buf_printf(out, "  subgraph cluster_%u {\n    label=", stage->index);
        dot_label(out, stage->name);
        slip_buf_puts(out, ";\n");
        for (size_t s = 0; s < stage->nsteps; s++) {
            slip_buf_printf(out, "    s%u [label=", stage->steps[s]->number);
            dot_label(out, stage->steps[s]->text);
            slip_buf_puts(out, "];\n");
        }
        slip_buf_puts(out, "  }\n");
    }
    for (size_t i = 0; i < plan->nsteps; i++) {
        const struct slip_step *step = plan->steps[i];
        if (step->parent)
            slip_buf_printf(out, "  s%u -> s%u;\n", step->parent->number, step->number);
        for (size_t n = 0; (input = slip_step_input(step, n)); n++)
            dot_input(out, input, step->number);
    }
    slip_buf_puts(out, "}\n");
}
