#include "layer/listing.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include "main.h"
#include "rawtar.h"
#include "util/mem.h"

#define LAYERS 3

static const struct row {
    const char *name;
    struct raw layers[LAYERS][8];
    const char *seen, *hidden;
} rows[] = {
    { "names are cleaned",
      { { { '5', "./" }, { '5', "./usr/" }, { '0', "./usr/a", .body = "abc" }, { 0 } } },
      "usr/ usr/a=3@0",
      "" },
    { "an upper file hides a lower one",
      { { { '0', "a", .body = "old" }, { 0 } }, { { '0', "a", .body = "newer" }, { 0 } } },
      "a=5@1",
      "a=3 by 1" },
    { "a whiteout removes a file, and all below a directory",
      { { { '0', "d/x", .body = "1" },
          { '0', "d/e/y", .body = "22" },
          { '0', "f", .body = "3" },
          { 0 } },
        { { '0', ".wh.d" }, { '0', ".wh.f" }, { 0 } } },
      "",
      "d/e/y=2 removed by 1, d/x=1 removed by 1, f=1 removed by 1" },
    { "an opaque directory hides what is below, not itself",
      { { { '5', "d/" }, { '0', "d/x", .body = "1" }, { '0', "dx", .body = "1" }, { 0 } },
        { { '0', "d/.wh..wh..opq" }, { '0', "d/y", .body = "22" }, { 0 } } },
      "d/ d/y=2@1 dx=1@0",
      "d/x=1 removed by 1" },
    { "a whiteout does not hide what its own layer adds",
      { { { '0', "a", .body = "old" }, { 0 } },
        { { '0', "a", .body = "newer" }, { '0', ".wh.a" }, { 0 } } },
      "a=5@1",
      "a=3 by 1" },
    { "a file in place of a directory hides what was below",
      { { { '0', "d/x", .body = "1" }, { 0 } }, { { '0', "d", .body = "22" }, { 0 } } },
      "d=2@1",
      "d/x=1 removed by 1" },
    { "a directory over a directory hides nothing",
      { { { '5', "d/" }, { '0', "d/x", .body = "1" }, { 0 } },
        { { '5', "d/", .mode = 0700 }, { 0 } } },
      "d/ d/x=1@0",
      "" },
    { "hidden once is not hidden twice",
      { { { '0', "a", .body = "1" }, { 0 } },
        { { '0', "a", .body = "22" }, { 0 } },
        { { '0', ".wh.a" }, { 0 } } },
      "",
      "a=2 removed by 2, a=1 by 1" },
    { "a hard link has no bytes",
      { { { '0', "a", .body = "abc" }, { '1', "b", .link = "./a" }, { 0 } } },
      "a=3@0 b=0@0",
      "" },
    { "named twice, the last counts",
      { { { '0', "a", .body = "old" }, { '0', "./a", .body = "newer" }, { 0 } } },
      "a=5@0",
      "" },
};

static int layer_fd(const struct raw *list)
{
    slip_cleanup(slip_buf_release) struct slip_buf tar = SLIP_BUF_INIT;
    int fd = memfd_create("layer", MFD_CLOEXEC);

    for (; list->type; list++)
        raw_add(&tar, list);
    raw_end(&tar);
    assert_int_equal(write(fd, tar.data, tar.len), (ssize_t)tar.len);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static void read_layers(const struct row *row, struct slip_listing layers[LAYERS])
{
    for (unsigned i = 0; i < LAYERS; i++) {
        slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
        slip_cleanup(slip_closep) int fd = layer_fd(row->layers[i]);
        assert_int_equal(slip_listing_read(fd, 1 << 20, i, NULL, &layers[i], &err), 0);
    }
}

static void run_row(void **state)
{
    const struct row *row = *state;
    struct slip_listing layers[LAYERS] = { 0 };
    slip_cleanup(slip_seen_release) struct slip_seen seen = SLIP_SEEN_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf files = SLIP_BUF_INIT, hidden = SLIP_BUF_INIT;

    read_layers(row, layers);
    slip_listing_stack(layers, LAYERS, &seen);
    for (size_t i = 0; i < seen.n; i++) {
        const struct slip_listed *e = seen.files[i];
        slip_buf_printf(&files, "%s%s", i ? " " : "", e->path);
        if (S_ISDIR(e->mode))
            slip_buf_putc(&files, '/');
        else
            slip_buf_printf(&files, "=%d@%u", (int)e->size, e->layer);
        assert_ptr_equal(slip_seen_find(&seen, e->path), e);
    }
    for (size_t i = 0; i < seen.nhidden; i++)
        slip_buf_printf(&hidden, "%s%s=%d%s by %u", i ? ", " : "", seen.hidden[i].file->path,
                        (int)seen.hidden[i].file->size, seen.hidden[i].removed ? " removed" : "",
                        seen.hidden[i].by);
    assert_string_equal(slip_buf_str(&files), row->seen);
    assert_string_equal(slip_buf_str(&hidden), row->hidden);
    for (size_t i = 0; i < LAYERS; i++)
        slip_listing_release(&layers[i]);
}

static void a_hard_link_has_the_content(void **state)
{
    static const struct row row = { .layers = { { { '0', "a", .body = "abc" },
                                                  { '1', "b", .link = "a" },
                                                  { '2', "l", .link = "/x" },
                                                  { 0 } } } };
    struct slip_listing layers[LAYERS] = { 0 };

    (void)state;
    read_layers(&row, layers);
    assert_string_equal(layers[0].v[0].content, layers[0].v[1].content);
    assert_string_equal(layers[0].v[0].content,
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_string_equal(layers[0].v[2].link, "/x");
    assert_int_equal(layers[0].bytes, 3);
    for (size_t i = 0; i < LAYERS; i++)
        slip_listing_release(&layers[i]);
}

static void texts_are_kept(void **state)
{
    static const char *const keep[] = { "db/", "status", NULL };
    static const struct raw list[] = { { '0', "./db/a", .body = "one" },
                                       { '0', "status", .body = "two" },
                                       { '0', "statusx", .body = "three" },
                                       { 0 } };
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_listing_release) struct slip_listing layer = SLIP_LISTING_INIT;
    slip_cleanup(slip_closep) int fd = layer_fd(list);

    (void)state;
    assert_int_equal(slip_listing_read(fd, 1 << 20, 0, keep, &layer, &err), 0);
    assert_string_equal(layer.v[0].text, "one");
    assert_string_equal(layer.v[1].text, "two");
    assert_null(layer.v[2].text);
}

static void names_outside_are_refused(void **state)
{
    static const struct raw list[] = { { '0', "a/../../b", .body = "one" }, { 0 } };
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_listing_release) struct slip_listing layer = SLIP_LISTING_INIT;
    slip_cleanup(slip_closep) int fd = layer_fd(list);

    (void)state;
    assert_int_equal(slip_listing_read(fd, 1 << 20, 0, NULL, &layer, &err), -1);
    assert_string_equal(err.msg, "the layer names 'a/../../b', which is outside of it");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hard_link_has_the_content),
        cmocka_unit_test(texts_are_kept),
        cmocka_unit_test(names_outside_are_refused),
    };

    return SLIP_RUN_ROWS("stack", rows, run_row) +
           cmocka_run_group_tests_name("listing", tests, NULL, NULL);
}
