/* stage.h - a ui with a clock that is set by hand, and what it has written so far. */
#pragma once

#include <stdio.h>

#include "main.h"
#include "ui/ui.h"

struct stage {
    struct slip_ui *ui;
    struct slip_events *events;
    FILE *out;
    char *text; /* valid after a flush */
    size_t len;
    uint64_t ms;
};

static inline uint64_t stage_clock(void *user)
{
    return (1000 + ((struct stage *)user)->ms) * 1000000;
}

static inline void stage_open(struct stage *stage, struct slip_ui_options options)
{
    struct slip_error err = SLIP_ERROR_INIT;

    *stage = (struct stage){ 0 };
    stage->out = open_memstream(&stage->text, &stage->len);
    assert_non_null(stage->out);
    options.out = stage->out;
    options.term = options.term ? options.term : "xterm";
    options.clock = stage_clock;
    options.clock_user = stage;
    options.log_dir = options.log_dir ? options.log_dir : -1;
    assert_int_equal(slip_ui_open(&stage->ui, &options, &err), 0);
    stage->events = slip_ui_events(stage->ui);
}

static inline void stage_close(struct stage *stage)
{
    slip_ui_close(stage->ui);
    fclose(stage->out);
}

static inline void stage_release(struct stage *stage)
{
    free(stage->text);
}

static inline void stage_at(struct stage *stage, uint64_t ms)
{
    stage->ms = ms;
    slip_ui_tick(stage->ui);
}

static inline void say_plan(struct stage *stage, uint64_t steps)
{
    slip_emit(stage->events, &(struct slip_event){ .kind = SLIP_EVENT_PLAN, .number = steps });
}

static inline void say_skipped(struct stage *stage, const char *name)
{
    slip_emit(stage->events, &(struct slip_event){ .kind = SLIP_EVENT_SKIPPED, .name = name });
}

static inline void say_step(struct stage *stage, unsigned step, const char *name)
{
    slip_emit(stage->events,
              &(struct slip_event){ .kind = SLIP_EVENT_STEP, .step = step, .name = name });
}

static inline void say_cached(struct stage *stage, unsigned step, const char *name)
{
    slip_emit(stage->events,
              &(struct slip_event){ .kind = SLIP_EVENT_CACHED, .step = step, .name = name });
}

static inline void say_log(struct stage *stage, unsigned step, int fd, const char *text)
{
    slip_emit(
        stage->events,
        &(struct slip_event){
            .kind = SLIP_EVENT_LOG, .step = step, .fd = fd, .text = text, .len = strlen(text) });
}

static inline void say_end(struct stage *stage, unsigned step, enum slip_event_kind kind,
                           const char *why)
{
    slip_emit(stage->events, &(struct slip_event){ .kind = kind, .step = step, .text = why });
}

static inline void say_moved(struct stage *stage, const char *name, uint64_t number, uint64_t total,
                             const char *why)
{
    slip_emit(stage->events, &(struct slip_event){ .kind = SLIP_EVENT_TRANSFER,
                                                   .name = name,
                                                   .number = number,
                                                   .total = total,
                                                   .text = why });
}
