#include "ui/line.h"

#include <ctype.h>
#include <string.h>

#include "util/mem.h"

#define TAB 8
#define ESC 0x1b
#define BAD UINT32_MAX

/* The character at s, and in *ret_n how many bytes it has; BAD and 1 for what is not UTF-8. */
static uint32_t decode(const char *s, size_t left, size_t *ret_n)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc2 ? 2 : 0;
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

    *ret_n = 1;
    if (n == 0 || n > left || p[0] > 0xf4)
        return BAD;
    uint32_t c = n == 1 ? p[0] : p[0] & (0xffU >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return BAD;
        c = c << 6 | (p[i] & 0x3f);
    }
    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return BAD;
    *ret_n = n;
    return c;
}

struct range {
    uint32_t from, to;
};

static int within(uint32_t c, const struct range *ranges, size_t n)
{
    for (size_t i = 0; i < n && ranges[i].from <= c; i++)
        if (c <= ranges[i].to)
            return 1;
    return 0;
}

static unsigned columns_of(uint32_t c)
{
    static const struct range none[] = {
        { 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd }, { 0x0610, 0x061a },
        { 0x064b, 0x065f }, { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x200b, 0x200d },
        { 0x20d0, 0x20f0 }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff },
    };
    static const struct range two[] = {
        { 0x1100, 0x115f },   { 0x231a, 0x231b },   { 0x23e9, 0x23ec },   { 0x2614, 0x2615 },
        { 0x2648, 0x2653 },   { 0x26a1, 0x26a1 },   { 0x26d4, 0x26d4 },   { 0x2705, 0x2705 },
        { 0x270a, 0x270b },   { 0x2728, 0x2728 },   { 0x274c, 0x274c },   { 0x2753, 0x2755 },
        { 0x2795, 0x2797 },   { 0x2b1b, 0x2b1c },   { 0x2b50, 0x2b50 },   { 0x2e80, 0x303e },
        { 0x3041, 0xa4cf },   { 0xa960, 0xa97c },   { 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },
        { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },   { 0x1f300, 0x1f64f },
        { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1faff }, { 0x20000, 0x3fffd },
    };

    if (c < 0x300)
        return 1;
    if (within(c, none, SLIP_ARRAY_LEN(none)))
        return 0;
    return within(c, two, SLIP_ARRAY_LEN(two)) ? 2 : 1;
}

/* Controls, and the marks that make text read in another order than it is written. */
static int is_unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* Bytes of the escape sequence at s, which starts with ESC; at the worst all that is left. */
static size_t escape_length(const char *s, size_t left)
{
    size_t i = 2;

    if (left < 2)
        return left;
    if (s[1] == '[') { /* CSI: parameters, then a final byte */
        while (i < left && (unsigned char)s[i] >= 0x20 && (unsigned char)s[i] < 0x40)
            i++;
        return i < left ? i + 1 : left;
    }
    if (strchr("]PX^_", s[1])) { /* OSC and its kin: text up to BEL or ESC \ */
        while (i < left && s[i] != '\a' && s[i] != ESC)
            i++;
        if (i < left && s[i] == ESC)
            i++;
        return i < left ? i + 1 : left;
    }
    i = 1; /* intermediate bytes, then a final one */
    while (i < left && (unsigned char)s[i] >= 0x20 && (unsigned char)s[i] < 0x30)
        i++;
    return i < left ? i + 1 : left;
}

/* The part that is still to be seen when the line is complete: "10%\r20%\r" shows 20%. */
static void skip_overwritten(const char **s, size_t *n)
{
    while (*n && (*s)[*n - 1] == '\r')
        --*n;
    const char *cr = memrchr(*s, '\r', *n);
    if (cr) {
        *n -= (size_t)(cr + 1 - *s);
        *s = cr + 1;
    }
}

void slip_line_clean(struct slip_buf *out, const char *s, size_t n)
{
    unsigned column = 0;

    skip_overwritten(&s, &n);
    for (size_t i = 0, step; i < n; i += step) {
        uint32_t c = decode(s + i, n - i, &step);
        if (c == ESC) {
            step = escape_length(s + i, n - i);
        } else if (c == '\t') {
            do
                slip_buf_putc(out, ' ');
            while (++column % TAB);
        } else if (c == BAD) {
            slip_buf_puts(out, "\xef\xbf\xbd");
            column++;
        } else if (!is_unsafe(c)) {
            slip_buf_put(out, s + i, step);
            column += columns_of(c);
        }
    }
}

void slip_line_utf8(struct slip_buf *out, const char *s, size_t n)
{
    for (size_t i = 0, step; i < n; i += step) {
        if (decode(s + i, n - i, &step) == BAD)
            slip_buf_puts(out, "\xef\xbf\xbd");
        else
            slip_buf_put(out, s + i, step);
    }
}

static size_t measure(const char *s, unsigned limit, unsigned *ret_columns)
{
    size_t left = strlen(s), i = 0;
    unsigned columns = 0;

    for (size_t step; i < left; i += step) {
        unsigned more = columns_of(decode(s + i, left - i, &step));
        if (more > limit - columns)
            break;
        columns += more;
    }
    *ret_columns = columns;
    return i;
}

unsigned slip_line_width(const char *s)
{
    unsigned columns;

    (void)measure(s, UINT32_MAX, &columns);
    return columns;
}

size_t slip_line_fit(const char *s, unsigned columns)
{
    unsigned used;

    return measure(s, columns, &used);
}

unsigned slip_line_cut(struct slip_buf *out, const char *s, unsigned columns)
{
    unsigned used;
    size_t n = measure(s, columns, &used);
    bool cut = s[n] != '\0', dots = cut && columns >= 12;

    if (dots)
        n = measure(s, columns - 3, &used);
    slip_buf_put(out, s, n);
    if (dots)
        slip_buf_puts(out, "...");
    return used + (dots ? 3 : 0);
}

static size_t digits(const char *s)
{
    size_t n = strspn(s, "0123456789");

    return n <= 9 ? n : 0;
}

int slip_line_progress(struct slip_buf *out, const char *s)
{
    if (*s++ != '[')
        return 0;
    s += strspn(s, " ");
    size_t done = digits(s), all = 0;
    if (!done)
        return 0;
    if (s[done] == '/')
        all = digits(s + done + 1);
    if (all ? s[done + 1 + all] != ']' : s[done] != '%' || s[done + 1] != ']')
        return 0;
    slip_buf_printf(out, "[%.*s]", (int)(done + 1 + all), s);
    return 1;
}
