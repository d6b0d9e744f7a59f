/* A block that is redrawn in place:
 *
 *   [+] Building 12.3s (7/9)
 *    => CACHED [build 1/5] FROM debian:12                        0.0s
 *    => [build 3/5] RUN cmake --build /build          [12/318]  8.1s
 *       the last lines of what it writes
 *    pulling debian 3f4e           [=====>      ]  45%  21.3 of 48.2 MB  12.1 MB/s
 *
 * A frame goes out in one piece: up to where the block begins, line by line over the old one, and
 * the rest of the screen erased. No line is wider than the window, no frame higher. */
#include <string.h>
#include <sys/ioctl.h>

#include "ui/line.h"
#include "ui/view.h"
#include "util/mem.h"
#include "util/str.h"

#define INTERVAL (SLIP_UI_SECOND / 10)
#define LOG_LINES 6
#define LEAST_COLUMNS 20
#define BAR 20 /* columns inside a transfer's bar */

struct frame {
    struct slip_ui *ui;
    struct slip_buf text;
    unsigned columns, rows;
    uint64_t now;
    unsigned *widths; /* owned; becomes ui->frame */
    size_t n, cap;
};

static void measure_window(struct frame *frame)
{
    const struct slip_ui_options *options = &frame->ui->options;
    struct winsize size = { 0 };

    frame->columns = options->columns;
    frame->rows = options->rows;
    if (!options->columns && ioctl(fileno(options->out), TIOCGWINSZ, &size) == 0) {
        frame->columns = size.ws_col;
        frame->rows = size.ws_row;
    }
    frame->columns = frame->columns ? frame->columns : 80;
    frame->rows = frame->rows ? frame->rows : 24;
    if (frame->columns < LEAST_COLUMNS)
        frame->columns = LEAST_COLUMNS;
}

/* Rows that the old block takes now: terminals wrap its lines anew when the window narrows. */
static unsigned rows_drawn(const struct frame *frame)
{
    unsigned rows = 0;

    for (size_t i = 0; i < frame->ui->frame_n; i++) {
        unsigned width = frame->ui->frame[i];
        rows += width ? (width + frame->columns - 1) / frame->columns : 1;
    }
    return rows;
}

static void begin_frame(struct frame *frame, struct slip_ui *ui)
{
    *frame = (struct frame){ .ui = ui, .now = slip_ui_now(ui) };
    measure_window(frame);
    slip_buf_puts(&frame->text, "\033[?25l\033[?7l\r"); /* no cursor, no wrapping meanwhile */
    unsigned up = rows_drawn(frame);
    if (up)
        slip_buf_printf(&frame->text, "\033[%uA", up);
}

static void end_frame(struct frame *frame)
{
    struct slip_ui *ui = frame->ui;

    slip_buf_puts(&frame->text, "\033[J\033[?7h\033[?25h");
    fwrite(frame->text.data, 1, frame->text.len, ui->options.out);
    fflush(ui->options.out);
    slip_buf_release(&frame->text);
    free(ui->frame);
    ui->frame = frame->widths;
    ui->frame_n = frame->n;
    ui->frame_cap = frame->cap;
    ui->drawn = frame->now;
}

/* One line: `left`, cut as needed, and `right` at the edge. */
static void put_line(struct frame *frame, const char *colour, const char *left, const char *right)
{
    unsigned edge = slip_line_width(right), room = frame->columns - (edge ? edge + 1 : 0);
    bool coloured = frame->ui->options.colour && *colour;

    slip_buf_puts(&frame->text, "\033[2K");
    if (coloured)
        slip_buf_puts(&frame->text, colour);
    unsigned used = slip_line_cut(&frame->text, left, room);
    if (edge)
        slip_buf_printf(&frame->text, "%*s%s", (int)(room - used + 1), "", right);
    slip_buf_puts(&frame->text, coloured ? "\033[0m\n" : "\n");
    frame->widths = slip_xgrow(frame->widths, frame->n, &frame->cap, sizeof *frame->widths);
    frame->widths[frame->n++] = edge ? frame->columns : used;
}

static const char *outcome(const struct slip_ui *ui)
{
    const char *word = " FINISHED";

    for (size_t i = 0; i < ui->n; i++) {
        if (ui->steps[i]->state == SLIP_UI_FAILED)
            return " FAILED";
        if (ui->steps[i]->state == SLIP_UI_CANCELED || ui->steps[i]->state == SLIP_UI_RUNNING)
            word = " CANCELED";
    }
    return word;
}

static void put_heading(struct frame *frame, bool last)
{
    struct slip_ui *ui = frame->ui;
    size_t cached, ended = slip_ui_ended(ui, &cached);
    uint64_t all = ui->planned > ui->n ? ui->planned : ui->n;
    slip_cleanup(slip_freep) char *text =
        slip_xasprintf("[+] Building %.1fs (%zu/%llu)%s", slip_ui_seconds(ui->start, frame->now),
                       ended, (unsigned long long)all, last ? outcome(ui) : "");

    put_line(frame, "", text, "");
}

static void put_step(struct frame *frame, const struct slip_ui_step *step)
{
    static const struct {
        const char *word, *colour;
    } looks[] = {
        [SLIP_UI_RUNNING] = { "", "" },
        [SLIP_UI_CACHED] = { "CACHED ", "\033[34m" },
        [SLIP_UI_DONE] = { "", "\033[34m" },
        [SLIP_UI_FAILED] = { "ERROR ", "\033[31m" },
        [SLIP_UI_CANCELED] = { "CANCELED ", "\033[33m" },
    };
    bool running = step->state == SLIP_UI_RUNNING;
    double seconds = slip_ui_seconds(step->start, running ? frame->now : step->end);
    const char *progress = running && step->progress.len ? step->progress.data : "";
    slip_cleanup(slip_freep) char *left =
        slip_xasprintf(" => %s%s", looks[step->state].word, step->name);
    slip_cleanup(slip_freep) char *right =
        slip_xasprintf("%s%s%.1fs", progress, *progress ? "  " : "", seconds);

    put_line(frame, looks[step->state].colour, left, right);
}

/* As much of it as there is room for: the bar goes first, then bytes and rate. */
static void put_transfer(struct frame *frame, const struct slip_ui_transfer *t)
{
    uint64_t moved = t->number > t->first ? t->number - t->first : 0;
    double seconds = slip_ui_seconds(t->start, frame->now);
    double part = t->number < t->total ? (double)t->number / (double)t->total : 1;
    char bytes[40], rate[16], bar[BAR + 1] = "";

    for (unsigned i = 0; i < BAR; i++)
        bar[i] = i + 1 <= part * BAR ? '=' : i <= part * BAR ? '>' : ' ';
    slip_ui_transfer_bytes(t, bytes);
    slip_format_size(seconds > 0 ? (uint64_t)((double)moved / seconds) : 0, rate);
    slip_cleanup(slip_freep) char *left = slip_xasprintf("    %s", t->name);
    slip_cleanup(slip_freep) char *right =
        frame->columns < 60 ? slip_xasprintf("%3.0f%%", part * 100)
        : frame->columns < 80
            ? slip_xasprintf("%3.0f%%  %s  %s/s", part * 100, bytes, rate)
            : slip_xasprintf("[%s]  %3.0f%%  %s  %s/s", bar, part * 100, bytes, rate);
    put_line(frame, "\033[36m", left, right);
}

/* The last `n` lines, the one without an end yet among them. */
static void put_log(struct frame *frame, const struct slip_ui_step *step, size_t n)
{
    slip_cleanup(slip_buf_release) struct slip_buf open = SLIP_BUF_INIT;

    for (int i = 0; i < 2; i++)
        if (step->partial[i].len && !open.len)
            slip_line_clean(&open, step->partial[i].data, step->partial[i].len);
    size_t ended = n - (n && open.len ? 1 : 0);
    for (size_t i = ended; i > 0; i--) {
        const char *text = slip_ui_tail(step, i - 1);
        slip_cleanup(slip_freep) char *line = text ? slip_xasprintf("    %s", text) : NULL;
        if (line)
            put_line(frame, "\033[2m", line, "");
    }
    if (n && open.len) {
        slip_cleanup(slip_freep) char *line = slip_xasprintf("    %s", open.data);
        put_line(frame, "\033[2m", line, "");
    }
}

static size_t log_lines(const struct slip_ui_step *step)
{
    size_t n = step->lines + (step->partial[0].len || step->partial[1].len ? 1 : 0);

    return step->state != SLIP_UI_RUNNING ? 0 : n < LOG_LINES ? n : LOG_LINES;
}

/* What fits: running steps come first, then transfers, then the ended steps from the latest back,
 * then logs. */
struct plan {
    size_t ended; /* to show, the latest; running ones are always shown, up to `running` */
    size_t running;
    size_t transfers;
    size_t logs; /* lines for each running step */
};

static struct plan plan_frame(const struct frame *frame, bool last)
{
    const struct slip_ui *ui = frame->ui;
    size_t cached, ended = slip_ui_ended(ui, &cached), running = ui->n - ended;
    size_t room = frame->rows > 2 ? frame->rows - 2 : 0; /* the heading, and where the cursor is */
    struct plan plan = { ended, running, ui->ntransfers, LOG_LINES };

    if (last)
        return (struct plan){ ended, running, 0, 0 };
    plan.running = running < room ? running : room;
    room -= plan.running;
    plan.transfers = plan.transfers < room ? plan.transfers : room;
    room -= plan.transfers;
    plan.ended = ended < room ? ended : room;
    room -= plan.ended;
    for (size_t want = SIZE_MAX; plan.logs > 0 && want > room;) {
        want = 0;
        for (size_t i = 0; i < ui->n; i++) {
            size_t n = log_lines(ui->steps[i]);
            want += n < plan.logs ? n : plan.logs;
        }
        if (want > room)
            plan.logs--;
    }
    return plan;
}

static void draw(struct slip_ui *ui, bool last)
{
    struct frame frame;
    size_t cached, hidden;

    begin_frame(&frame, ui);
    struct plan plan = plan_frame(&frame, last);
    if (ui->n)
        put_heading(&frame, last);
    hidden = slip_ui_ended(ui, &cached) - plan.ended;
    for (size_t i = 0; i < ui->n; i++) {
        const struct slip_ui_step *step = ui->steps[i];
        size_t logs = log_lines(step);
        if (step->state != SLIP_UI_RUNNING) {
            if (hidden)
                hidden--;
            else
                put_step(&frame, step);
        } else if (plan.running) {
            plan.running--;
            put_step(&frame, step);
            put_log(&frame, step, logs < plan.logs ? logs : plan.logs);
        }
    }
    for (size_t i = 0; i < plan.transfers; i++)
        put_transfer(&frame, &ui->transfers[i]);
    end_frame(&frame);
}

static void tick(struct slip_ui *ui)
{
    if ((ui->n || ui->ntransfers) && (!ui->frame_n || slip_ui_now(ui) - ui->drawn >= INTERVAL))
        draw(ui, false);
}

/* A remark stays on the screen, above the block. */
static void remark(struct slip_ui *ui, const struct slip_event *event)
{
    struct frame frame;

    if (event->kind == SLIP_EVENT_NOTE && !ui->options.verbose)
        return;
    if (ui->frame_n) {
        begin_frame(&frame, ui);
        end_frame(&frame); /* an empty one: the block is gone */
    }
    slip_ui_text_remark(ui, event);
    if (!ui->finished && (ui->n || ui->ntransfers))
        draw(ui, false);
}

static void event(struct slip_ui *ui, const struct slip_event *event, struct slip_ui_step *step)
{
    (void)step;
    if (event->kind == SLIP_EVENT_NOTE || event->kind == SLIP_EVENT_WARNING ||
        event->kind == SLIP_EVENT_SKIPPED)
        remark(ui, event);
    else if (!ui->finished && event->kind != SLIP_EVENT_TRANSFER)
        tick(ui);
}

static void line(struct slip_ui *ui, struct slip_ui_step *step, int fd, const char *raw, size_t n)
{
    (void)step, (void)fd, (void)raw, (void)n;
    if (!ui->finished)
        tick(ui);
}

static void transfer(struct slip_ui *ui, struct slip_ui_transfer *t, const char *why)
{
    (void)t, (void)why;
    tick(ui);
}

static void finish(struct slip_ui *ui)
{
    if (ui->n || ui->frame_n) /* bars go, steps stay */
        draw(ui, true);
    ui->frame_n = 0; /* what was drawn stays */
}

const struct slip_ui_view slip_ui_tty = {
    .event = event,
    .line = line,
    .transfer = transfer,
    .tick = tick,
    .finish = finish,
    .failure = slip_ui_text_failure,
    .summary = slip_ui_text_summary,
};
