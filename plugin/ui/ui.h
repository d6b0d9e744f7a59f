/* ui.h - shows what happens while a build runs, and keeps the full log of every step.
 *
 *   plain   one line for each line, as BuildKit's: for logs and pipes
 *   tty     a block that is redrawn in place, about ten times a second
 *   json    one object per line: {"v":1,"ts":...,"event":...,"step":...,"name":...}
 *   quiet   warnings and errors only
 *
 * Life: open, hand slip_ui_events() to the rooms that work, then slip_ui_failure() or
 * slip_ui_summary(), then close. The first step event starts a thread that redraws (plain and tty),
 * not earlier: a process that enters a user namespace must do that before (exec/tier.h). The
 * cursor is hidden only while a frame is being written, so that even SIGKILL leaves the terminal
 * usable. What commands write is made safe (line.h) before it reaches `out`; the log files hold
 * every byte as it came. Depends on: util/.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "util/error.h"
#include "util/events.h"

enum slip_progress {
    SLIP_PROGRESS_AUTO, /* tty when `out` is a terminal that can be drawn on, else plain */
    SLIP_PROGRESS_PLAIN,
    SLIP_PROGRESS_TTY, /* plain when TERM is unset or "dumb" */
    SLIP_PROGRESS_JSON,
    SLIP_PROGRESS_QUIET,
};

struct slip_ui_options {
    enum slip_progress mode;
    FILE *out;        /* borrowed */
    const char *term; /* value of TERM, or NULL */
    bool verbose;     /* notes too */
    bool colour;
    int log_dir; /* borrowed fd; one file per step goes there; -1: none */
    /* For tests; 0 and NULL ask the terminal and the system. With a clock of its own the ui has no
     * thread: it draws when it is told something, and at slip_ui_tick(). */
    unsigned columns, rows;
    uint64_t (*clock)(void *user); /* nanoseconds, never going back */
    void *clock_user;
};

struct slip_ui;

/* 0, or -1 for a name that is none of the modes. */
int slip_progress_parse(const char *text, enum slip_progress *ret, struct slip_error *err);

int slip_ui_open(struct slip_ui **ret, const struct slip_ui_options *options,
                 struct slip_error *err);
/* Safe to emit to from several threads until the ui is closed. */
struct slip_events *slip_ui_events(struct slip_ui *ui);
/* Redraws, or shows what was held back, if it is time to. */
void slip_ui_tick(struct slip_ui *ui);

/* Name of a step's file in log_dir: "7.log". Returns out. */
const char *slip_ui_log_name(unsigned step, char out[16]);

struct slip_ui_failure {
    unsigned step;
    const char *status;   /* in words: "exited with status 2" */
    const char *log_path; /* of the full log, or NULL */
    const char *shell;    /* command that opens a shell in that stage, or NULL */
};

/* Ends the progress display and shows why a step failed: its name, its last 20 lines, and the
 * way on. */
void slip_ui_failure(struct slip_ui *ui, const struct slip_ui_failure *failure);
/* Ends the progress display and says, unless quiet, `text`, the time and the count of steps. */
void slip_ui_summary(struct slip_ui *ui, const char *text);
/* Ends the progress display. NULL is fine. */
void slip_ui_close(struct slip_ui *ui);

static inline void slip_ui_closep(struct slip_ui **ui)
{
    slip_ui_close(*ui);
}
