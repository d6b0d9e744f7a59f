/* screen.h - as much of a terminal as the ui may use; anything else fails the test. */
#pragma once

#include <stdbool.h>

#include "main.h"
#include "util/buf.h"

#define SCREEN_COLUMNS 100
#define SCREEN_ROWS 40

struct screen {
    unsigned columns, rows, x, y;
    bool cursor, wrap;
    char cells[SCREEN_ROWS][SCREEN_COLUMNS][8]; /* UTF-8; "" is a blank */
    struct slip_buf scrolled;                   /* lines that left at the top */
};

static inline void screen_init(struct screen *screen, unsigned columns, unsigned rows)
{
    *screen = (struct screen){ .columns = columns, .rows = rows, .cursor = true, .wrap = true };
}

static inline void screen_line(const struct screen *screen, unsigned y, struct slip_buf *out)
{
    size_t end = out->len;

    for (unsigned x = 0; x < screen->columns; x++) {
        const char *cell = screen->cells[y][x];
        slip_buf_puts(out, *cell ? cell : " ");
        if (*cell && *cell != ' ')
            end = out->len;
    }
    out->len = end;
    slip_buf_putc(out, '\n');
}

static inline void screen_newline(struct screen *screen)
{
    if (screen->y + 1 < screen->rows) {
        screen->y++;
        return;
    }
    screen_line(screen, 0, &screen->scrolled);
    memmove(screen->cells[0], screen->cells[1], sizeof screen->cells[0] * (screen->rows - 1));
    memset(screen->cells[screen->rows - 1], 0, sizeof screen->cells[0]);
}

static inline const char *screen_escape(struct screen *screen, const char *p)
{
    unsigned n = 0;
    bool private;

    assert_int_equal(*p++, '[');
    private = *p == '?';
    p += private;
    for (; *p >= '0' && *p <= '9'; p++)
        n = n * 10 + (unsigned)(*p - '0');
    if (private) {
        assert_true(n == 25 || n == 7);
        *(n == 25 ? &screen->cursor : &screen->wrap) = *p == 'h';
    } else if (*p == 'A') {
        assert_true(n <= screen->y); /* else it would draw over what is not its own */
        screen->y -= n;
    } else if (*p == 'K') {
        assert_int_equal(n, 2);
        memset(screen->cells[screen->y], 0, sizeof screen->cells[0]);
    } else if (*p == 'J') {
        assert_int_equal(screen->x, 0);
        for (unsigned y = screen->y; y < screen->rows; y++)
            memset(screen->cells[y], 0, sizeof screen->cells[0]);
    } else {
        assert_int_equal(*p, 'm');
    }
    return p + 1;
}

static inline void screen_feed(struct screen *screen, const char *p)
{
    while (*p) {
        if (*p == '\033') {
            p = screen_escape(screen, p + 1);
        } else if (*p == '\r') {
            screen->x = 0;
            p++;
        } else if (*p == '\n') { /* as the tty driver makes it: with a carriage return */
            screen->x = 0;
            screen_newline(screen);
            p++;
        } else {
            size_t n = (*p & 0x80) == 0 ? 1 : (*p & 0xe0) == 0xc0 ? 2 : (*p & 0xf0) == 0xe0 ? 3 : 4;
            assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
            assert_true(screen->x < screen->columns); /* a line is never wider than the window */
            memcpy(screen->cells[screen->y][screen->x], p, n);
            screen->cells[screen->y][screen->x++][n] = '\0';
            p += n;
        }
    }
}

/* The visible lines down to the last that is not empty; caller frees. */
static inline char *screen_text(const struct screen *screen)
{
    struct slip_buf out = SLIP_BUF_INIT;

    for (unsigned y = 0; y < screen->rows; y++)
        screen_line(screen, y, &out);
    while (out.len > 1 && out.data[out.len - 2] == '\n')
        out.len--;
    if (out.len == 1)
        out.len = 0;
    out.data[out.len] = '\0';
    return slip_buf_take(&out);
}
