#include "layer/tree.h"

#include "layer/show.h"
#include "sandbox.h"

static struct slip_entry *add_text(struct slip_tree *tree, const char *path, const char *text)
{
    struct slip_entry *e = slip_tree_add(tree, path, S_IFREG | 0644);

    e->content = slip_xstrdup(text);
    e->size = strlen(text);
    return e;
}

static void finish_sorts_and_completes(void **state)
{
    (void)state;
    slip_cleanup(slip_tree_release) struct slip_tree tree = SLIP_TREE_INIT;

    add_text(&tree, "usr/lib/b", "b");
    add_text(&tree, "a", "first");
    slip_tree_add(&tree, "usr-local", S_IFDIR | 0700);
    add_text(&tree, "a", "second!");
    add_text(&tree, "usr/bin/x", "x");
    slip_tree_add(&tree, "usr/lib", S_IFDIR | 0711);
    slip_tree_finish(&tree, 5);
    slip_cleanup(slip_freep) char *shown = show_tree(&tree);
    assert_string_equal(shown, "100644 0:0 a [7]\n"
                               "040755 0:0 usr\n"
                               "040700 0:0 usr-local\n"
                               "040755 0:0 usr/bin\n"
                               "100644 0:0 usr/bin/x [1]\n"
                               "040711 0:0 usr/lib\n"
                               "100644 0:0 usr/lib/b [1]\n");
    assert_int_equal(slip_tree_find(&tree, "usr/bin")->mtime, 5);
    assert_null(slip_tree_find(&tree, "usr/bi"));
    assert_string_equal(slip_tree_find(&tree, "a")->content, "second!");
    assert_int_equal(slip_tree_bytes(&tree), 9);
    slip_tree_finish(&tree, 6); /* twice is fine */
    assert_int_equal(tree.n, 7);
    assert_int_equal(slip_tree_find(&tree, "usr/bin")->mtime, 5);
}

static void sample(struct slip_tree *tree)
{
    struct slip_entry *e = add_text(tree, "f", "text");

    e->xattrs = slip_xcalloc(1, sizeof *e->xattrs);
    e->nxattrs = 1;
    e->xattrs[0] = (struct slip_xattr){ slip_xstrdup("user.k"), slip_xstrdup("v"), 1 };
    slip_tree_add(tree, "d", S_IFDIR | 0755);
    slip_tree_add(tree, "l", S_IFLNK | 0777)->link = slip_xstrdup("f");
    slip_tree_add(tree, "n", S_IFCHR | 0600)->rdev = 0x103;
    slip_tree_finish(tree, 0);
}

static struct slip_entry *at(struct slip_tree *tree, const char *path)
{
    return &tree->entries[slip_tree_find(tree, path) - tree->entries];
}

static void nothing(struct slip_tree *t)
{
    (void)t;
}
static void time_of(struct slip_tree *t)
{
    at(t, "f")->mtime = 77;
}
static void content(struct slip_tree *t)
{
    at(t, "f")->content[0] = 'T';
}
static void mode(struct slip_tree *t)
{
    at(t, "f")->mode = S_IFREG | 0755;
}
static void owner(struct slip_tree *t)
{
    at(t, "f")->uid = 1;
}
static void group(struct slip_tree *t)
{
    at(t, "d")->gid = 1;
}
static void target(struct slip_tree *t)
{
    at(t, "l")->link[0] = 'g';
}
static void device(struct slip_tree *t)
{
    at(t, "n")->rdev = 0x104;
}
static void attribute(struct slip_tree *t)
{
    at(t, "f")->xattrs[0].value[0] = 'w';
}
static void opaque(struct slip_tree *t)
{
    at(t, "d")->opaque = true;
}
static void whiteout(struct slip_tree *t)
{
    at(t, "n")->whiteout = true;
}
static void name(struct slip_tree *t)
{
    at(t, "n")->path[0] = 'o';
}

/* What a change does to the digest. */
static const struct row {
    const char *name;
    void (*change)(struct slip_tree *tree);
    bool same;
} rows[] = {
    { "nothing", nothing, true },         { "a time", time_of, true },
    { "content", content, false },        { "a mode", mode, false },
    { "an owner", owner, false },         { "a group", group, false },
    { "a target", target, false },        { "a device", device, false },
    { "an attribute", attribute, false }, { "an opaque mark", opaque, false },
    { "a whiteout", whiteout, false },    { "a name", name, false },
};

static void digest_sees(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_tree_release) struct slip_tree tree = SLIP_TREE_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    char before[65], after[65];

    sample(&tree);
    assert_int_equal(slip_tree_digest(&tree, before, &err), 0);
    row->change(&tree);
    assert_int_equal(slip_tree_digest(&tree, after, &err), 0);
    assert_int_equal(strlen(after), 64);
    assert_int_equal(strcmp(before, after) == 0, row->same);
}

static void files_and_contents_are_one(void **state)
{
    struct sandbox *s = *state;
    slip_cleanup(slip_tree_release) struct slip_tree files = SLIP_TREE_INIT, texts = SLIP_TREE_INIT;
    char a[65], b[65];

    for (int i = 0; i < 300; i++) { /* enough for threads */
        slip_cleanup(slip_freep) char *file = slip_xasprintf("f%03d", i);
        put_file(s->dir, file, file, 0644);
        struct slip_entry *e = slip_tree_add(&files, file, S_IFREG | 0644);
        e->root = s->dir;
        e->size = 4;
        add_text(&texts, file, file);
    }
    slip_tree_finish(&files, 0);
    slip_tree_finish(&texts, 0);
    ASSERT_OK(s, slip_tree_digest(&files, a, &s->err));
    ASSERT_OK(s, slip_tree_digest(&texts, b, &s->err));
    assert_string_equal(a, b);

    put_file(s->dir, "f007", "longer than it was", 0644);
    assert_int_equal(slip_tree_digest(&files, a, &s->err), -1);
    assert_string_equal(s->err.msg, "'f007' changed while it was read");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finish_sorts_and_completes),
        cmocka_unit_test_setup_teardown(files_and_contents_are_one, sandbox_begin, sandbox_end),
    };

    return SLIP_RUN_ROWS("tree digest sees", rows, digest_sees) +
           cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
