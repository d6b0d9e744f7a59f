#include "layer/stream.h"

#include "layer/apply.h"
#include "layer/diff.h"
#include "layer/show.h"
#include "sandbox.h"

static void add_text(struct slip_tree *tree, const char *path, const char *text)
{
    struct slip_entry *e = slip_tree_add(tree, path, S_IFREG | 0644);

    e->content = slip_xstrdup(text);
    e->size = strlen(text);
}

static void write_tree(struct sandbox *s, const struct slip_tree *tree, enum slip_compression c,
                       unsigned threads, struct slip_buf *out, struct slip_layer_info *info)
{
    struct slip_digest digest;

    ASSERT_OK(s, slip_layer_write(tree, c, 0, threads, collect, out, info, &s->err));
    slip_digest_of(out->data, out->len, &digest);
    assert_string_equal(digest.hex, info->digest.hex);
    assert_int_equal(info->size, out->len);
}

static void marks_become_names(void **state)
{
    struct sandbox *s = *state;
    slip_cleanup(slip_tree_release) struct slip_tree tree = SLIP_TREE_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf tar = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s/x.tar", s->path);
    struct slip_layer_info info;

    slip_tree_add(&tree, "d", S_IFDIR | 0755)->opaque = true;
    slip_tree_add(&tree, "d/gone", S_IFREG)->whiteout = true;
    slip_tree_add(&tree, "top", S_IFREG)->whiteout = true;
    add_text(&tree, "d/f", "hello");
    slip_tree_finish(&tree, 0);
    write_tree(s, &tree, SLIP_UNCOMPRESSED, 1, &tar, &info);
    assert_string_equal(info.digest.hex, info.diff_id.hex);
    assert_int_equal(info.tar_size, tar.len);
    ASSERT_OK(s, slip_write_file(AT_FDCWD, path, tar.data, tar.len, 0600, false, &s->err));
    slip_cleanup(slip_freep) char *list = output_of(ARGV("tar", "-tf", path));
    if (list)
        assert_string_equal(list, "d/\nd/.wh..wh..opq\nd/f\nd/.wh.gone\n.wh.top\n");
}

static void a_name_of_a_whiteout_is_refused(void **state)
{
    struct sandbox *s = *state;
    slip_cleanup(slip_tree_release) struct slip_tree tree = SLIP_TREE_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf tar = SLIP_BUF_INIT;
    struct slip_layer_info info;

    add_text(&tree, "d/.wh.f", "");
    slip_tree_finish(&tree, 0);
    assert_int_equal(slip_layer_write(&tree, SLIP_GZIP, 0, 1, collect, &tar, &info, &s->err), -1);
    assert_string_equal(s->err.msg, "'d/.wh.f' cannot be in an image: a name that begins with "
                                    "'.wh.' says that something is removed");
}

/* 3 MiB that compress to something, a hole, and small files. */
static void make_files(int dir)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_closep) int hole = openat(dir, "hole", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

    for (unsigned i = 0; text.len < 3 << 20; i++)
        slip_buf_printf(&text, "%u\n", i * 2654435761u);
    put_file(dir, "large", text.data, 0644);
    assert_int_equal(ftruncate(hole, 5 << 20), 0);
    for (int i = 0; i < 50; i++) {
        slip_cleanup(slip_freep) char *name = slip_xasprintf("small%d", i);
        put_file(dir, name, name, 0600);
    }
    assert_int_equal(linkat(dir, "large", dir, "again", 0), 0);
    assert_int_equal(symlinkat("large", dir, "link"), 0);
}

static void any_threads_give_the_same_layer(void **state)
{
    struct sandbox *s = *state;
    const struct slip_diff_options options = { .epoch = 1, .emulated = true };
    slip_cleanup(slip_closep) int dir = sandbox_dir(s, "tree/d");
    slip_cleanup(slip_closep) int top = sandbox_dir(s, "tree");
    slip_cleanup(slip_tree_release) struct slip_tree tree = SLIP_TREE_INIT;

    make_files(dir);
    ASSERT_OK(s, slip_diff(top, -1, &options, &tree, &s->err));
    for (int c = SLIP_GZIP; c <= SLIP_UNCOMPRESSED; c++) {
        slip_cleanup(slip_buf_release) struct slip_buf first = SLIP_BUF_INIT;
        struct slip_layer_info info, again;
        write_tree(s, &tree, (enum slip_compression)c, 1, &first, &info);
        for (unsigned threads = 2; threads <= 8; threads += 3) {
            slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
            write_tree(s, &tree, (enum slip_compression)c, threads, &out, &again);
            assert_string_equal(info.digest.hex, again.digest.hex);
            assert_string_equal(info.diff_id.hex, again.diff_id.hex);
        }
    }
}

static void there_and_back(void **state)
{
    struct sandbox *s = *state;
    const struct slip_diff_options options = { .epoch = 1, .emulated = true };
    const struct slip_apply_options back_options = { .emulated = true };
    slip_cleanup(slip_closep) int dir = sandbox_dir(s, "tree/d");
    slip_cleanup(slip_closep) int top = sandbox_dir(s, "tree");
    slip_cleanup(slip_tree_release) struct slip_tree tree = SLIP_TREE_INIT;
    slip_cleanup(slip_freep) char *want = NULL;
    char digest[65], digest_back[65];

    make_files(dir);
    ASSERT_OK(s, slip_diff(top, -1, &options, &tree, &s->err));
    ASSERT_OK(s, slip_tree_digest(&tree, digest, &s->err));
    want = show_tree(&tree);
    for (int c = SLIP_GZIP; c <= SLIP_UNCOMPRESSED; c++) {
        slip_cleanup(slip_tree_release) struct slip_tree copy = SLIP_TREE_INIT;
        slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
        slip_cleanup(slip_freep) char *name = slip_xasprintf("back%d", c);
        slip_cleanup(slip_closep) int back = sandbox_dir(s, name);
        struct slip_layer_info info;
        struct slip_digest diff_id;
        write_tree(s, &tree, (enum slip_compression)c, 0, &out, &info);
        slip_cleanup(slip_closep) int fd = file_of(s, out.data, out.len);
        ASSERT_OK(s, slip_apply(fd, back, &back_options, &diff_id, &s->err));
        assert_string_equal(diff_id.hex, info.diff_id.hex);
        ASSERT_OK(s, slip_diff(back, -1, &options, &copy, &s->err));
        slip_cleanup(slip_freep) char *is = show_tree(&copy);
        assert_string_equal(is, want);
        ASSERT_OK(s, slip_tree_digest(&copy, digest_back, &s->err));
        assert_string_equal(digest_back, digest);
    }
}

static void a_file_that_changed_is_an_error(void **state)
{
    struct sandbox *s = *state;
    slip_cleanup(slip_tree_release) struct slip_tree tree = SLIP_TREE_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    struct slip_layer_info info;
    struct slip_entry *e = slip_tree_add(&tree, "x", S_IFREG | 0644);

    put_file(s->dir, "file", "12345", 0644);
    e->root = s->dir;
    e->source = slip_xstrdup("/file");
    e->size = 4;
    assert_int_equal(slip_layer_write(&tree, SLIP_GZIP, 0, 1, collect, &out, &info, &s->err), -1);
    assert_string_equal(s->err.msg, "'x' changed while it was read");
    e->size = 5;
    ASSERT_OK(s, slip_layer_write(&tree, SLIP_GZIP, 0, 1, collect, &out, &info, &s->err));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, sandbox_begin, sandbox_end)
    const struct CMUnitTest tests[] = {
        TEST(marks_become_names),
        TEST(a_name_of_a_whiteout_is_refused),
        TEST(any_threads_give_the_same_layer),
        TEST(there_and_back),
        TEST(a_file_that_changed_is_an_error),
    };

    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
