/* Which subordinate ids a user has, and where a path of an image leads. */
#include "exec/userns.h"

#include "exec/resolve.h"
#include "exec/tiers.h"

static const struct row {
    const char *name;
    const char *file; /* of /etc/subuid; NULL: there is none */
    uint64_t start;   /* 0: none found */
    uint64_t count;
} rows[] = {
    { "by name", "me:100000:65536\n", 100000, 65536 },
    { "by uid", "other:1:65536\n4242:200000:65536\n", 200000, 65536 },
    { "the first that is large enough", "me:5000:10\nme:100000:70000\nme:500000:65536\n", 100000,
      70000 },
    { "too few", "me:100000:65535\n", 0, 0 },
    { "somebody else's", "meme:100000:65536\nm:1:65536\n", 0, 0 },
    { "no file", NULL, 0, 0 },
    { "an empty file", "", 0, 0 },
    { "not a number", "me:x:65536\nme:1:y\nme\nme:\n", 0, 0 },
    { "beyond 32 bits", "me:4294967000:65536\nme:99999999999999999999:65536\n", 0, 0 },
    { "no newline at the end", "# comment\nme:300000:65536", 300000, 65536 },
};

static void test_subids(void **state)
{
    const struct row *row = *state;
    char dir[] = "/tmp/slip-userns-XXXXXX";
    struct slip_subids ids = { 0 };
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    assert_non_null(mkdtemp(dir));
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s/subuid", dir);
    if (row->file)
        put_file(AT_FDCWD, path, row->file, 0644);
    assert_int_equal(slip_subids_find(path, "me", 4242, &ids), row->count != 0);
    assert_int_equal(ids.start, row->start);
    assert_int_equal(ids.count, row->count);
    assert_int_equal(slip_remove_tree(AT_FDCWD, dir, &err), 0);
}

static const struct lead {
    const char *name;
    const char *path, *leads_to; /* NULL: nowhere */
} leads[] = {
    { "nothing there", "/a/b/c", "/a/b/c" },
    { "what is there", "/dir/x", "/dir/x" },
    { "dots", "/dir/./../dir//y", "/dir/y" },
    { "a relative link", "/rel/x", "/dir/x" },
    { "an absolute link", "/abs/x", "/gone/deep/x" },
    { "a link upwards stays inside", "/up/x", "/x" },
    { "a link to a link", "/twice/x", "/dir/x" },
    { "the last component", "/abs", "/gone/deep" },
    { "a circle", "/circle/x", NULL },
    { "the root", "/", "/" },
};

static void test_lead(void **state)
{
    static const char *const links[][2] = { { "dir", "rel" },
                                            { "/gone/deep", "abs" },
                                            { "../../..", "up" },
                                            { "/rel", "twice" },
                                            { "circle", "circle" } };
    const struct lead *row = *state;
    char dir[] = "/tmp/slip-resolve-XXXXXX";
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    assert_non_null(mkdtemp(dir));
    slip_cleanup(slip_closep) int root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkdirat(root, "dir", 0755), 0);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(links); i++)
        assert_int_equal(symlinkat(links[i][0], root, links[i][1]), 0);
    slip_cleanup(slip_freep) char *found = slip_resolve_missing(root, row->path);
    if (row->leads_to)
        assert_string_equal(found, row->leads_to);
    else
        assert_null(found);
    assert_int_equal(slip_remove_tree(AT_FDCWD, dir, &err), 0);
}

int main(void)
{
    return SLIP_RUN_ROWS("subordinate ids", rows, test_subids) +
           SLIP_RUN_ROWS("leads", leads, test_lead);
}
