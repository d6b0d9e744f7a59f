/* What plain, tty and quiet say in the same words. */
#include <string.h>

#include "ui/line.h"
#include "ui/view.h"
#include "util/mem.h"

static void put_clean(FILE *out, const char *text)
{
    while (*text) {
        slip_cleanup(slip_buf_release) struct slip_buf line = SLIP_BUF_INIT;
        size_t n = strcspn(text, "\n");
        slip_line_clean(&line, text, n);
        fprintf(out, "%s\n", slip_buf_str(&line));
        text += n + (text[n] == '\n');
    }
}

void slip_ui_text_remark(struct slip_ui *ui, const struct slip_event *event)
{
    bool note = event->kind == SLIP_EVENT_NOTE;

    if (note && !ui->options.verbose)
        return;
    if (event->kind == SLIP_EVENT_SKIPPED) {
        fprintf(ui->options.out, "stage '%s' is not needed by the target, skipped\n", event->name);
    } else {
        fputs(note                 ? "note: "
              : ui->options.colour ? "\033[33mwarning:\033[0m "
                                   : "warning: ",
              ui->options.out);
        put_clean(ui->options.out, event->text ? event->text : "");
    }
    fflush(ui->options.out);
}

void slip_ui_text_failure(struct slip_ui *ui, const struct slip_ui_step *step,
                          const struct slip_ui_failure *failure)
{
    FILE *out = ui->options.out;
    const char *red = ui->options.colour ? "\033[31m" : "", *off = *red ? "\033[0m" : "";

    fprintf(out, "------\n > %s:\n", step->name);
    for (size_t i = SLIP_UI_TAIL; i > 0; i--) {
        const char *line = slip_ui_tail(step, i - 1);
        if (line)
            fprintf(out, "%s\n", line);
    }
    if (step->lines == 0)
        fputs("(it wrote nothing)\n", out);
    fprintf(out, "------\n%serror:%s %s %s\n", red, off, step->name, failure->status);
    if (failure->log_path)
        fprintf(out, "  full log: %s\n", failure->log_path);
    if (failure->shell)
        fprintf(out, "  look around: %s\n", failure->shell);
    fflush(out);
}

void slip_ui_text_summary(struct slip_ui *ui, const char *text)
{
    size_t cached, ended = slip_ui_ended(ui, &cached);

    fprintf(ui->options.out, "%s in %.1fs", text, slip_ui_seconds(ui->start, slip_ui_now(ui)));
    if (ended)
        fprintf(ui->options.out, " (%zu step%s, %zu cached)", ended, ended == 1 ? "" : "s", cached);
    fputc('\n', ui->options.out);
    fflush(ui->options.out);
}

static void quiet_event(struct slip_ui *ui, const struct slip_event *event,
                        struct slip_ui_step *step)
{
    (void)step;
    if (event->kind == SLIP_EVENT_WARNING)
        slip_ui_text_remark(ui, event);
}

static void quiet_line(struct slip_ui *ui, struct slip_ui_step *step, int fd, const char *raw,
                       size_t n)
{
    (void)ui, (void)step, (void)fd, (void)raw, (void)n;
}

const struct slip_ui_view slip_ui_quiet = {
    .event = quiet_event,
    .line = quiet_line,
    .failure = slip_ui_text_failure,
};
