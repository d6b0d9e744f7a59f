#include "image/image.h"

#include "image/descriptor.h"
#include "sample.h"

#define GZIP_TYPE "application/vnd.oci.image.layer.v1.tar+gzip"

static void documents_are_what_they_were(void **state)
{
    struct sample *s = *state;
    slip_cleanup(slip_image_release) struct slip_image image = SLIP_IMAGE_INIT;
    slip_cleanup(slip_json_decrefp) json_t *notes = json_pack("{s:s}", "a.b", "c");
    slip_cleanup(slip_json_decrefp) json_t *config = json_pack("{s:[s]}", "Cmd", "x");
    struct slip_image_layer layer = { .size = 5 };
    struct slip_digest digest, again;
    char want[1024];

    slip_digest_of("blob", 4, &layer.digest);
    slip_digest_of("tar", 3, &layer.diff_id);
    const struct slip_image_spec spec = { .layers = &layer,
                                          .nlayers = 1,
                                          .config = config,
                                          .architecture = "arm",
                                          .variant = "v7",
                                          .created = 1700000000,
                                          .annotations = notes };
    ASSERT_OK(s, slip_image_store(&s->store, &spec, &digest, &s->err));
    ASSERT_OK(s, slip_image_store(&s->store, &spec, &again, &s->err));
    assert_string_equal(digest.hex, again.hex);
    ASSERT_OK(s, slip_image_load(&s->store, &digest, &image, &s->err));
    snprintf(want, sizeof want,
             "{\"created\":\"2023-11-14T22:13:20Z\",\"architecture\":\"arm\",\"variant\":\"v7\","
             "\"os\":\"linux\",\"config\":{\"Cmd\":[\"x\"]},\"rootfs\":{\"type\":\"layers\","
             "\"diff_ids\":[\"sha256:%s\"]}}",
             layer.diff_id.hex);
    assert_string_equal(image.config_text, want);
    snprintf(want, sizeof want,
             "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
             "\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\","
             "\"digest\":\"sha256:%s\",\"size\":%zu},\"layers\":[{\"mediaType\":\"" GZIP_TYPE "\","
             "\"digest\":\"sha256:%s\",\"size\":5}],\"annotations\":{\"a.b\":\"c\"}}",
             image.config_digest.hex, strlen(image.config_text), layer.digest.hex);
    assert_string_equal(image.manifest_text, want);
    assert_int_equal(image.nlayers, 1);
    assert_string_equal(image.layers[0].diff_id.hex, layer.diff_id.hex);
    assert_string_equal(image.layers[0].media_type, GZIP_TYPE);
}

/* Documents that are wrong, and what is said about them. %C is the digest of a configuration with
 * one layer. */
static const struct row {
    const char *name, *manifest, *error;
} rows[] = {
    { "no JSON", "{", "not valid JSON" },
    { "neither", "{\"schemaVersion\":2}", "neither an image manifest nor an index" },
    { "both (CVE-2021-41190)", "{\"manifests\":[],\"layers\":[]}",
      "an index and a manifest at once" },
    { "a type that lies",
      "{\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"layers\":[]}",
      "is not what it holds" },
    { "an unknown type", "{\"mediaType\":\"text/plain\",\"layers\":[]}", "is not what it holds" },
    { "a digest that is none", "{\"layers\":[],\"config\":{\"digest\":\"sha256:../x\",\"size\":1}}",
      "is not a sha256 digest" },
    { "a negative size", "{\"layers\":[],\"config\":{\"digest\":\"sha256:%C\",\"size\":-1}}",
      "'size' is not a size" },
    { "a wrong size", "{\"layers\":[],\"config\":{\"digest\":\"sha256:%C\",\"size\":1}}",
      "bytes, not 1" },
    { "layers missing", "{\"layers\":[],\"config\":{\"digest\":\"sha256:%C\",\"size\":%S}}",
      "the manifest has 0 layers, the configuration 1 diff_ids" },
    { "other platforms only",
      "{\"manifests\":[{\"digest\":\"sha256:%C\",\"size\":1,\"platform\":{\"os\":\"plan9\","
      "\"architecture\":\"mips\"}}]}",
      "is not made for linux/" },
};

static char *with_config(const char *text, const struct slip_digest *config, size_t size)
{
    struct slip_buf out = SLIP_BUF_INIT;

    for (; *text; text++) {
        if (strncmp(text, "%C", 2) == 0)
            slip_buf_puts(&out, config->hex), text++;
        else if (strncmp(text, "%S", 2) == 0)
            slip_buf_printf(&out, "%zu", size), text++;
        else
            slip_buf_putc(&out, *text);
    }
    return slip_buf_take(&out);
}

static void wrong_documents(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_image_release) struct slip_image image = SLIP_IMAGE_INIT;
    const char *config = "{\"rootfs\":{\"diff_ids\":[\"sha256:00\"]}}";
    struct slip_digest config_digest, digest;
    void *sample = NULL;

    assert_int_equal(sample_begin(&sample), 0);
    struct sample *s = sample;
    ASSERT_OK(s, slip_blob_put(&s->store, config, strlen(config), &config_digest, &s->err));
    slip_cleanup(slip_freep) char *text =
        with_config(row->manifest, &config_digest, strlen(config));
    ASSERT_OK(s, slip_blob_put(&s->store, text, strlen(text), &digest, &s->err));
    assert_int_equal(slip_image_load(&s->store, &digest, &image, &s->err), -1);
    if (!strstr(s->err.msg, row->error))
        fail_msg("'%s' is not in '%s'", row->error, s->err.msg);
    sample_end(&sample);
}

static void an_index_gives_this_platform(void **state)
{
    struct sample *s = *state;
    slip_cleanup(slip_image_release) struct slip_image image = SLIP_IMAGE_INIT;
    struct slip_digest ours = sample_image(s, "ours"), other = sample_image(s, "other"), digest;
    const char *variant, *arch = slip_this_architecture(&variant);

    slip_cleanup(slip_freep) char *text =
        slip_xasprintf("{\"manifests\":["
                       "{\"digest\":\"sha256:%s\",\"size\":1,\"platform\":{\"os\":\"unknown\","
                       "\"architecture\":\"unknown\"}},"
                       "{\"digest\":\"sha256:%s\",\"size\":1,\"platform\":{\"os\":\"windows\","
                       "\"architecture\":\"%s\"}},"
                       "{\"digest\":\"sha256:%s\",\"size\":1,\"platform\":{\"os\":\"linux\","
                       "\"architecture\":\"%s\"}}]}",
                       other.hex, other.hex, arch, ours.hex, arch);
    ASSERT_OK(s, slip_blob_put(&s->store, text, strlen(text), &digest, &s->err));
    ASSERT_OK(s, slip_image_load(&s->store, &digest, &image, &s->err));
    assert_string_equal(image.manifest_digest.hex, ours.hex);
}

static void docker_types_are_understood(void **state)
{
    struct sample *s = *state;
    slip_cleanup(slip_image_release) struct slip_image image = SLIP_IMAGE_INIT,
                                                       again = SLIP_IMAGE_INIT;
    struct slip_digest config, digest;
    char hex[65];

    memset(hex, 'a', 64);
    hex[64] = '\0';
    slip_cleanup(slip_freep) char *text =
        slip_xasprintf("{\"rootfs\":{\"diff_ids\":[\"sha256:%s\"]}}", hex);
    ASSERT_OK(s, slip_blob_put(&s->store, text, strlen(text), &config, &s->err));
    slip_cleanup(slip_freep) char *manifest = slip_xasprintf(
        "{\"schemaVersion\":2,\"mediaType\":\"application/"
        "vnd.docker.distribution.manifest.v2+json\","
        "\"config\":{\"digest\":\"sha256:%s\",\"size\":%zu},\"layers\":[{\"mediaType\":"
        "\"application/vnd.docker.image.rootfs.diff.tar.gzip\",\"digest\":\"sha256:%s\","
        "\"size\":7}]}",
        config.hex, strlen(text), hex);
    ASSERT_OK(s, slip_blob_put(&s->store, manifest, strlen(manifest), &digest, &s->err));
    ASSERT_OK(s, slip_image_load(&s->store, &digest, &image, &s->err));
    assert_string_equal(image.manifest_text, manifest);
    assert_string_equal(image.layers[0].media_type,
                        "application/vnd.docker.image.rootfs.diff.tar.gzip");
    /* An image that stands on it is an OCI image all through. */
    const struct slip_image_spec spec = { .layers = image.layers, .nlayers = 1 };
    ASSERT_OK(s, slip_image_store(&s->store, &spec, &digest, &s->err));
    ASSERT_OK(s, slip_image_load(&s->store, &digest, &again, &s->err));
    assert_string_equal(again.layers[0].media_type, GZIP_TYPE);
}

static void damaged_bytes_are_refused(void **state)
{
    struct sample *s = *state;
    slip_cleanup(slip_image_release) struct slip_image image = SLIP_IMAGE_INIT;
    struct slip_digest digest = sample_image(s, "x");
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    ASSERT_OK(s, slip_read_file(s->store.blobs, digest.hex, 1 << 20, &text, &s->err));
    *strstr(text.data, "schema") = 'S';
    assert_int_equal(unlinkat(s->store.blobs, digest.hex, 0), 0);
    put_file(s->store.blobs, digest.hex, text.data, 0444);
    assert_int_equal(slip_image_load(&s->store, &digest, &image, &s->err), -1);
    assert_int_equal(s->err.code, SLIP_EINTEGRITY);
    assert_non_null(strstr(s->err.msg, "holds other bytes than its name says"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SAMPLE_TEST(documents_are_what_they_were),
        SAMPLE_TEST(an_index_gives_this_platform),
        SAMPLE_TEST(docker_types_are_understood),
        SAMPLE_TEST(damaged_bytes_are_refused),
    };

    return SLIP_RUN_ROWS("wrong documents", rows, wrong_documents) +
           cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
