#include "ui/line.h"

#include "main.h"

static const struct row {
    const char *name, *raw, *clean;
    unsigned width;
    const char *progress, *cut; /* cut: to 12 columns */
} rows[] = {
    { "plain text", "hello", "hello", 5, "", "hello" },
    { "too long", "hello, world, it is me", "hello, world, it is me", 22, "", "hello, wo..." },
    { "just fits", "hello, world", "hello, world", 12, "", "hello, world" },
    { "colours", "\033[1;31mred\033[0m", "red", 3, "", "red" },
    { "a title", "\033]0;title\033\\x", "x", 1, "", "x" },
    { "a title to the bell", "\033]0;title\ax", "x", 1, "", "x" },
    { "a sequence cut off", "x\033[12", "x", 1, "", "x" },
    { "a string cut off", "x\033]0;", "x", 1, "", "x" },
    { "a lone escape", "x\033", "x", 1, "", "x" },
    { "charset", "\033(Bx", "x", 1, "", "x" },
    { "tabs", "a\tb", "a       b", 9, "", "a       b" },
    { "returns", "10%\r20%\r30%", "30%", 3, "", "30%" },
    { "a return at the end", "10%\r20%\r", "20%", 3, "", "20%" },
    { "controls", "a\001b\bc\x7f", "abc", 3, "", "abc" },
    { "C1 controls",
      "a\xc2\x9b"
      "b",
      "ab", 2, "", "ab" },
    { "not UTF-8",
      "a\xff"
      "b\xc3",
      "a\xef\xbf\xbd"
      "b\xef\xbf\xbd",
      4, "",
      "a\xef\xbf\xbd"
      "b\xef\xbf\xbd" },
    { "overlong", "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd", 2, "", "\xef\xbf\xbd\xef\xbf\xbd" },
    { "a surrogate", "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 3, "",
      "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
    { "reordering marks",
      "a\xe2\x80\xae"
      "b",
      "ab", 2, "", "ab" },
    { "accents take no room", "e\xcc\x81x", "e\xcc\x81x", 2, "", "e\xcc\x81x" },
    { "ideographs take two", "\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac", 4, "",
      "\xe6\x97\xa5\xe6\x9c\xac" },
    { "ninja", "[12/318] Building", "[12/318] Building", 17, "[12/318]", "[12/318] ..." },
    { "makefiles", "[ 42%] Building", "[ 42%] Building", 15, "[42%]", "[ 42%] Bu..." },
    { "all of it", "[100%] x", "[100%] x", 8, "[100%]", "[100%] x" },
    { "a bracket", "[note] x", "[note] x", 8, "", "[note] x" },
    { "half a count", "[12/] x", "[12/] x", 7, "", "[12/] x" },
    { "no end", "[12/3", "[12/3", 5, "", "[12/3" },
    { "a date", "[2026-01-01]", "[2026-01-01]", 12, "", "[2026-01-01]" },
    { "nothing", "", "", 0, "", "" },
};

static void is_made_safe_and_measured(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_buf_release) struct slip_buf clean = SLIP_BUF_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf progress = SLIP_BUF_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf cut = SLIP_BUF_INIT;

    /* A copy without a NUL, so that reading past the end is seen. */
    size_t n = strlen(row->raw);
    slip_cleanup(slip_freep) char *raw = slip_xmalloc(n + !n);
    memcpy(raw, row->raw, n);
    slip_line_clean(&clean, raw, n);
    assert_string_equal(slip_buf_str(&clean), row->clean);
    assert_int_equal(slip_line_width(row->clean), row->width);
    assert_int_equal(slip_line_progress(&progress, row->clean), *row->progress != '\0');
    assert_string_equal(slip_buf_str(&progress), row->progress);
    unsigned used = slip_line_cut(&cut, row->clean, 12);
    assert_string_equal(slip_buf_str(&cut), row->cut);
    assert_int_equal(used, slip_line_width(row->cut));
}

int main(void)
{
    return SLIP_RUN_ROWS("line", rows, is_made_safe_and_measured);
}
