/* One line for each line, each with the number of its step:
 *
 *   #7 [build 3/5] RUN cmake --build /build
 *   #7 0.113 -- The C compiler identification is GNU 12.2.0
 *   #7 DONE 0.3s
 *
 * Steps that run side by side would tear each other's output apart. So one has the floor, and the
 * others' lines are held back until it ends, falls silent, or they have waited long enough. */
#include <string.h>

#include "ui/view.h"
#include "util/mem.h"
#include "util/str.h"

#define SILENCE (1 * SLIP_UI_SECOND)
#define PATIENCE (3 * SLIP_UI_SECOND)
#define REMINDER (10 * SLIP_UI_SECOND) /* of a transfer that is still going on */

static void give_floor(struct slip_ui *ui, struct slip_ui_step *step)
{
    FILE *out = ui->options.out;

    if (ui->current != step || !step->announced) {
        fprintf(out, "%s#%u %s\n", ui->any ? "\n" : "", step->number, step->name);
        ui->any = true;
    }
    ui->current = step;
    step->announced = true;
    if (step->held.len)
        fwrite(step->held.data, 1, step->held.len, out);
    slip_buf_clear(&step->held);
    step->held_since = 0;
    ui->shown = slip_ui_now(ui);
}

static bool may_speak(const struct slip_ui *ui, const struct slip_ui_step *step)
{
    uint64_t now = slip_ui_now(ui);

    return !ui->current || ui->current == step || ui->current->state != SLIP_UI_RUNNING ||
           now - ui->shown >= SILENCE || (step->held_since && now - step->held_since >= PATIENCE);
}

static void hold(struct slip_ui *ui, struct slip_ui_step *step)
{
    if (!step->held_since)
        step->held_since = slip_ui_now(ui);
}

static void release_held(struct slip_ui *ui)
{
    for (size_t i = 0; i < ui->n; i++)
        if (ui->steps[i]->held_since && may_speak(ui, ui->steps[i]))
            give_floor(ui, ui->steps[i]);
}

static void end_of_step(struct slip_ui *ui, struct slip_ui_step *step)
{
    FILE *out = ui->options.out;
    const char *red = ui->options.colour ? "\033[31m" : "", *off = *red ? "\033[0m" : "";

    give_floor(ui, step);
    switch (step->state) {
    case SLIP_UI_CACHED:
        fprintf(out, "#%u CACHED\n", step->number);
        break;
    case SLIP_UI_FAILED:
        fprintf(out, "#%u %sERROR: %s%s\n", step->number, red, step->why, off);
        break;
    case SLIP_UI_CANCELED:
        fprintf(out, "#%u CANCELED\n", step->number);
        break;
    case SLIP_UI_DONE:
    case SLIP_UI_RUNNING:
        fprintf(out, "#%u DONE %.1fs\n", step->number, slip_ui_seconds(step->start, step->end));
        break;
    }
    release_held(ui);
}

static void event(struct slip_ui *ui, const struct slip_event *event, struct slip_ui_step *step)
{
    switch (event->kind) {
    case SLIP_EVENT_STEP:
        if (may_speak(ui, step))
            give_floor(ui, step);
        else
            hold(ui, step);
        break;
    case SLIP_EVENT_CACHED:
    case SLIP_EVENT_DONE:
    case SLIP_EVENT_FAILED:
    case SLIP_EVENT_CANCELED:
        end_of_step(ui, step);
        break;
    case SLIP_EVENT_SKIPPED:
    case SLIP_EVENT_NOTE:
    case SLIP_EVENT_WARNING:
        slip_ui_text_remark(ui, event);
        break;
    case SLIP_EVENT_PLAN:
    case SLIP_EVENT_LOG:
    case SLIP_EVENT_TRANSFER:
        break;
    }
    fflush(ui->options.out);
}

static void line(struct slip_ui *ui, struct slip_ui_step *step, int fd, const char *raw, size_t n)
{
    (void)fd, (void)raw, (void)n;
    slip_buf_printf(&step->held, "#%u %.3f %s\n", step->number,
                    slip_ui_seconds(step->start, slip_ui_now(ui)), slip_ui_tail(step, 0));
    if (may_speak(ui, step)) {
        give_floor(ui, step);
        fflush(ui->options.out);
    } else {
        hold(ui, step);
    }
}

/* "pulled NAME 48.2 MB in 1.3s" when it is over; a long one also says every now and then that it is
 * still going on. */
static void transfer(struct slip_ui *ui, struct slip_ui_transfer *t, const char *why)
{
    uint64_t now = slip_ui_now(ui);
    size_t verb = strcspn(t->name, " "); /* "pulling" */
    char bytes[40], size[16];

    if (why && *why)
        return; /* the error says it */
    if (!why && now - t->said < REMINDER)
        return;
    t->said = now;
    if (!why)
        fprintf(ui->options.out, "%s %s\n", t->name, slip_ui_transfer_bytes(t, bytes));
    else if (verb > 3 && strncmp(t->name + verb - 3, "ing", 3) == 0)
        fprintf(ui->options.out, "%.*sed%s %s in %.1fs\n", (int)verb - 3, t->name, t->name + verb,
                slip_format_size(t->total, size), slip_ui_seconds(t->start, now));
    else
        fprintf(ui->options.out, "%s %s in %.1fs\n", t->name, slip_format_size(t->total, size),
                slip_ui_seconds(t->start, now));
    fflush(ui->options.out);
}

static void tick(struct slip_ui *ui)
{
    release_held(ui);
    fflush(ui->options.out);
}

static void finish(struct slip_ui *ui)
{
    for (size_t i = 0; i < ui->n; i++)
        if (ui->steps[i]->held_since)
            give_floor(ui, ui->steps[i]);
    if (ui->any)
        fputc('\n', ui->options.out);
    fflush(ui->options.out);
}

const struct slip_ui_view slip_ui_plain = {
    .event = event,
    .line = line,
    .transfer = transfer,
    .tick = tick,
    .finish = finish,
    .failure = slip_ui_text_failure,
    .summary = slip_ui_text_summary,
};
