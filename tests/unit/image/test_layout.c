#include "image/layout.h"

#include "sample.h"

static char *dir_of(struct sample *s)
{
    return slip_xasprintf("%s/app.oci", s->box->path);
}

static size_t count_blobs(struct sample *s, const char *dir)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_freep) char *blobs = slip_xasprintf("%s/blobs/sha256", dir);

    ASSERT_OK(s, slip_list_dir(AT_FDCWD, blobs, &names, &s->err));
    return names.n;
}

#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void what_is_written(void **state)
{
    struct sample *s = *state;
    struct slip_digest digest = sample_image(s, "x");
    slip_cleanup(slip_freep) char *dir = dir_of(s);
    slip_cleanup(slip_freep) char *index = slip_xasprintf("%s/index.json", dir);
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    struct stat before, after;
    char want[2048];

    ASSERT_OK(s, slip_layout_write(&s->store, &digest, NAMES("acme/app:1.0", "reg:5000/app"), dir,
                                   &s->err));
    ASSERT_OK(s, slip_read_file(AT_FDCWD, index, 1 << 20, &text, &s->err));
    slip_cleanup(slip_freep) char *blob = slip_xasprintf("%s/blobs/sha256/%s", dir, digest.hex);
    assert_int_equal(stat(blob, &after), 0);
    assert_int_equal(fstatat(s->store.blobs, digest.hex, &before, 0), 0);
    assert_int_equal(before.st_ino, after.st_ino); /* a hard link */
    snprintf(want, sizeof want,
             "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
             "\"manifests\":["
             "{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
             "\"digest\":\"sha256:%s\",\"size\":%lld,\"annotations\":{"
             "\"io.containerd.image.name\":\"docker.io/acme/app:1.0\","
             "\"org.opencontainers.image.ref.name\":\"1.0\"}},"
             "{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
             "\"digest\":\"sha256:%s\",\"size\":%lld,\"annotations\":{"
             "\"io.containerd.image.name\":\"reg:5000/app:latest\","
             "\"org.opencontainers.image.ref.name\":\"latest\"}}]}",
             digest.hex, (long long)after.st_size, digest.hex, (long long)after.st_size);
    assert_string_equal(text.data, want);
    assert_int_equal(count_blobs(s, dir), 4);
}

static void nothing_new_changes_nothing(void **state)
{
    struct sample *s = *state;
    struct slip_digest digest = sample_image(s, "x");
    slip_cleanup(slip_freep) char *dir = dir_of(s);
    slip_cleanup(slip_freep) char *index = slip_xasprintf("%s/index.json", dir);
    struct stat before, after;

    ASSERT_OK(s, slip_layout_write(&s->store, &digest, NAMES("app:1"), dir, &s->err));
    assert_int_equal(stat(index, &before), 0);
    ASSERT_OK(s, slip_layout_write(&s->store, &digest, NAMES("app:1"), dir, &s->err));
    assert_int_equal(stat(index, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    ASSERT_OK(s, slip_layout_write(&s->store, &digest, NAMES("app:2"), dir, &s->err));
    assert_int_equal(stat(index, &after), 0);
    assert_int_not_equal(before.st_ino, after.st_ino);
}

static void old_blobs_go(void **state)
{
    struct sample *s = *state;
    struct slip_digest a = sample_image(s, "a"), b = sample_image(s, "b");
    slip_cleanup(slip_freep) char *dir = dir_of(s);

    ASSERT_OK(s, slip_layout_write(&s->store, &a, NULL, dir, &s->err));
    slip_cleanup(slip_freep) char *litter = slip_xasprintf("%s/blobs/sha256/litter", dir);
    put_file(AT_FDCWD, litter, "x", 0644);
    ASSERT_OK(s, slip_layout_write(&s->store, &b, NULL, dir, &s->err));
    assert_int_equal(count_blobs(s, dir), 4); /* the base layer is shared */
    assert_int_equal(slip_blob_has(&s->store, &a, &s->err), 1);
}

static void a_blob_cut_off_is_replaced(void **state)
{
    struct sample *s = *state;
    struct slip_digest digest = sample_image(s, "x"), back;
    slip_cleanup(slip_freep) char *dir = dir_of(s);
    slip_cleanup(slip_freep) char *blob = slip_xasprintf("%s/blobs/sha256/%s", dir, digest.hex);

    ASSERT_OK(s, slip_layout_write(&s->store, &digest, NULL, dir, &s->err));
    assert_int_equal(unlink(blob), 0);
    put_file(AT_FDCWD, blob, "cut", 0644);
    ASSERT_OK(s, slip_layout_write(&s->store, &digest, NULL, dir, &s->err));
    ASSERT_OK(s, slip_layout_import(&s->store, dir, NULL, &back, &s->err));
}

static void other_directories_are_refused(void **state)
{
    struct sample *s = *state;
    struct slip_digest digest = sample_image(s, "x");
    slip_cleanup(slip_freep) char *dir = dir_of(s);
    slip_cleanup(slip_freep) char *file = slip_xasprintf("%s/precious", dir);

    assert_int_equal(mkdir(dir, 0755), 0);
    put_file(AT_FDCWD, file, "x", 0644);
    assert_int_equal(slip_layout_write(&s->store, &digest, NULL, dir, &s->err), -1);
    assert_non_null(strstr(s->err.msg, "is there and is no OCI layout"));
    assert_string_equal(s->err.hint, "name another directory, or remove this one");
    assert_int_equal(access(file, F_OK), 0);
    assert_int_equal(unlink(file), 0);
    ASSERT_OK(s, slip_layout_write(&s->store, &digest, NULL, dir, &s->err)); /* empty is fine */
}

static void there_and_back(void **state)
{
    struct sample *s = *state;
    struct slip_digest digest = sample_image(s, "x"), back;
    slip_cleanup(slip_store_close) struct slip_store other = SLIP_STORE_INIT;
    slip_cleanup(slip_image_release) struct slip_image image = SLIP_IMAGE_INIT;
    slip_cleanup(slip_freep) char *dir = dir_of(s);

    ASSERT_OK(s, slip_layout_write(&s->store, &digest, NAMES("app:1"), dir, &s->err));
    sample_other_store(s, &other);
    static const char *const tags[] = { NULL, "1", "app:1", "docker.io/library/app:1" };
    for (size_t i = 0; i < SLIP_ARRAY_LEN(tags); i++) {
        ASSERT_OK(s, slip_layout_import(&other, dir, tags[i], &back, &s->err));
        assert_string_equal(back.hex, digest.hex);
    }
    ASSERT_OK(s, slip_image_load(&other, &back, &image, &s->err));
    assert_int_equal(slip_blob_has(&other, &image.layers[1].digest, &s->err), 1);
    assert_int_equal(slip_layout_import(&other, dir, "2", &back, &s->err), -1);
    assert_non_null(strstr(s->err.msg, "has no image '2'"));
    assert_string_equal(s->err.hint, "it has: '1'");
}

static void several_images_need_a_tag(void **state)
{
    struct sample *s = *state;
    struct slip_digest a = sample_image(s, "a"), b = sample_image(s, "b"), back;
    slip_cleanup(slip_freep) char *dir = dir_of(s);
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s/index.json", dir);

    ASSERT_OK(s, slip_layout_write(&s->store, &a, NULL, dir, &s->err));
    slip_cleanup(slip_freep) char *index = slip_xasprintf(
        "{\"manifests\":[{\"digest\":\"sha256:%s\",\"size\":1,\"annotations\":{"
        "\"org.opencontainers.image.ref.name\":\"a\"}},{\"digest\":\"sha256:%s\",\"size\":1,"
        "\"annotations\":{\"org.opencontainers.image.ref.name\":\"b\"}}]}",
        a.hex, b.hex);
    assert_int_equal(unlink(path), 0);
    put_file(AT_FDCWD, path, index, 0644);
    assert_int_equal(slip_layout_import(&s->store, dir, NULL, &back, &s->err), -1);
    assert_non_null(strstr(s->err.msg, "has several images"));
    assert_string_equal(s->err.hint, "say which by its tag: 'a', 'b'");
    assert_int_equal(slip_layout_import(&s->store, dir, "a", &back, &s->err), -1);
    assert_non_null(strstr(s->err.msg, "bytes, not 1")); /* the descriptor's size counts */
}

static void wrong_bytes_are_refused(void **state)
{
    struct sample *s = *state;
    struct slip_digest digest = sample_image(s, "x"), back;
    slip_cleanup(slip_image_release) struct slip_image image = SLIP_IMAGE_INIT;
    slip_cleanup(slip_store_close) struct slip_store other = SLIP_STORE_INIT;
    slip_cleanup(slip_freep) char *dir = dir_of(s);
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    ASSERT_OK(s, slip_layout_write(&s->store, &digest, NULL, dir, &s->err));
    ASSERT_OK(s, slip_image_load(&s->store, &digest, &image, &s->err));
    slip_cleanup(slip_freep) char *blob =
        slip_xasprintf("%s/blobs/sha256/%s", dir, image.layers[1].digest.hex);
    ASSERT_OK(s, slip_read_file(AT_FDCWD, blob, 1 << 20, &text, &s->err));
    text.data[text.len / 2] ^= 1;
    ASSERT_OK(s, slip_write_file(AT_FDCWD, blob, text.data, text.len, 0644, false, &s->err));
    sample_other_store(s, &other);
    assert_int_equal(slip_layout_import(&other, dir, NULL, &back, &s->err), -1);
    assert_int_equal(s->err.code, SLIP_EINTEGRITY);
    assert_int_equal(unlink(blob), 0);
    assert_int_equal(slip_layout_import(&other, dir, NULL, &back, &s->err), -1);
    assert_non_null(strstr(s->err.msg, "is missing"));
    assert_int_equal(mkfifo(blob, 0600), 0); /* and nothing hangs */
    assert_int_equal(slip_layout_import(&other, dir, NULL, &back, &s->err), -1);
    assert_int_equal(s->err.code, SLIP_EINTEGRITY);
}

static void others_accept_it(void **state)
{
    struct sample *s = *state;
    struct slip_digest digest = sample_image(s, "x");
    slip_cleanup(slip_freep) char *dir = dir_of(s);
    slip_cleanup(slip_freep) char *oci = slip_xasprintf("oci:%s:1", dir);
    slip_cleanup(slip_freep) char *image = slip_xasprintf("%s:1", dir);
    slip_cleanup(slip_freep) char *bundle = slip_xasprintf("%s/bundle", s->box->path);
    slip_cleanup(slip_freep) char *file = slip_xasprintf("%s/rootfs/file-x", bundle);

    ASSERT_OK(s, slip_layout_write(&s->store, &digest, NAMES("app:1", "app:latest"), dir, &s->err));
    slip_cleanup(slip_freep) char *said = output_of(ARGV("skopeo", "inspect", oci));
    if (said)
        assert_non_null(strstr(said, digest.hex));
    slip_cleanup(slip_freep) char *unpacked =
        output_of(ARGV("umoci", "unpack", "--rootless", "--image", image, bundle));
    if (unpacked)
        assert_int_equal(access(file, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SAMPLE_TEST(what_is_written),
        SAMPLE_TEST(nothing_new_changes_nothing),
        SAMPLE_TEST(old_blobs_go),
        SAMPLE_TEST(a_blob_cut_off_is_replaced),
        SAMPLE_TEST(other_directories_are_refused),
        SAMPLE_TEST(there_and_back),
        SAMPLE_TEST(several_images_need_a_tag),
        SAMPLE_TEST(wrong_bytes_are_refused),
        SAMPLE_TEST(others_accept_it),
    };

    return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
