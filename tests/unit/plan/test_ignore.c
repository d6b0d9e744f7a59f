#include "main.h"

#include <stdio.h>

#include "plan/ignore.h"

struct row {
    const char *name;
    const char *rules[8];
    const char *path;
    bool ignored;
    bool descend; /* as a directory: may something below it be wanted? */
};

static const struct row rows[] = {
    { "no rules", { NULL }, "a", false, true },
    { "a name", { "a", NULL }, "a", true, false },
    { "a name is anchored", { "a", NULL }, "b/a", false, true },
    { "below an ignored directory", { "a", NULL }, "a/b/c", true, false },
    { "only whole names", { "a", NULL }, "ab", false, true },
    { "leading slash", { "/a", NULL }, "a", true, false },
    { "trailing slash", { "a/", NULL }, "a", true, false },
    { "dot components", { "./a/../b/.", NULL }, "b", true, false },
    { "blanks around", { "  a\t", NULL }, "a", true, false },
    { "comment", { "#a", NULL }, "#a", false, true },
    { "comment only in the first column", { " #a", NULL }, "#a", true, false },
    { "empty line", { "", "a", NULL }, "a", true, false },
    { "byte order mark",
      { "\xef\xbb\xbf"
        "a",
        NULL },
      "a",
      true,
      false },
    { "star", { "*.o", NULL }, "x.o", true, false },
    { "star stays in its directory", { "*.o", NULL }, "d/x.o", false, true },
    { "star within a path", { "d/*/x", NULL }, "d/e/x", true, false },
    { "star is one directory", { "d/*/x", NULL }, "d/e/f/x", false, true },
    { "star alone", { "*", NULL }, ".git", true, false },
    { "question mark", { "a?c", NULL }, "abc", true, false },
    { "question mark is not a slash", { "a?c", NULL }, "a/c", false, true },
    { "question mark is a character",
      { "a?c", NULL },
      "a\xc3\xa4"
      "c",
      true,
      false },
    { "set", { "[a-c]x", NULL }, "bx", true, false },
    { "set does not match", { "[a-c]x", NULL }, "dx", false, true },
    { "negated set", { "[^a-c]x", NULL }, "dx", true, false },
    { "escape", { "a\\*", NULL }, "a*", true, false },
    { "escape is literal", { "a\\*", NULL }, "ab", false, true },
    { "regular expressions mean nothing", { "a.c", NULL }, "abc", false, true },
    { "plus and braces are plain", { "a+{b}$", NULL }, "a+{b}$", true, false },
    { "deep front, at the top", { "**/x", NULL }, "x", true, false },
    { "deep front, below", { "**/x", NULL }, "a/b/x", true, false },
    { "deep front, whole names", { "**/x", NULL }, "a/bx", false, true },
    { "deep front without slash is 'ends in'", { "**x", NULL }, "a/bx", true, false },
    { "deep alone", { "**", NULL }, "a/b", true, false },
    { "deep end", { "a/**", NULL }, "a/b/c", true, false },
    { "deep end is not the directory", { "a/**", NULL }, "a", false, true },
    { "deep middle, none", { "a/**/b", NULL }, "a/b", true, false },
    { "deep middle, some", { "a/**/b", NULL }, "a/x/y/b", true, false },
    { "deep middle, not another", { "a/**/b", NULL }, "c/b", false, true },
    { "deep twice", { "**/a/**/*.c", NULL }, "x/a/y/z/f.c", true, false },
    { "deep and star", { "**/*.go", NULL }, "a/b/x.go", true, false },
    { "taken back", { "*.md", "!README.md", NULL }, "README.md", false, true },
    { "not taken back", { "*.md", "!README.md", NULL }, "x.md", true, false },
    { "last one decides", { "*.md", "!README.md", "README*", NULL }, "README.md", true, false },
    { "taken back in an ignored directory", { "a", "!a/b", NULL }, "a/b", false, true },
    { "its directory is walked", { "a", "!a/b", NULL }, "a", true, true },
    { "its neighbour is not", { "a", "!a/b", NULL }, "a/c", true, false },
    { "all but one", { "*", "!src", NULL }, "src/x.c", false, true },
    { "all but one deep", { "**", "!src/lib/*.c", NULL }, "src/lib/x.c", false, true },
    { "its parents are walked", { "**", "!src/lib/*.c", NULL }, "src", true, true },
    { "other directories are not", { "**", "!src/lib/*.c", NULL }, "doc", true, false },
    { "deep exceptions open all", { "*", "!**/*.c", NULL }, "x/y", true, true },
    { "ignored again after an exception", { "a", "!a/b", "a/b/c", NULL }, "a/b/c", true, false },
    { "an exception before counts no more", { "!a/b", "a", NULL }, "a", true, false },
    { "exception with blanks and slash", { "a", "! /a/b/", NULL }, "a/b", false, true },
    { "exception of a directory frees what is below",
      { "a", "!a/b", NULL },
      "a/b/c/d",
      false,
      true },
};

static void matches(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    struct slip_ignore *ignore;

    assert_int_equal(slip_ignore_compile(row->rules, &ignore, &err), 0);
    assert_int_equal(slip_ignore_match(ignore, row->path, false), row->ignored);
    assert_int_equal(slip_ignore_may_descend(ignore, row->path), row->descend);
    assert_false(slip_ignore_match(ignore, "", true));
    assert_true(slip_ignore_may_descend(ignore, ""));
    slip_ignore_free(ignore);
}

static const struct row bad[] = {
    { "lone exclamation mark", { "a", "!", NULL }, "line 2", false, false },
    { "set not closed", { "[a", NULL }, "line 1", false, false },
    { "escape at the end", { "a\\", NULL }, "line 1", false, false },
};

static void refuses(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    struct slip_ignore *ignore;

    assert_int_equal(slip_ignore_compile(row->rules, &ignore, &err), -1);
    assert_non_null(strstr(err.msg, row->path));
    assert_non_null(err.hint);
}

int main(void)
{
    return SLIP_RUN_ROWS("ignore", rows, matches) + SLIP_RUN_ROWS("ignore_bad", bad, refuses);
}
