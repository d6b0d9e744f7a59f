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
    { "deep with a slash is everything", { "**/", NULL }, "dir/file", true, false },
    { "deep twice is everything", { "**/**", NULL }, "dir/file", true, false },
    { "deep below a name", { "dir/**", NULL }, "dir/dir2/file", true, false },
    { "a deep name takes its content", { "**/dir", NULL }, "x/dir/file", true, false },
    { "deep, then one level", { "**/dir2/*", NULL }, "dir/dir2/file", true, false },
    { "deep, then one level, and below", { "**/dir2/*", NULL }, "dir/dir2/sub/file", true, false },
    { "deep on both sides", { "**/dir2/**", NULL }, "dir/dir2/dir3/file", true, false },
    { "deep on both sides, not the directory", { "**/dir2/**", NULL }, "dir/dir2", false, true },
    { "'ends in', at the top", { "**file", NULL }, "file", true, false },
    { "'ends in', deep", { "**file", NULL }, "dir/dir/file", true, false },
    { "'ends in' a part of a name", { "**file", NULL }, "dir/myfile", true, false },
    { "'ends in' is not 'has'", { "**file", NULL }, "dir/file.txt", false, true },
    { "deep, star behind", { "**/file*", NULL }, "dir/dir/file.txt", true, false },
    { "deep, star within", { "**/file*txt", NULL }, "dir/dir/file.txt", true, false },
    { "deep, star on both sides", { "**/file*.txt*", NULL }, "dir/dir/file.txt", true, false },
    { "deep twice, then a star", { "**/**/*.txt", NULL }, "dir/dir/file.txt", true, false },
    { "deep twice, at the top", { "**/**/*.txt", NULL }, "file.txt", true, false },
    { "deep twice, another end", { "**/**/*.txt2", NULL }, "dir/dir/file.txt", false, true },
    { "deep behind a letter", { "a**/*.txt", NULL }, "a/dir/dir/file.txt", true, false },
    { "deep behind a letter, none", { "a**/*.txt", NULL }, "a/file.txt", true, false },
    { "deep at the end of a name", { "a/*.txt**", NULL }, "a/file.txt", true, false },
    { "one level is one level", { "a/*.txt", NULL }, "a/dir/file.txt", false, true },
    { "a set needs a character", { "a[b-d]e", NULL }, "ae", false, true },
    { "a set, outside its range", { "a[b-d]e", NULL }, "aae", false, true },
    { "a set that is turned round", { "a[^b-d]e", NULL }, "aze", true, false },
    { "a leading dot is plain", { ".*", NULL }, ".foo", true, false },
    { "a leading dot is needed", { ".*", NULL }, "foo", false, true },
    { "a dot is no wildcard", { "abc.def", NULL }, "abcZdef", false, true },
    { "a question mark needs a character", { "abc?def", NULL }, "abcdef", false, true },
    { "deep path, at the top", { "**/foo/bar", NULL }, "foo/bar", true, false },
    { "deep path, deeper", { "**/foo/bar", NULL }, "dir/dir2/foo/bar", true, false },
    { "deep hidden name", { "**/.foo", NULL }, ".foo", true, false },
    { "deep hidden name, not a part", { "**/.foo", NULL }, "bar.foo", false, true },
    { "brackets are plain", { "a(b)c/def", NULL }, "a(b)c/def", true, false },
    { "all that means something elsewhere", { "a.|)$(}+{bc", NULL }, "a.|)$(}+{bc", true, false },
    { "a name with a plus",
      { "dist/x-1.dev36+g08-py3.whl", NULL },
      "dist/x-1.dev36+g08-py3.whl",
      true,
      false },
    { "a backslash twice", { "a\\\\", NULL }, "a\\", true, false },
    { "a set with an escape", { "[\\]a]", NULL }, "]", true, false },
    { "a set with a dash", { "[x\\-]", NULL }, "-", true, false },
    { "letters beyond ASCII in a set", { "[a-\xce\xb6]*", NULL }, "\xce\xb1", true, false },
    { "case matters", { "README", NULL }, "readme", false, true },
    { "a dot alone", { ".", NULL }, "a", false, true },
    { "a slash alone", { "/", NULL }, "a", false, true },
    { "two dots alone", { "..", NULL }, "a", false, true },
    { "above the context", { "../a", NULL }, "a", false, true },
    { "above the context and back", { "/../a", NULL }, "a", true, false },
    { "two slashes", { "a//b", NULL }, "a/b", true, false },
    { "a carriage return", { "a\r", NULL }, "a", true, false },
    { "a blank within", { "a b", NULL }, "a b", true, false },
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
