#include "ui/ui.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "ui/line.h"
#include "ui/view.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

#define TICK (SLIP_UI_SECOND / 10)

static uint64_t read_clock(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * SLIP_UI_SECOND + (uint64_t)now.tv_nsec;
}

uint64_t slip_ui_now(const struct slip_ui *ui)
{
    return ui->options.clock ? ui->options.clock(ui->options.clock_user)
                             : read_clock(CLOCK_MONOTONIC);
}

double slip_ui_seconds(uint64_t from, uint64_t to)
{
    return to > from ? (double)(to - from) / (double)SLIP_UI_SECOND : 0;
}

size_t slip_ui_ended(const struct slip_ui *ui, size_t *ret_cached)
{
    size_t ended = 0;

    *ret_cached = 0;
    for (size_t i = 0; i < ui->n; i++) {
        ended += ui->steps[i]->state != SLIP_UI_RUNNING;
        *ret_cached += ui->steps[i]->state == SLIP_UI_CACHED;
    }
    return ended;
}

const char *slip_ui_tail(const struct slip_ui_step *step, size_t i)
{
    return i < step->lines && i < SLIP_UI_TAIL ? step->tail[(step->lines - 1 - i) % SLIP_UI_TAIL]
                                               : NULL;
}

const char *slip_ui_log_name(unsigned step, char out[16])
{
    snprintf(out, 16, "%u.log", step);
    return out;
}

/* A drawing thread for as long as the ui is open. It takes no signal, so that those of the
 * terminal reach the thread that knows what to do. */
static void *tick_along(void *arg)
{
    struct slip_ui *ui = arg;

    pthread_mutex_lock(&ui->lock);
    while (!ui->closing) {
        uint64_t due = read_clock(CLOCK_MONOTONIC) + TICK;
        struct timespec until = { .tv_sec = (time_t)(due / SLIP_UI_SECOND),
                                  .tv_nsec = (long)(due % SLIP_UI_SECOND) };
        (void)pthread_cond_timedwait(&ui->wake, &ui->lock, &until);
        if (!ui->closing && !ui->finished)
            ui->view->tick(ui);
    }
    pthread_mutex_unlock(&ui->lock);
    return NULL;
}

static void start_ticking(struct slip_ui *ui)
{
    sigset_t all, had;

    if (ui->ticking || ui->finished || ui->options.clock || !ui->view->tick)
        return;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &had);
    /* Without the thread the display only moves when something happens. */
    ui->ticking = pthread_create(&ui->ticker, NULL, tick_along, ui) == 0;
    pthread_sigmask(SIG_SETMASK, &had, NULL);
}

static struct slip_ui_step *step_of(struct slip_ui *ui, unsigned number)
{
    for (size_t i = ui->n; i > 0; i--) /* the latest are asked for most */
        if (ui->steps[i - 1]->number == number)
            return ui->steps[i - 1];
    struct slip_ui_step *step = slip_xcalloc(1, sizeof *step);
    step->number = number;
    step->name = slip_xasprintf("step %u", number);
    step->start = slip_ui_now(ui);
    step->log = -1;
    ui->steps = slip_xgrow(ui->steps, ui->n, &ui->cap, sizeof *ui->steps);
    ui->steps[ui->n++] = step;
    return step;
}

static void set_name(struct slip_ui_step *step, const char *name)
{
    struct slip_buf clean = SLIP_BUF_INIT;

    if (!name)
        return;
    slip_cleanup(slip_freep) char *flat = slip_xstrdup(name);
    for (char *p = flat; *p; p++) /* a heredoc has several lines */
        if (*p == '\n' || *p == '\r')
            *p = ' ';
    slip_line_clean(&clean, flat, strlen(flat));
    free(step->name);
    step->name = slip_buf_take(&clean);
}

static void end_line(struct slip_ui *ui, struct slip_ui_step *step, int fd, const char *s, size_t n)
{
    struct slip_buf clean = SLIP_BUF_INIT;
    char **slot = &step->tail[step->lines++ % SLIP_UI_TAIL];

    slip_line_clean(&clean, s, n);
    free(*slot);
    *slot = slip_buf_take(&clean);
    slip_cleanup(slip_buf_release) struct slip_buf progress = SLIP_BUF_INIT;
    if (slip_line_progress(&progress, *slot)) {
        slip_buf_release(&step->progress);
        step->progress = SLIP_TAKE(progress, SLIP_BUF_INIT);
    }
    ui->view->line(ui, step, fd, s, n);
}

static void end_partial(struct slip_ui *ui, struct slip_ui_step *step, int i)
{
    if (step->partial[i].len)
        end_line(ui, step, i + 1, step->partial[i].data, step->partial[i].len);
    slip_buf_clear(&step->partial[i]);
}

/* Lines may come in any number of pieces, and several in one; each stream has its own. */
static void take_output(struct slip_ui *ui, struct slip_ui_step *step,
                        const struct slip_event *event)
{
    int i = event->fd == 2;
    struct slip_buf *partial = &step->partial[i];
    const char *at = event->text, *end = at + event->len;

    while (at < end) {
        const char *nl = memchr(at, '\n', (size_t)(end - at));
        const char *stop = nl ? nl : end;
        if (nl && !partial->len) {
            end_line(ui, step, i + 1, at, (size_t)(stop - at));
        } else {
            slip_buf_put(partial, at, (size_t)(stop - at));
            if (nl || partial->len > SLIP_UI_LINE)
                end_partial(ui, step, i);
        }
        at = nl ? nl + 1 : end;
    }
}

static void keep_log(struct slip_ui *ui, struct slip_ui_step *step, const struct slip_event *event)
{
    char name[16];

    if (ui->options.log_dir < 0)
        return;
    if (step->log == -1) {
        step->log = openat(ui->options.log_dir, slip_ui_log_name(step->number, name),
                           O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (step->log < 0)
            step->log = -2; /* a log that cannot be kept does not stop a build; say so once */
    } else if (step->log < 0) {
        return;
    }
    if (step->log >= 0 && slip_write_all(step->log, event->text, event->len) == 0)
        return;
    slip_cleanup(slip_freep) char *text =
        slip_xasprintf("cannot keep the log of step %u: %s", step->number, strerror(errno));
    slip_closep(&step->log);
    step->log = -2;
    ui->view->event(ui, &(struct slip_event){ .kind = SLIP_EVENT_WARNING, .text = text }, NULL);
}

static void end_step(struct slip_ui *ui, struct slip_ui_step *step, const struct slip_event *event)
{
    end_partial(ui, step, 0);
    end_partial(ui, step, 1);
    slip_closep(&step->log);
    step->log = -2;
    step->end = slip_ui_now(ui);
    step->state = event->kind == SLIP_EVENT_CACHED   ? SLIP_UI_CACHED
                  : event->kind == SLIP_EVENT_DONE   ? SLIP_UI_DONE
                  : event->kind == SLIP_EVENT_FAILED ? SLIP_UI_FAILED
                                                     : SLIP_UI_CANCELED;
    if (event->kind == SLIP_EVENT_FAILED) {
        free(step->why);
        step->why = slip_xstrdup(event->text ? event->text : "failed");
    }
}

static void take(struct slip_ui *ui, const struct slip_event *event)
{
    struct slip_ui_step *step = NULL;

    switch (event->kind) {
    case SLIP_EVENT_PLAN:
        ui->planned = event->number;
        break;
    case SLIP_EVENT_STEP:
        step = step_of(ui, event->step);
        set_name(step, event->name);
        step->state = SLIP_UI_RUNNING;
        step->start = slip_ui_now(ui);
        start_ticking(ui);
        break;
    case SLIP_EVENT_LOG:
        step = step_of(ui, event->step);
        keep_log(ui, step, event);
        take_output(ui, step, event);
        return;
    case SLIP_EVENT_CACHED:
    case SLIP_EVENT_DONE:
    case SLIP_EVENT_FAILED:
    case SLIP_EVENT_CANCELED:
        step = step_of(ui, event->step);
        set_name(step, event->name);
        end_step(ui, step, event);
        break;
    case SLIP_EVENT_TRANSFER:
        slip_ui_transfer_take(ui, event);
        break;
    case SLIP_EVENT_SKIPPED:
    case SLIP_EVENT_NOTE:
    case SLIP_EVENT_WARNING:
        break;
    }
    ui->view->event(ui, event, step);
}

static void emit(struct slip_events *self, const struct slip_event *event)
{
    struct slip_ui *ui = (struct slip_ui *)(void *)self;

    pthread_mutex_lock(&ui->lock);
    take(ui, event);
    pthread_mutex_unlock(&ui->lock);
}

int slip_progress_parse(const char *text, enum slip_progress *ret, struct slip_error *err)
{
    static const char *const names[] = { "auto", "plain", "tty", "json", "quiet" };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++)
        if (strcmp(text, names[i]) == 0) {
            *ret = (enum slip_progress)i;
            return 0;
        }
    slip_fail(err, SLIP_EUSAGE, "'%.40s' is no kind of progress: auto, plain, tty, json or quiet",
              text);
    const char *near = slip_suggest(text, names, SLIP_ARRAY_LEN(names));
    return near ? slip_error_hint(err, "did you mean '%s'?", near) : -1;
}

static const struct slip_ui_view *view_for(const struct slip_ui_options *options)
{
    bool can_draw = options->term && *options->term && strcmp(options->term, "dumb") != 0;

    switch (options->mode) {
    case SLIP_PROGRESS_JSON:
        return &slip_ui_json;
    case SLIP_PROGRESS_QUIET:
        return &slip_ui_quiet;
    case SLIP_PROGRESS_TTY:
        return can_draw ? &slip_ui_tty : &slip_ui_plain;
    case SLIP_PROGRESS_AUTO:
        return can_draw && isatty(fileno(options->out)) ? &slip_ui_tty : &slip_ui_plain;
    case SLIP_PROGRESS_PLAIN:
        break;
    }
    return &slip_ui_plain;
}

int slip_ui_open(struct slip_ui **ret, const struct slip_ui_options *options,
                 struct slip_error *err)
{
    struct slip_ui *ui = slip_xcalloc(1, sizeof *ui);
    pthread_condattr_t attr;

    ui->events.emit = emit;
    ui->options = *options;
    ui->view = view_for(options);
    ui->start = slip_ui_now(ui);
    ui->epoch = options->clock ? 0 : read_clock(CLOCK_REALTIME);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    int rc = pthread_mutex_init(&ui->lock, NULL);
    rc = rc ? rc : pthread_cond_init(&ui->wake, &attr);
    pthread_condattr_destroy(&attr);
    if (rc) {
        free(ui);
        errno = rc;
        return slip_fail_errno(err, "cannot show progress");
    }
    *ret = ui;
    return 0;
}

struct slip_events *slip_ui_events(struct slip_ui *ui)
{
    return &ui->events;
}

void slip_ui_tick(struct slip_ui *ui)
{
    pthread_mutex_lock(&ui->lock);
    if (ui->view->tick && !ui->finished)
        ui->view->tick(ui);
    pthread_mutex_unlock(&ui->lock);
}

static void finish(struct slip_ui *ui)
{
    if (!ui->finished && ui->view->finish)
        ui->view->finish(ui);
    ui->finished = true;
}

void slip_ui_failure(struct slip_ui *ui, const struct slip_ui_failure *failure)
{
    pthread_mutex_lock(&ui->lock);
    finish(ui);
    ui->view->failure(ui, step_of(ui, failure->step), failure);
    pthread_mutex_unlock(&ui->lock);
}

void slip_ui_summary(struct slip_ui *ui, const char *text)
{
    pthread_mutex_lock(&ui->lock);
    finish(ui);
    if (ui->view->summary)
        ui->view->summary(ui, text);
    pthread_mutex_unlock(&ui->lock);
}

static void step_free(struct slip_ui_step *step)
{
    for (size_t i = 0; i < SLIP_UI_TAIL; i++)
        free(step->tail[i]);
    slip_buf_release(&step->partial[0]);
    slip_buf_release(&step->partial[1]);
    slip_buf_release(&step->progress);
    slip_buf_release(&step->held);
    slip_closep(&step->log);
    free(step->name);
    free(step->why);
    free(step);
}

void slip_ui_close(struct slip_ui *ui)
{
    if (!ui)
        return;
    pthread_mutex_lock(&ui->lock);
    finish(ui);
    ui->closing = true;
    pthread_cond_signal(&ui->wake);
    pthread_mutex_unlock(&ui->lock);
    if (ui->ticking)
        pthread_join(ui->ticker, NULL);
    for (size_t i = 0; i < ui->n; i++)
        step_free(ui->steps[i]);
    slip_ui_transfer_release(ui);
    pthread_cond_destroy(&ui->wake);
    pthread_mutex_destroy(&ui->lock);
    free(ui->steps);
    free(ui->frame);
    free(ui);
}
