/* One object for each event and each line of output:
 *
 *   {"v":1,"ts":"2026-01-31T12:00:00.250Z","event":"log","step":7,"name":"[build 3/5] RUN make",
 *    "stream":"stdout","text":"..."}
 *
 * New members may be added; "v" changes when one goes or means something else. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "ui/line.h"
#include "ui/view.h"
#include "util/json.h"
#include "util/mem.h"

static json_t *text_json(const char *s, size_t n)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    slip_line_utf8(&text, s, n);
    return json_stringn(slip_buf_str(&text), text.len);
}

static json_t *begin(const struct slip_ui *ui, const char *event, const struct slip_ui_step *step)
{
    uint64_t at = ui->epoch + (slip_ui_now(ui) - ui->start);
    time_t seconds = (time_t)(at / SLIP_UI_SECOND);
    struct tm tm;
    char ts[32];

    gmtime_r(&seconds, &tm);
    size_t n = strftime(ts, sizeof ts, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(ts + n, sizeof ts - n, ".%03uZ", (unsigned)(at % SLIP_UI_SECOND / 1000000));
    json_t *object = json_object();
    json_object_set_new(object, "v", json_integer(1));
    json_object_set_new(object, "ts", json_string(ts));
    json_object_set_new(object, "event", json_string(event));
    if (step) {
        json_object_set_new(object, "step", json_integer(step->number));
        json_object_set_new(object, "name", json_string(step->name));
    }
    return object;
}

static void put(json_t *object, const char *key, const char *text)
{
    if (text)
        json_object_set_new(object, key, text_json(text, strlen(text)));
}

static void end(const struct slip_ui *ui, json_t *object)
{
    slip_cleanup(slip_freep) char *text = slip_json_text(object);

    fprintf(ui->options.out, "%s\n", text);
    fflush(ui->options.out);
    json_decref(object);
}

static void event(struct slip_ui *ui, const struct slip_event *event, struct slip_ui_step *step)
{
    static const char *const names[] = {
        [SLIP_EVENT_PLAN] = "plan",         [SLIP_EVENT_STEP] = "step",
        [SLIP_EVENT_CACHED] = "cached",     [SLIP_EVENT_LOG] = "log",
        [SLIP_EVENT_DONE] = "done",         [SLIP_EVENT_FAILED] = "failed",
        [SLIP_EVENT_CANCELED] = "canceled", [SLIP_EVENT_NOTE] = "note",
        [SLIP_EVENT_WARNING] = "warning",   [SLIP_EVENT_SKIPPED] = "skipped",
    };

    if ((event->kind == SLIP_EVENT_NOTE && !ui->options.verbose) ||
        event->kind == SLIP_EVENT_TRANSFER)
        return;
    json_t *object = begin(ui, names[event->kind], step);
    if (event->kind == SLIP_EVENT_PLAN)
        json_object_set_new(object, "steps", json_integer((json_int_t)event->number));
    if (event->kind == SLIP_EVENT_SKIPPED)
        put(object, "name", event->name);
    if (step && step->state != SLIP_UI_RUNNING)
        json_object_set_new(object, "ms",
                            json_integer((json_int_t)((step->end - step->start) / 1000000)));
    put(object, "text", event->text);
    end(ui, object);
}

/* Its begin, its end, and ten times a second between. */
static void transfer(struct slip_ui *ui, struct slip_ui_transfer *t, const char *why)
{
    uint64_t now = slip_ui_now(ui);

    if (!why && t->number > t->first && now - t->said < SLIP_UI_SECOND / 10)
        return;
    t->said = now;
    json_t *object = begin(ui, "transfer", NULL);
    put(object, "name", t->name);
    json_object_set_new(object, "bytes", json_integer((json_int_t)t->number));
    json_object_set_new(object, "total", json_integer((json_int_t)t->total));
    put(object, "text", why && *why ? why : NULL);
    end(ui, object);
}

static void line(struct slip_ui *ui, struct slip_ui_step *step, int fd, const char *raw, size_t n)
{
    json_t *object = begin(ui, "log", step);

    json_object_set_new(object, "stream", json_string(fd == 2 ? "stderr" : "stdout"));
    json_object_set_new(object, "text", text_json(raw, n));
    end(ui, object);
}

static void failure(struct slip_ui *ui, const struct slip_ui_step *step,
                    const struct slip_ui_failure *failure)
{
    json_t *object = begin(ui, "failure", step), *tail = json_array();

    put(object, "status", failure->status);
    put(object, "log", failure->log_path);
    put(object, "shell", failure->shell);
    for (size_t i = SLIP_UI_TAIL; i > 0; i--) {
        const char *text = slip_ui_tail(step, i - 1);
        if (text)
            json_array_append_new(tail, json_string(text));
    }
    json_object_set_new(object, "tail", tail);
    end(ui, object);
}

static void summary(struct slip_ui *ui, const char *text)
{
    size_t cached, ended = slip_ui_ended(ui, &cached);
    json_t *object = begin(ui, "summary", NULL);

    put(object, "text", text);
    json_object_set_new(object, "steps", json_integer((json_int_t)ended));
    json_object_set_new(object, "cached", json_integer((json_int_t)cached));
    json_object_set_new(object, "ms",
                        json_integer((json_int_t)((slip_ui_now(ui) - ui->start) / 1000000)));
    end(ui, object);
}

const struct slip_ui_view slip_ui_json = {
    .event = event,
    .line = line,
    .transfer = transfer,
    .failure = failure,
    .summary = summary,
};
