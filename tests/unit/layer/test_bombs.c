/* Archives that are small and want much: memory, disk, time. */
#include "layer/apply.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "archive/pack.h"
#include "rawtar.h"
#include "sandbox.h"
#include "util/str.h"

static struct slip_apply_options options_for(bool overlay)
{
    return (struct slip_apply_options){ .overlay = overlay,
                                        .userxattr = true,
                                        .emulated = geteuid() != 0 };
}

static void refused(struct sandbox *s, const struct slip_buf *tar, const char *why)
{
    const struct slip_apply_options options = options_for(true);
    slip_cleanup(slip_closep) int root = sandbox_dir(s, "root");
    slip_cleanup(slip_closep) int fd = file_of(s, tar->data, tar->len);
    struct slip_digest diff_id;

    assert_int_equal(slip_apply(fd, root, &options, &diff_id, &s->err), -1);
    if (!strstr(s->err.msg, why))
        fail_msg("'%s' is not in '%s'", why, s->err.msg);
}

/* A block of zeros as a gzip member, again and again: more than the packer could be waited for. */
static void add_zeros(struct slip_buf *out, enum slip_compression compression, size_t blocks)
{
    static const char zeros[SLIP_PACK_BLOCK];
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf one = SLIP_BUF_INIT;
    slip_cleanup(slip_packer_freep) struct slip_packer *p =
        slip_packer_open(compression, 0, 1, collect, &one, &err);
    struct slip_packed packed;

    assert_int_equal(slip_packer_write(p, zeros, sizeof zeros, &err), 0);
    assert_int_equal(slip_packer_finish(p, &packed, &err), 0);
    for (size_t i = 0; i < blocks; i++)
        slip_buf_put(out, one.data, one.len);
}

/* Rows 84: 10 GB behind the end mark, where nothing of it is written, but all has to be hashed. */
static void much_of_nothing(void **state)
{
    struct sandbox *s = *state;
    static const enum slip_compression kinds[] = { SLIP_GZIP, SLIP_ZSTD };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(kinds); i++) {
        slip_cleanup(slip_buf_release) struct slip_buf tar = SLIP_BUF_INIT;
        add_zeros(&tar, kinds[i], 10000);
        refused(s, &tar, "unpacks to more than 200 times its size");
        slip_error_release(&s->err);
    }
}

static void a_window_of_two_gigabytes(void **state)
{
    struct sandbox *s = *state;
    /* A frame header that asks for a window of 2^31, and an empty last block. */
    const char frame[] = "\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00";
    const struct slip_buf tar = { (char *)(uintptr_t)frame, sizeof frame - 1, 0 };

    refused(*state, &tar, "too much memory");
    (void)s;
}

static void a_million_empty_files(void **state)
{
    struct sandbox *s = *state;
    struct slip_apply_options options = options_for(true);
    slip_cleanup(slip_buf_release) struct slip_buf tar = SLIP_BUF_INIT;
    slip_cleanup(slip_closep) int root = sandbox_dir(s, "root");
    char name[16];

    options.max_entries = 1000; /* the default is two million, which a test cannot wait for */
    for (int i = 0; i <= 1000; i++) {
        snprintf(name, sizeof name, "%d", i);
        raw_add(&tar, &(struct raw){ '0', name });
    }
    slip_cleanup(slip_closep) int fd = file_of(s, tar.data, tar.len);
    assert_int_equal(slip_apply(fd, root, &options, NULL, &s->err), -1);
    assert_string_equal(s->err.msg, "the archive has more than 1000 entries");
}

static void directories_that_names_imply(void **state)
{
    struct sandbox *s = *state;
    struct slip_apply_options options = options_for(true);
    slip_cleanup(slip_buf_release) struct slip_buf tar = SLIP_BUF_INIT, name = SLIP_BUF_INIT;
    slip_cleanup(slip_closep) int root = sandbox_dir(s, "root");

    options.max_entries = 1000;
    for (int i = 0; i < 10; i++) {
        slip_buf_clear(&name);
        slip_buf_printf(&name, "%d", i);
        for (int depth = 0; depth < 200; depth++)
            slip_buf_puts(&name, "/d");
        raw_add(&tar, &(struct raw){ 'L', "l", .body = name.data });
        raw_add(&tar, &(struct raw){ '0', "x" });
    }
    slip_cleanup(slip_closep) int fd = file_of(s, tar.data, tar.len);
    assert_int_equal(slip_apply(fd, root, &options, NULL, &s->err), -1);
    assert_string_equal(s->err.msg, "the archive has more than 1000 entries");
}

/* Directories are remembered until the end, which is not free either. */
static void many_long_names(void **state)
{
    struct sandbox *s = *state;
    const struct slip_apply_options options = options_for(true);
    slip_cleanup(slip_buf_release) struct slip_buf tar = SLIP_BUF_INIT, name = SLIP_BUF_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf packed = SLIP_BUF_INIT;
    slip_cleanup(slip_closep) int root = sandbox_dir(s, "root");
    slip_cleanup(slip_packer_freep) struct slip_packer *p =
        slip_packer_open(SLIP_GZIP, 1, 1, collect, &packed, &s->err);
    struct slip_packed sum;

    for (int i = 0; i < 4000; i++)
        slip_buf_puts(&name, i % 200 ? "d" : "/");
    raw_add(&tar, &(struct raw){ 'L', "l", .body = name.data });
    raw_add(&tar, &(struct raw){ '5', "x" });
    for (int i = 0; i < 70000; i++)
        ASSERT_OK(s, slip_packer_write(p, tar.data, tar.len, &s->err));
    ASSERT_OK(s, slip_packer_finish(p, &sum, &s->err));
    slip_cleanup(slip_closep) int fd = file_of(s, packed.data, packed.len);
    assert_int_equal(slip_apply(fd, root, &options, NULL, &s->err), -1);
    if (!strstr(s->err.msg, "too many long names"))
        fail_msg("%s", s->err.msg);
}

/* Row 81 */
static void forty_large_attributes(void **state)
{
    struct sandbox *s = *state;
    slip_cleanup(slip_buf_release) struct slip_buf tar = SLIP_BUF_INIT, pax = SLIP_BUF_INIT;

    for (int i = 0; i < 40; i++) {
        size_t at = pax.len;
        slip_buf_printf(&pax, "60025 SCHILY.xattr.user.%02d=", i);
        while (pax.len < at + 60024)
            slip_buf_putc(&pax, 'x');
        slip_buf_putc(&pax, '\n');
    }
    raw_add(&tar, &(struct raw){ 'x', "p", .body = pax.data, .len = pax.len });
    raw_add(&tar, &(struct raw){ '0', "x" });
    refused(s, &tar, "larger than the limit");
    slip_error_release(&s->err);
    slip_buf_clear(&tar);
    slip_buf_clear(&pax);
    slip_buf_printf(&pax, "65570 SCHILY.xattr.user.large=");
    while (pax.len < 65569)
        slip_buf_putc(&pax, 'x');
    slip_buf_putc(&pax, '\n');
    raw_add(&tar, &(struct raw){ 'x', "p", .body = pax.data, .len = pax.len });
    raw_add(&tar, &(struct raw){ '0', "x" });
    refused(s, &tar, "'user.large' is too large");
}

/* Row 86: what looks at everything in a directory must not do so for every entry. Squares of these
 * counts take hours. */
static void marks_upon_marks(void **state)
{
    struct sandbox *s = *state;
    slip_cleanup(slip_buf_release) struct slip_buf tar = SLIP_BUF_INIT;
    const int n = 20000;
    char name[64];

    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, "d/%s%d", i % 2 ? ".wh." : "", i);
        raw_add(&tar, &(struct raw){ '0', name });
    }
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, "l%d", i);
        raw_add(&tar, &(struct raw){ '2', name, "d" });
        snprintf(name, sizeof name, "l%d/.wh..wh..opq", i);
        raw_add(&tar, &(struct raw){ '0', name });
        raw_add(&tar, &(struct raw){ '0', ".wh.d" });
    }
    raw_end(&tar);
    for (int overlay = 0; overlay < 2; overlay++) {
        const struct slip_apply_options options = options_for(overlay);
        slip_cleanup(slip_closep) int root = sandbox_dir(s, overlay ? "overlay" : "plain");
        slip_cleanup(slip_closep) int fd = file_of(s, tar.data, tar.len);
        alarm(60);
        ASSERT_OK(s, slip_apply(fd, root, &options, NULL, &s->err));
        alarm(0);
    }
}

struct attack {
    int root;
    atomic_bool over;
};

/* Swaps a directory for a link out of the root, as fast as it can. */
static void *attacker(void *arg)
{
    struct attack *a = arg;

    while (!atomic_load(&a->over))
        (void)renameat2(a->root, "d", a->root, "l", RENAME_EXCHANGE);
    return NULL;
}

/* Row 87 */
static void somebody_renames_meanwhile(void **state)
{
    struct sandbox *s = *state;
    slip_cleanup(slip_buf_release) struct slip_buf tar = SLIP_BUF_INIT;
    slip_cleanup(slip_closep) int outside = sandbox_dir(s, "outside");
    slip_cleanup(slip_closep) int root = sandbox_dir(s, "root");
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    struct attack attack = { .root = root };
    struct stat before, after;
    pthread_t thread;
    char name[32];

    assert_int_equal(mkdirat(root, "d", 0755), 0);
    assert_int_equal(symlinkat("../outside", root, "l"), 0);
    put_file(outside, "victim", "untouched", 0600);
    assert_int_equal(mkfifoat(outside, "pipe", 0600), 0);
    assert_int_equal(fstatat(outside, "victim", &before, 0), 0);
    raw_add(&tar, &(struct raw){ '5', "d", .mode = 0777 });
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "d/%d", i % 50);
        raw_add(&tar, &(struct raw){ '0', name, .body = "pwn" });
        raw_add(&tar, &(struct raw){ '6', "d/pipe", .mode = 0777 });
        raw_add(&tar, &(struct raw){ '0', "d/victim", .mode = 04777, .body = "pwn" });
        raw_add(&tar, &(struct raw){ '0', "d/.wh.victim" });
        raw_add(&tar, &(struct raw){ '1', "h", "d/victim" });
    }
    raw_end(&tar);
    assert_int_equal(pthread_create(&thread, NULL, attacker, &attack), 0);
    for (int i = 0; i < 20; i++) { /* to lose the race is no failure of either */
        const struct slip_apply_options options = options_for(i % 2);
        slip_cleanup(slip_closep) int fd = file_of(s, tar.data, tar.len);
        (void)slip_apply(fd, root, &options, NULL, &s->err);
        slip_error_release(&s->err);
    }
    atomic_store(&attack.over, true);
    pthread_join(thread, NULL);
    assert_int_equal(fstatat(outside, "victim", &after, 0), 0);
    assert_int_equal(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
    assert_int_equal(before.st_ctim.tv_sec, after.st_ctim.tv_sec);
    assert_int_equal(fstatat(outside, "pipe", &after, 0), 0);
    assert_int_equal(after.st_mode, S_IFIFO | 0600);
    ASSERT_OK(s, slip_list_dir(outside, ".", &names, &s->err));
    assert_int_equal(names.n, 2);
}

/* A layer comes through a pipe from somebody who must be able to write all of it. */
static void a_pipe_is_read_to_its_end(void **state)
{
    struct sandbox *s = *state;
    const struct slip_apply_options options = options_for(true);
    slip_cleanup(slip_buf_release) struct slip_buf tar = SLIP_BUF_INIT, body = SLIP_BUF_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf packed = SLIP_BUF_INIT;
    slip_cleanup(slip_closep) int root = sandbox_dir(s, "root");
    struct slip_digest is, want;
    struct slip_packed sum;
    int ends[2], status;

    for (unsigned i = 0; body.len < 5 << 20; i++)
        slip_buf_printf(&body, "%u bottles, ", i * 2654435761u);
    raw_add(&tar, &(struct raw){ '0', "x", .body = body.data, .len = body.len });
    raw_end(&tar);
    slip_buf_puts(&tar, "behind the end mark");
    slip_digest_of(tar.data, tar.len, &want);
    slip_cleanup(slip_packer_freep) struct slip_packer *p =
        slip_packer_open(SLIP_GZIP, 0, 1, collect, &packed, &s->err);
    ASSERT_OK(s, slip_packer_write(p, tar.data, tar.len, &s->err));
    ASSERT_OK(s, slip_packer_finish(p, &sum, &s->err));
    slip_buf_clear(&body); /* behind the gzip members */
    for (int i = 0; i < 3 << 20; i++)
        slip_buf_putc(&packed, 'x');
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t writer = fork();
    if (writer == 0) {
        close(ends[0]);
        _exit(slip_write_all(ends[1], packed.data, packed.len) < 0);
    }
    close(ends[1]);
    ASSERT_OK(s, slip_apply(ends[0], root, &options, &is, &s->err));
    close(ends[0]);
    assert_int_equal(waitpid(writer, &status, 0), writer);
    assert_int_equal(status, 0);
    assert_string_equal(is.hex, want.hex);
}

/* Whatever way GNU tar tells of holes, they become holes. */
static void holes_stay_holes(void **state)
{
    struct sandbox *s = *state;
    static const char *const formats[] = { "--format=gnu", "--sparse-version=0.0",
                                           "--sparse-version=0.1", "--sparse-version=1.0" };
    const struct slip_apply_options options = options_for(true);
    slip_cleanup(slip_closep) int from = sandbox_dir(s, "from");
    slip_cleanup(slip_closep) int fd = openat(from, "holes", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    slip_cleanup(slip_freep) char *dir = slip_xasprintf("%s/from", s->path);
    slip_cleanup(slip_freep) char *archive = slip_xasprintf("%s/tar", s->path);
    struct slip_digest want, is;
    struct stat st, was;

    if (!slip_proc_have("tar"))
        skip();
    for (int i = 0; i < 60; i++) /* more pieces than one header holds */
        assert_int_equal(pwrite(fd, "data", 4, (off_t)i * 1000000 + 5), 4);
    assert_int_equal(ftruncate(fd, 100000000), 0);
    assert_int_equal(fstat(fd, &was), 0);
    if (was.st_blocks * 512 > 50000000)
        skip(); /* a file system that has none */
    ASSERT_OK(s, slip_digest_of_fd(fd, &want, NULL, &s->err));
    for (size_t i = 0; i < SLIP_ARRAY_LEN(formats); i++) {
        slip_cleanup(slip_buf_release) struct slip_buf said = SLIP_BUF_INIT;
        slip_cleanup(slip_closep) int root = sandbox_dir(s, "root");
        run(ARGV("tar", "--sparse", i ? "--format=posix" : "--format=gnu", formats[i], "-C", dir,
                 "-cf", archive, "holes"),
            &said);
        slip_cleanup(slip_closep) int tar = open(archive, O_RDONLY | O_CLOEXEC);
        ASSERT_OK(s, slip_apply(tar, root, &options, NULL, &s->err));
        slip_cleanup(slip_closep) int made = openat(root, "holes", O_RDONLY | O_CLOEXEC);
        assert_int_equal(fstat(made, &st), 0);
        assert_int_equal(st.st_size, was.st_size);
        assert_true(st.st_blocks <= was.st_blocks + 64);
        ASSERT_OK(s, slip_digest_of_fd(made, &is, NULL, &s->err));
        assert_string_equal(is.hex, want.hex);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, sandbox_begin, sandbox_end)
    const struct CMUnitTest tests[] = {
        TEST(much_of_nothing),           TEST(a_window_of_two_gigabytes),
        TEST(a_million_empty_files),     TEST(directories_that_names_imply),
        TEST(many_long_names),           TEST(forty_large_attributes),
        TEST(marks_upon_marks),          TEST(somebody_renames_meanwhile),
        TEST(a_pipe_is_read_to_its_end), TEST(holes_stay_holes),
    };

    return cmocka_run_group_tests_name("bombs", tests, NULL, NULL);
}
