/* view.h - what the ui keeps of a build, and the ways to show it. Only for this room.
 *
 * ui.c brings the state up to date, then calls the view, always with the lock held.
 * Depends on: util/.
 */
#pragma once

#include <pthread.h>

#include "ui/ui.h"
#include "util/buf.h"

#define SLIP_UI_TAIL 20 /* lines kept of each step */
#define SLIP_UI_LINE ((size_t)64 << 10)
#define SLIP_UI_SECOND UINT64_C(1000000000)

enum slip_ui_state {
    SLIP_UI_RUNNING,
    SLIP_UI_CACHED,
    SLIP_UI_DONE,
    SLIP_UI_FAILED,
    SLIP_UI_CANCELED,
};

struct slip_ui_step {
    unsigned number;
    enum slip_ui_state state;
    char *name; /* owned, clean */
    char *why;  /* owned; FAILED: in words */
    uint64_t start, end;
    struct slip_buf partial[2]; /* lines of stdout and stderr that have no end yet */
    char *tail[SLIP_UI_TAIL];   /* owned, clean; a ring, the last at (lines - 1) % SLIP_UI_TAIL */
    size_t lines;
    struct slip_buf progress; /* "[12/318]" */
    int log;                  /* owned fd, or -1 */
    struct slip_buf held;     /* plain: lines not shown yet */
    uint64_t held_since;      /* plain: 0 when nothing is held back, not even the name */
    bool announced;           /* plain */
};

#define SLIP_UI_TRANSFERS 32 /* shown at most; more at a time are not looked at */

/* Bytes on their way; forgotten when it is over. */
struct slip_ui_transfer {
    char *key;  /* owned: as the events call it */
    char *name; /* owned, clean: "pulling debian 3f4e…" */
    uint64_t number, total;
    uint64_t first, start; /* bytes at the first event, and when that was */
    uint64_t said;         /* plain, json: when it was last spoken of */
};

struct slip_ui_view {
    void (*event)(struct slip_ui *ui, const struct slip_event *event, struct slip_ui_step *step);
    /* A whole line as the command wrote it; the clean one is the step's last in `tail`. */
    void (*line)(struct slip_ui *ui, struct slip_ui_step *step, int fd, const char *raw, size_t n);
    /* It moved; `why` is NULL while it goes on, "" when it is over, else why it failed. May be
     * NULL. */
    void (*transfer)(struct slip_ui *ui, struct slip_ui_transfer *transfer, const char *why);
    void (*tick)(struct slip_ui *ui);
    void (*finish)(struct slip_ui *ui);
    void (*failure)(struct slip_ui *ui, const struct slip_ui_step *step,
                    const struct slip_ui_failure *failure);
    void (*summary)(struct slip_ui *ui, const char *text);
};

extern const struct slip_ui_view slip_ui_plain, slip_ui_tty, slip_ui_json, slip_ui_quiet;

struct slip_ui {
    struct slip_events events; /* first: emit() is given its address */
    struct slip_ui_options options;
    const struct slip_ui_view *view;
    uint64_t start, epoch; /* clock, and time of day then, in nanoseconds */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t ticker;
    bool ticking, closing, finished;
    struct slip_ui_step **steps; /* owned, in the order they came */
    size_t n, cap;
    uint64_t planned;
    struct slip_ui_transfer transfers[SLIP_UI_TRANSFERS];
    size_t ntransfers;
    /* plain */
    struct slip_ui_step *current; /* whose lines are being shown */
    uint64_t shown;               /* when its last line was */
    bool any;                     /* something was printed */
    /* tty */
    uint64_t drawn;  /* when */
    unsigned *frame; /* owned: columns of each line of the block on the screen */
    size_t frame_n, frame_cap;
};

uint64_t slip_ui_now(const struct slip_ui *ui);
/* Seconds between two times of the clock. */
double slip_ui_seconds(uint64_t from, uint64_t to);
/* How many steps have ended, and how many of them were cached. */
size_t slip_ui_ended(const struct slip_ui *ui, size_t *ret_cached);
/* Line `i` from the end (0: the last) of the step's tail, or NULL. */
const char *slip_ui_tail(const struct slip_ui_step *step, size_t i);

/* transfer.c: brings the state up to date with a TRANSFER event, and tells the view. */
void slip_ui_transfer_take(struct slip_ui *ui, const struct slip_event *event);
void slip_ui_transfer_release(struct slip_ui *ui);
/* "21.3 of 48.2 MB". Returns out. */
const char *slip_ui_transfer_bytes(const struct slip_ui_transfer *transfer, char out[40]);

/* The text forms that plain, tty and quiet share. */
void slip_ui_text_failure(struct slip_ui *ui, const struct slip_ui_step *step,
                          const struct slip_ui_failure *failure);
void slip_ui_text_summary(struct slip_ui *ui, const char *text);
/* "warning: ..." or "note: ...", or nothing when it is not for this mode. */
void slip_ui_text_remark(struct slip_ui *ui, const struct slip_event *event);
