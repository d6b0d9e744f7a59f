#include "main.h"

#include "plan/match.h"

struct row {
    const char *name, *pattern, *text;
    int want;
};

static const struct row rows[] = {
    { "plain", "abc", "abc", 1 },
    { "plain, longer", "abc", "abcd", 0 },
    { "star", "*", "abc", 1 },
    { "star matches nothing", "a*c", "ac", 1 },
    { "star at the end", "*c", "abc", 1 },
    { "star needs the rest", "a*", "ba", 0 },
    { "star stops at a slash", "a*", "a/b", 0 },
    { "star before a slash", "a*/b", "abc/b", 1 },
    { "star does not cross", "a*/b", "a/c/b", 0 },
    { "several stars", "a*b*c*d*e*", "axbxcxdxe", 1 },
    { "several stars, missing", "a*b?c*x", "abxbbxdbxebxczzy", 0 },
    { "several stars, found", "a*b?c*x", "abxbbxdbxebxczzx", 1 },
    { "set", "ab[c]", "abc", 1 },
    { "range", "ab[b-d]", "abc", 1 },
    { "range, outside", "ab[e-g]", "abc", 0 },
    { "negated", "ab[^c]", "abc", 0 },
    { "negated range", "ab[^e-g]", "abc", 1 },
    { "escaped in a set", "[\\]a]", "]", 1 },
    { "escaped dash", "[x\\-]", "-", 1 },
    { "escaped star", "a\\*b", "a*b", 1 },
    { "escaped star is literal", "a\\*b", "ab", 0 },
    { "question mark", "a?b",
      "a\xe2\x98\xba"
      "b",
      1 },
    { "set of a character", "a[^a]b",
      "a\xe2\x98\xba"
      "b",
      1 },
    { "two question marks", "a??b",
      "a\xe2\x98\xba"
      "b",
      0 },
    { "star and set", "*x[a-c]", "xxc", 1 },
    { "set not closed", "[a", "a", -1 },
    { "empty set", "[]a]", "]", -1 },
    { "set with a lone dash", "[-]", "-", -1 },
    { "range not finished", "[x-]", "x", -1 },
    { "escape at the end", "a\\", "a", -1 },
    { "malformed beyond the mismatch", "b[", "a", -1 },
    { "package files", "package*.json", "package-lock.json", 1 },
    { "bytes that are no characters", "a?b",
      "a\xff"
      "b",
      1 },
};

static void matches(void **state)
{
    const struct row *row = *state;

    assert_int_equal(slip_match(row->pattern, row->text), row->want);
}

static void knows_patterns(void **state)
{
    (void)state;
    assert_false(slip_match_is_pattern("plain/name.c"));
    assert_true(slip_match_is_pattern("*.c"));
    assert_true(slip_match_is_pattern("a\\b"));
}

int main(void)
{
    const struct CMUnitTest others[] = { cmocka_unit_test(knows_patterns) };

    return SLIP_RUN_ROWS("match", rows, matches) +
           cmocka_run_group_tests_name("patterns", others, NULL, NULL);
}
