#include "image/archive.h"

#include "rawtar.h"
#include "sample.h"

#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static char *write_archive(struct sample *s, const struct slip_digest *digest,
                           const char *const *names, struct slip_buf *out)
{
    char *path = slip_xasprintf("%s/app.tar", s->box->path);

    ASSERT_OK(s, slip_image_archive_write(&s->store, digest, names, collect, out, &s->err));
    ASSERT_OK(s, slip_write_file(AT_FDCWD, path, out->data, out->len, 0644, false, &s->err));
    return path;
}

static void what_is_written(void **state)
{
    struct sample *s = *state;
    struct slip_digest digest = sample_image(s, "x");
    slip_cleanup(slip_image_release) struct slip_image image = SLIP_IMAGE_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf tar = SLIP_BUF_INIT, again = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *path = write_archive(s, &digest, NAMES("app:1", "a.b/c"), &tar);

    free(write_archive(s, &digest, NAMES("app:1", "a.b/c"), &again));
    assert_int_equal(tar.len, again.len);
    assert_memory_equal(tar.data, again.data, tar.len);
    ASSERT_OK(s, slip_image_load(&s->store, &digest, &image, &s->err));
    slip_cleanup(slip_freep) char *list = output_of(ARGV("tar", "-tf", path));
    slip_cleanup(slip_freep) char *want = slip_xasprintf(
        "oci-layout\nindex.json\nmanifest.json\nblobs/\nblobs/sha256/\nblobs/sha256/%s\n"
        "blobs/sha256/%s\nblobs/sha256/%s\nblobs/sha256/%s\n",
        image.layers[0].digest.hex, image.layers[1].digest.hex, image.config_digest.hex,
        digest.hex);
    if (list)
        assert_string_equal(list, want);
    slip_cleanup(slip_freep) char *json = output_of(ARGV("tar", "-xOf", path, "manifest.json"));
    slip_cleanup(slip_freep) char *json_want = slip_xasprintf(
        "[{\"Config\":\"blobs/sha256/%s\",\"RepoTags\":[\"app:1\",\"a.b/c:latest\"],"
        "\"Layers\":[\"blobs/sha256/%s\",\"blobs/sha256/%s\"]}]",
        image.config_digest.hex, image.layers[0].digest.hex, image.layers[1].digest.hex);
    if (json)
        assert_string_equal(json, json_want);
}

static void there_and_back(void **state)
{
    struct sample *s = *state;
    struct slip_digest digest = sample_image(s, "x"), back;
    slip_cleanup(slip_store_close) struct slip_store other = SLIP_STORE_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf tar = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *path = write_archive(s, &digest, NAMES("app:1"), &tar);

    sample_other_store(s, &other);
    static const char *const tags[] = { NULL, "1", "app:1" };
    for (size_t i = 0; i < SLIP_ARRAY_LEN(tags); i++) {
        ASSERT_OK(s, slip_image_archive_import(&other, path, tags[i], &back, &s->err));
        assert_string_equal(back.hex, digest.hex);
    }
    assert_int_equal(slip_image_archive_import(&other, path, "9", &back, &s->err), -1);
    assert_non_null(strstr(s->err.msg, "it has no image '9'"));
    assert_string_equal(s->err.hint, "it has: '1'");
}

static void others_accept_it(void **state)
{
    struct sample *s = *state;
    struct slip_digest digest = sample_image(s, "x");
    slip_cleanup(slip_buf_release) struct slip_buf tar = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *path = write_archive(s, &digest, NAMES("app:1"), &tar);
    slip_cleanup(slip_freep) char *oci = slip_xasprintf("oci-archive:%s:1", path);
    slip_cleanup(slip_freep) char *docker = slip_xasprintf("docker-archive:%s", path);

    slip_cleanup(slip_freep) char *said = output_of(ARGV("skopeo", "inspect", oci));
    if (said)
        assert_non_null(strstr(said, digest.hex));
    slip_cleanup(slip_freep) char *docker_said = output_of(ARGV("skopeo", "inspect", docker));
    if (docker_said) {
        assert_non_null(strstr(docker_said, "\"Architecture\": \"amd64\""));
        assert_non_null(strstr(docker_said, "2023-11-14T22:13:20Z"));
    }
}

/* What `docker save` wrote before it knew of OCI: layers as <id>/layer.tar, one of them a link. */
static char *write_saved(struct sample *s, const char *lie, struct slip_digest *ret_config)
{
    slip_cleanup(slip_buf_release) struct slip_buf a = SLIP_BUF_INIT, b = SLIP_BUF_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf tar = SLIP_BUF_INIT;
    struct slip_digest id_a, id_b;
    char *path = slip_xasprintf("%s/saved.tar", s->box->path);

    raw_add(&a, &(struct raw){ '0', "a", .body = "first" });
    raw_end(&a);
    raw_add(&b, &(struct raw){ '0', "b", .body = "second" });
    raw_end(&b);
    slip_digest_of(a.data, a.len, &id_a);
    slip_digest_of(b.data, b.len, &id_b);
    /* Odd spacing, to see that it is kept. */
    slip_cleanup(slip_freep) char *config =
        slip_xasprintf("{ \"os\":\"linux\",  "
                       "\"rootfs\":{\"diff_ids\":[\"sha256:%s\",\"sha256:%s\",\"sha256:%s\"]}}",
                       id_a.hex, lie ? lie : id_b.hex, id_a.hex);
    slip_digest_of(config, strlen(config), ret_config);
    slip_cleanup(slip_freep) char *config_name = slip_xasprintf("%s.json", ret_config->hex);
    slip_cleanup(slip_freep) char *list =
        slip_xasprintf("[{\"Config\":\"%s\",\"RepoTags\":[\"app:1\"],\"Layers\":[\"one/layer.tar\","
                       "\"two/layer.tar\",\"three/layer.tar\"]}]",
                       config_name);
    raw_add(&tar, &(struct raw){ '5', "one/" });
    raw_add(&tar, &(struct raw){ '0', "one/VERSION", .body = "1.0" });
    raw_add(&tar, &(struct raw){ '0', "one/json", .body = "{}" });
    raw_add(&tar, &(struct raw){ '0', "one/layer.tar", .body = a.data, .len = a.len });
    raw_add(&tar, &(struct raw){ '0', "two/layer.tar", .body = b.data, .len = b.len });
    raw_add(&tar, &(struct raw){ '2', "three/layer.tar", "../one/layer.tar" });
    raw_add(&tar, &(struct raw){ '0', config_name, .body = config });
    raw_add(&tar, &(struct raw){ '0', "manifest.json", .body = list });
    raw_add(&tar, &(struct raw){ '0', "repositories", .body = "{}" });
    raw_end(&tar);
    ASSERT_OK(s, slip_write_file(AT_FDCWD, path, tar.data, tar.len, 0644, false, &s->err));
    return path;
}

static void docker_save_is_read(void **state)
{
    struct sample *s = *state;
    slip_cleanup(slip_image_release) struct slip_image image = SLIP_IMAGE_INIT;
    struct slip_digest config, digest, again;
    slip_cleanup(slip_freep) char *path = write_saved(s, NULL, &config);

    ASSERT_OK(s, slip_image_archive_import(&s->store, path, "app:1", &digest, &s->err));
    ASSERT_OK(s, slip_image_archive_import(&s->store, path, NULL, &again, &s->err));
    assert_string_equal(digest.hex, again.hex);
    ASSERT_OK(s, slip_image_load(&s->store, &digest, &image, &s->err));
    assert_string_equal(image.config_digest.hex, config.hex);
    assert_int_equal(image.nlayers, 3);
    assert_string_equal(image.layers[0].media_type, "application/vnd.oci.image.layer.v1.tar");
    assert_string_equal(image.layers[0].digest.hex, image.layers[0].diff_id.hex);
    assert_string_equal(image.layers[2].digest.hex, image.layers[0].digest.hex);
    assert_int_equal(slip_image_archive_import(&s->store, path, "app:2", &digest, &s->err), -1);
    assert_string_equal(s->err.hint, "it has: 'app:1'");
}

static void a_layer_that_lies_is_refused(void **state)
{
    struct sample *s = *state;
    struct slip_digest config, digest;
    char lie[65];

    memset(lie, 'b', 64);
    lie[64] = '\0';
    slip_cleanup(slip_freep) char *path = write_saved(s, lie, &config);
    assert_int_equal(slip_image_archive_import(&s->store, path, NULL, &digest, &s->err), -1);
    assert_int_equal(s->err.code, SLIP_EINTEGRITY);
    assert_non_null(strstr(s->err.msg, "the configuration says sha256:bbb"));
}

/* Small archives with something wrong, and what is said. */
static const struct row {
    const char *name;
    struct raw entries[4];
    const char *error;
} rows[] = {
    { "no image at all", { { '0', "readme.txt", .body = "x" } }, "it has no manifest.json" },
    { "a blob that is not what it is called",
      { { '0', "blobs/sha256/0000000000000000000000000000000000000000000000000000000000000000",
          .body = "x" } },
      "sha256:" },
    { "a list of nothing", { { '0', "manifest.json", .body = "[]" } }, "it has no image" },
    { "a configuration that is not there",
      { { '0', "manifest.json", .body = "[{\"Config\":\"x.json\",\"Layers\":[]}]" } },
      "configuration 'x.json' is missing" },
    { "a layer that is not there",
      { { '0', "manifest.json", .body = "[{\"Config\":\"x.json\",\"Layers\":[\"../../etc\"]}]" },
        { '0', "x.json", .body = "{\"rootfs\":{\"diff_ids\":[\"sha256:0\"]}}" } },
      "layer '../../etc' is missing" },
    { "links that go round",
      { { '0', "manifest.json", .body = "[{\"Config\":\"a\",\"Layers\":[]}]" },
        { '2', "a", "b" },
        { '2', "b", "a" } },
      "configuration 'a' is missing" },
    { "a device", { { '3', "x", .device = "13" } }, "something that is no file" },
    { "an index that needs what is not there",
      { { '0', "index.json",
          .body = "{\"manifests\":[{\"size\":1,\"digest\":\"sha256:"
                  "0000000000000000000000000000000000000000000000000000000000000000\"}]}" } },
      "0000" },
};

static void wrong_archives(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_buf_release) struct slip_buf tar = SLIP_BUF_INIT;
    struct slip_digest digest;
    void *sample = NULL;

    assert_int_equal(sample_begin(&sample), 0);
    struct sample *s = sample;
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s/x.tar", s->box->path);
    for (const struct raw *e = row->entries; e->type; e++)
        raw_add(&tar, e);
    raw_end(&tar);
    ASSERT_OK(s, slip_write_file(AT_FDCWD, path, tar.data, tar.len, 0644, false, &s->err));
    assert_int_equal(slip_image_archive_import(&s->store, path, NULL, &digest, &s->err), -1);
    if (!strstr(s->err.msg, row->error))
        fail_msg("'%s' is not in '%s'", row->error, s->err.msg);
    sample_end(&sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SAMPLE_TEST(what_is_written),
        SAMPLE_TEST(there_and_back),
        SAMPLE_TEST(others_accept_it),
        SAMPLE_TEST(docker_save_is_read),
        SAMPLE_TEST(a_layer_that_lies_is_refused),
    };

    return SLIP_RUN_ROWS("wrong archives", rows, wrong_archives) +
           cmocka_run_group_tests_name("image archive", tests, NULL, NULL);
}
