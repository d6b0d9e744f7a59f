#include "main.h"

#include "build/makings.h"

struct row {
    const char *name;
    const char *before[6], *now[6]; /* kind, name, value, twice at most */
    const char *said;               /* NULL: no difference */
};

static const struct row rows[] = {
    { "the same", { "file", "a", "100644 x" }, { "file", "a", "100644 x" }, NULL },
    { "content",
      { "file", "a", "100644 x" },
      { "file", "a", "100644 y" },
      "the content of file 'a' changed" },
    { "mode",
      { "file", "a", "100644 x" },
      { "file", "a", "100755 x" },
      "the mode of file 'a' changed" },
    { "mode and content",
      { "file", "a", "100644 x" },
      { "file", "a", "100755 y" },
      "the content of file 'a' changed" },
    { "a link",
      { "file", "a", "120777 x" },
      { "file", "a", "120777 y" },
      "the link 'a' points elsewhere now" },
    { "another kind",
      { "file", "a", "100644 x" },
      { "file", "a", "120777 x" },
      "file 'a' became something of another kind" },
    { "a directory became a file",
      { "file", "a", "40755 " },
      { "file", "a", "100644 x" },
      "file 'a' became something of another kind" },
    { "added", { NULL }, { "file", "a b", "100644 x" }, "file 'a b' was added" },
    { "removed", { "file", "a", "100644 x" }, { NULL }, "file 'a' was removed" },
    { "two",
      { "user", "", "a", "mode", "", "1" },
      { "user", "", "b", "mode", "", "2" },
      "its user changed from 'a' to 'b', and 1 more" },
    { "ignored now",
      { "file", "a", "100644 x", "rules", ".i", "1" },
      { "rules", ".i", "2" },
      ".i changed, and file 'a' is left out now" },
    { "other rules, but not by them",
      { "file", "a", "100644 x", "rules", ".i", "1" },
      { "file", "a", "100644 y", "rules", ".i", "2" },
      "the content of file 'a' changed" },
    { "the ignore file itself",
      { NULL },
      { "file", ".i", "100644 x", "rules", ".i", "2" },
      "file '.i' was added" },
    { "other rules alone", { "rules", ".i", "1" }, { "rules", ".i", "2" }, NULL },
    { "an argument",
      { "argument", "V", "1" },
      { "argument", "V", "2" },
      "build argument V changed from '1' to '2'" },
    { "an argument that is new",
      { NULL },
      { "argument", "V", "2" },
      "build argument V is set now: '2'" },
    { "an argument that is gone",
      { "argument", "V", "1" },
      { NULL },
      "build argument V is not set any more; it was '1'" },
    { "an argument that became a variable",
      { "argument", "V", "1" },
      { "variable", "V", "1" },
      "environment variable V is set now: '1', and 1 more" },
    { "a secret",
      { "argument", "MY_TOKEN", "1" },
      { "argument", "MY_TOKEN", "2" },
      "the value of MY_TOKEN changed; its name sounds like a secret, so it is not shown" },
    { "an image",
      { "image", "b", "sha256:1" },
      { "image", "b", "sha256:2" },
      "image 'b' is another one now: sha256:1 -> sha256:2" },
    { "per cent signs",
      { "user", "", "%a" },
      { "user", "", "%n" },
      "its user changed from '%a' to '%n'" },
    { "not UTF-8",
      { "file", "\xff", "100644 x" },
      { "file", "\xff", "100644 y" },
      "the content of file '\\xff' changed" },
};

static json_t *noted(const char *const *words, char key[65])
{
    slip_cleanup(slip_makings_release) struct slip_makings made = { .rows = json_object() };

    for (size_t i = 0; i < 6 && words[i]; i += 3)
        slip_made_of(&made, words[i], words[i + 1], words[i + 2]);
    slip_makings_finish(&made, key);
    return made.rows;
}

static void tells(void **state)
{
    const struct row *row = *state;
    char old_key[65], key[65];
    slip_cleanup(slip_json_decrefp) json_t *before = noted(row->before, old_key);
    slip_cleanup(slip_json_decrefp) json_t *now = noted(row->now, key);
    slip_cleanup(slip_freep) char *said = slip_makings_difference(before, now);

    if (!row->said)
        assert_null(said);
    else
        assert_string_equal(said, row->said);
    assert_int_equal(json_equal(before, now), strcmp(old_key, key) == 0);
}

static void long_values_are_cut(void **state)
{
    char text[1000], key[65];
    const char *const words[6] = { "script", "", text };

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    slip_cleanup(slip_json_decrefp) json_t *rows_of_it = noted(words, key);
    assert_in_range(strlen(slip_json_str(rows_of_it, "script")), 1, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(long_values_are_cut) };

    return SLIP_RUN_ROWS("makings", rows, tells) +
           cmocka_run_group_tests_name("makings_more", tests, NULL, NULL);
}
