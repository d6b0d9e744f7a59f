#include "commands/display.h"

#include <stdlib.h>
#include <unistd.h>

int slip_display_open(struct slip_ui **ret, struct slip_session *s,
                      const struct slip_display *display, int logs, struct slip_error *err)
{
    const char *env = getenv("SLIPWAY_PROGRESS"), *fallback = getenv("BUILDKIT_PROGRESS");
    const char *text = display->progress ? display->progress : env && *env ? env : fallback;
    const char *no_colour = getenv("NO_COLOR");
    struct slip_ui_options options = {
        .out = s->err,
        .term = getenv("TERM"),
        .verbose = display->verbose,
        .colour = isatty(fileno(s->err)) && !(no_colour && *no_colour),
        .log_dir = logs,
    };

    if (text && *text && slip_progress_parse(text, &options.mode, err) < 0)
        return -1;
    if (display->quiet)
        options.mode = SLIP_PROGRESS_QUIET;
    return slip_ui_open(ret, &options, err);
}
