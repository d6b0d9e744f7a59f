/* draw.c - a plan as a tree: the target, its steps, and beneath a step what it reads from. */
#include <string.h>

#include "plan/plan.h"

#define DEEPEST 200 /* bytes of margin */

struct drawing {
    struct slip_buf *out;
    struct slip_buf margin;
    bool *drawn; /* by stage->index; a stage that several steps read from is drawn once */
};

static void put_rule(struct drawing *d, bool last, const char *text)
{
    slip_buf_puts(d->out, slip_buf_str(&d->margin));
    slip_buf_puts(d->out, last ? "`-- " : "|-- ");
    slip_buf_puts(d->out, text);
}

static void draw_stage(struct drawing *d, const struct slip_stage *stage);

/* What is not said by the instruction itself. */
static const char *source_of(const struct slip_input *input)
{
    switch (input->origin) {
    case SLIP_FROM_CONTEXT:
        return *input->name ? input->name : "the build context";
    case SLIP_FROM_IMAGE:
    case SLIP_FROM_ROOTFS:
    case SLIP_FROM_GIT:
    case SLIP_FROM_URL:
        return *input->name ? input->name : "a URL";
    default:
        return NULL;
    }
}

/* The first step of a stage names its base itself. */
static size_t list_inputs(const struct slip_step *step, const struct slip_input **ret, size_t room)
{
    const struct slip_input *input;
    size_t n = 0;

    for (size_t i = 0; n < room && (input = slip_step_input(step, i)); i++) {
        bool told = step->op == SLIP_OP_BASE && input->origin != SLIP_FROM_STAGE;
        if (!told && (input->origin == SLIP_FROM_STAGE || source_of(input)))
            ret[n++] = input;
    }
    return n;
}

static void draw_inputs(struct drawing *d, const struct slip_step *step, bool last)
{
    const struct slip_input *inputs[32];
    size_t n = list_inputs(step, inputs, SLIP_ARRAY_LEN(inputs)), at = d->margin.len;

    slip_buf_puts(&d->margin, last ? "    " : "|   ");
    for (size_t i = 0; i < n; i++) {
        const struct slip_stage *stage = inputs[i]->stage;
        bool end = i + 1 == n;
        if (inputs[i]->origin != SLIP_FROM_STAGE) {
            put_rule(d, end, source_of(inputs[i]));
            slip_buf_putc(d->out, '\n');
            continue;
        }
        put_rule(d, end, stage->name);
        bool deep = d->margin.len > DEEPEST;
        slip_buf_puts(d->out, d->drawn[stage->index] ? " (above)\n" : deep ? " ...\n" : "\n");
        if (d->drawn[stage->index] || deep)
            continue;
        size_t inner = d->margin.len;
        slip_buf_puts(&d->margin, end ? "    " : "|   ");
        draw_stage(d, stage);
        d->margin.data[d->margin.len = inner] = '\0';
    }
    d->margin.data[d->margin.len = at] = '\0';
}

static void draw_stage(struct drawing *d, const struct slip_stage *stage)
{
    d->drawn[stage->index] = true;
    for (size_t i = 0; i < stage->nsteps; i++) {
        const struct slip_step *step = stage->steps[i];
        bool last = i + 1 == stage->nsteps;
        size_t n = strcspn(step->text, "\n");
        put_rule(d, last, "");
        slip_buf_put(d->out, step->text, n < 76 ? n : 76);
        slip_buf_puts(d->out, n > 76 ? "...\n" : "\n");
        draw_inputs(d, step, last);
    }
}

void slip_plan_draw(const struct slip_plan *plan, struct slip_buf *out)
{
    slip_cleanup(slip_freep) bool *drawn = slip_xcalloc(plan->nstages + 1, sizeof *drawn);
    struct drawing d = { .out = out, .drawn = drawn, .margin = SLIP_BUF_INIT };

    if (!plan->target)
        return;
    slip_buf_printf(out, "%s\n", plan->target->name);
    draw_stage(&d, plan->target);
    slip_buf_release(&d.margin);
    for (size_t i = 0; i < plan->nstages; i++)
        if (!plan->stages[i]->needed)
            slip_buf_printf(out, "(%s is not needed)\n", plan->stages[i]->name);
}
