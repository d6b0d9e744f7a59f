/* display.h - what a command shows while it works: the options for it, and the display. */
#pragma once

#include "commands/command.h"
#include "ui/ui.h"

struct slip_display {
    const char *progress; /* NULL: as SLIPWAY_PROGRESS says, else auto */
    bool verbose, quiet;
};

#define SLIP_DISPLAY_OPTS(d)                                               \
    SLIP_OPT_TEXT(0, "progress", &(d)->progress, "KIND",                   \
                  "auto, tty, plain, json or "                             \
                  "quiet"),                                                \
        SLIP_OPT_FLAG('q', "quiet", &(d)->quiet, "print the digest only"), \
        SLIP_OPT_FLAG('v', "verbose", &(d)->verbose, "say which tier is used, and more")

/* On stderr. `logs` is the directory for the logs of steps, or -1. The caller closes *ret. */
int slip_display_open(struct slip_ui **ret, struct slip_session *s,
                      const struct slip_display *display, int logs, struct slip_error *err);
