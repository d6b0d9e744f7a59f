/* events.h - what happens while a build runs, told to whoever wants to show it.
 *
 * The rooms that work send events; ui/ implements the sink, tests record them. A sink must be safe
 * to call from several threads (ui locks). Strings are borrowed for the length of the call.
 * Depends on: nothing.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum slip_event_kind {
    SLIP_EVENT_PLAN,     /* number = how many steps there will be */
    SLIP_EVENT_SKIPPED,  /* the target does not need the stage `name` */
    SLIP_EVENT_STEP,     /* a step begins: name = "[build 2/4] RUN make" */
    SLIP_EVENT_CACHED,   /* a step ends at once: its result was in the store */
    SLIP_EVENT_LOG,      /* bytes that a step's command wrote; fd = 1 or 2 */
    SLIP_EVENT_DONE,     /* a step ended well */
    SLIP_EVENT_FAILED,   /* a step failed: text = why, in words */
    SLIP_EVENT_CANCELED, /* a step was stopped because of another, or Ctrl-C */
    SLIP_EVENT_NOTE,     /* text for -v: the tier used, why a key missed */
    SLIP_EVENT_WARNING,  /* text the user should read */
    SLIP_EVENT_TRANSFER, /* name = "pulling debian 3f4e…": number of total bytes have moved */
};

struct slip_event {
    enum slip_event_kind kind;
    unsigned step;    /* 1-based number of the step; 0: none */
    const char *name; /* SKIPPED, STEP, CACHED, TRANSFER */
    const char *text; /* FAILED, NOTE, WARNING, LOG; TRANSFER: why it ended before its end */
    size_t len;       /* LOG: bytes in text */
    int fd;           /* LOG */
    uint64_t number;  /* PLAN, TRANSFER */
    uint64_t total;   /* TRANSFER; number == total: it is done, well or not */
};

struct slip_events {
    void (*emit)(struct slip_events *self, const struct slip_event *event);
};

static inline void slip_emit(struct slip_events *events, const struct slip_event *event)
{
    if (events)
        events->emit(events, event);
}

/* The two that any room sends. */
void slip_note(struct slip_events *events, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void slip_warn(struct slip_events *events, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
