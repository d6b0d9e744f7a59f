#include "util/events.h"

#include <stdarg.h>

#include "util/mem.h"

__attribute__((format(printf, 3, 0))) static void
say(struct slip_events *events, enum slip_event_kind kind, const char *fmt, va_list ap)
{
    if (!events)
        return;
    slip_cleanup(slip_freep) char *text = slip_xvasprintf(fmt, ap);
    slip_emit(events, &(struct slip_event){ .kind = kind, .text = text, .len = strlen(text) });
}

void slip_note(struct slip_events *events, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(events, SLIP_EVENT_NOTE, fmt, ap);
    va_end(ap);
}

void slip_warn(struct slip_events *events, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(events, SLIP_EVENT_WARNING, fmt, ap);
    va_end(ap);
}
